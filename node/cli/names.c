/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/names.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"

enum { SLOTS_MIN = 256 };

struct name_slot {
    uint64_t hash[2]; /* of the name */
    struct record_id id;
    uint8_t kind; /* index + 1; 0: free */
};

static void
hash_name(uint64_t out[2], const char *name)
{
    struct hash hash;

    hash_blake2b(&hash, bytes_text(name));
    memcpy(out, hash.bytes, 2 * sizeof(*out));
}

static struct name_slot *
find_slot(struct name_slot *slots, size_t count, const uint64_t hash[2])
{
    size_t at = (size_t)hash[0] & (count - 1);

    while (slots[at].kind != 0 &&
           (slots[at].hash[0] != hash[0] || slots[at].hash[1] != hash[1])) {
        at = (at + 1) & (count - 1);
    }
    return &slots[at];
}

void
names_release(struct names *names)
{
    mem_free(names->slots);
    *names = (struct names){0};
}

static enum err
grow(struct names *names)
{
    size_t count = names->slot_count == 0 ? SLOTS_MIN : names->slot_count * 2;
    struct name_slot *slots = NULL;

    if (names->count * 2 < names->slot_count) {
        return ERR_OK;
    }
    slots = mem_zalloc(count, sizeof(*slots));
    if (slots == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < names->slot_count; i++) {
        if (names->slots[i].kind != 0) {
            *find_slot(slots, count, names->slots[i].hash) = names->slots[i];
        }
    }
    mem_free(names->slots);
    names->slots = slots;
    names->slot_count = count;
    return ERR_OK;
}

/* Its number, added when new; 0: there are too many, or it is too long. */
static uint8_t
kind_number(struct names *names, const char *kind)
{
    for (size_t i = 0; i < names->kind_count; i++) {
        if (strcmp(names->kinds[i], kind) == 0) {
            return (uint8_t)(i + 1);
        }
    }
    if (names->kind_count == NAMES_KINDS_MAX ||
        strlen(kind) > NAMES_KIND_CHARS_MAX) {
        return 0;
    }
    memcpy(names->kinds[names->kind_count], kind, strlen(kind) + 1);
    names->kind_count++;
    return (uint8_t)names->kind_count;
}

enum err
names_put(struct names *names, const char *name, const char *kind,
    const struct record_id *id)
{
    struct name_slot *slot = NULL;
    uint64_t hash[2];
    uint8_t number = kind_number(names, kind);
    enum err rc = number == 0 ? ERR_TOO_BIG : grow(names);

    if (rc != ERR_OK) {
        return rc;
    }
    hash_name(hash, name);
    slot = find_slot(names->slots, names->slot_count, hash);
    names->count += slot->kind == 0;
    memcpy(slot->hash, hash, sizeof(hash));
    slot->id = *id;
    slot->kind = number;
    return ERR_OK;
}

const char *
names_find(const struct names *names, const char *name, struct record_id *out)
{
    const struct name_slot *slot = NULL;
    uint64_t hash[2];

    if (names->slot_count == 0) {
        return NULL;
    }
    hash_name(hash, name);
    slot = find_slot(names->slots, names->slot_count, hash);
    if (slot->kind == 0) {
        return NULL;
    }
    *out = slot->id;
    return names->kinds[slot->kind - 1];
}
