/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/map.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/mem.h"

enum { MAP_SLOTS_MIN = 64 };

void
map_init(struct map *map, size_t key_size, uint64_t seed)
{
    assert(key_size <= MAP_KEY_BYTES_MAX);
    *map = (struct map){.key_size = key_size, .seed = seed};
}

void
map_release(struct map *map)
{
    mem_free(map->slots);
    map->slots = NULL;
    map->slot_count = 0;
    map->count = 0;
}

void
map_clear(struct map *map)
{
    if (map->slots != NULL) {
        memset(map->slots, 0, map->slot_count * sizeof(*map->slots));
    }
    map->count = 0;
}

/* FNV-1a with a seed, then the finishing mix of MurmurHash3. */
static uint64_t
hash_key(const struct map *map, const uint8_t *key)
{
    uint64_t h = map->seed ^ UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < map->key_size; i++) {
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    }
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    return h;
}

static struct map_slot *
find_slot(const struct map *map, const uint8_t *key)
{
    size_t mask = map->slot_count - 1;
    size_t i = (size_t)hash_key(map, key) & mask;

    while (map->slots[i].value != NULL &&
           memcmp(map->slots[i].key, key, map->key_size) != 0) {
        i = (i + 1) & mask;
    }
    return &map->slots[i];
}

void *
map_find(const struct map *map, const uint8_t *key)
{
    return map->slot_count == 0 ? NULL : find_slot(map, key)->value;
}

static enum err
grow(struct map *map)
{
    struct map larger = *map;
    size_t index = 0;

    larger.slot_count =
        map->slot_count == 0 ? MAP_SLOTS_MIN : map->slot_count * 2;
    larger.slots = mem_zalloc(larger.slot_count, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        return ERR_NOMEM;
    }
    for (; index < map->slot_count; index++) {
        if (map->slots[index].value != NULL) {
            *find_slot(&larger, map->slots[index].key) = map->slots[index];
        }
    }
    mem_free(map->slots);
    *map = larger;
    return ERR_OK;
}

enum err
map_add(struct map *map, const uint8_t *key, void *value)
{
    struct map_slot *slot = NULL;
    enum err rc = ERR_OK;

    assert(value != NULL);
    if (map->count + 1 > map->slot_count / 2) {
        rc = grow(map);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    slot = find_slot(map, key);
    assert(slot->value == NULL);
    memcpy(slot->key, key, map->key_size);
    slot->value = value;
    map->count++;
    return ERR_OK;
}

void *
map_next(const struct map *map, size_t *index)
{
    while (*index < map->slot_count) {
        void *value = map->slots[(*index)++].value;
        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}
