/* SPDX-License-Identifier: Apache-2.0 */
/* What the build makes of the files of this folder, for packs.c only. */
#ifndef CORRIDOR_SYNC_PACKS_PACKS_DATA_H
#define CORRIDOR_SYNC_PACKS_PACKS_DATA_H

#include "crypto/base/bytes.h"

extern const struct bytes packs_data_mekong;
extern const struct bytes packs_data_dictionary_1;

#endif
