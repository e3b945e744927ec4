/* SPDX-License-Identifier: Apache-2.0 */
/* What verifying a batch and its encoding share. */
#ifndef CORRIDOR_SYNC_MODEL_LOG_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_LOG_INTERNAL_H

#include "sync/model/log.h"

/* Do its counts and sizes agree with one another? ERR_MALFORMED if not. */
enum err batch_check(const struct batch *batch) MUST_USE;

#endif
