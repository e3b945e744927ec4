/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/packs/packs.h"

#include <string.h>

#include "sync/packs/packs_data.h"

static const struct {
    const char *name;
    const struct bytes *text;
} packs[] = {
    {"mekong", &packs_data_mekong},
};

const struct bytes *
pack_text(const char *name)
{
    for (size_t i = 0; i < sizeof(packs) / sizeof(packs[0]); i++) {
        if (strcmp(packs[i].name, name) == 0) {
            return packs[i].text;
        }
    }
    return NULL;
}

const struct bytes *
pack_dictionary(uint32_t id)
{
    return id == PACK_DICTIONARY_MEKONG ? &packs_data_dictionary_1 : NULL;
}
