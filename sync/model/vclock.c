/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/vclock.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

enum { SLOTS_MIN = 16, SLOTS_PER_LOG = 2 };

static_assert(LOG_ID_BYTES == sizeof(struct node_id) + 1,
    "a log id is a node id and a kind");

void
log_id_encode(uint8_t out[LOG_ID_BYTES], const struct log_id *id)
{
    memcpy(out, id->node.bytes, sizeof(id->node.bytes));
    out[LOG_ID_BYTES - 1] = id->kind;
}

enum err
log_id_decode(struct log_id *out, const uint8_t bytes[LOG_ID_BYTES])
{
    if (bytes[LOG_ID_BYTES - 1] > LOG_CHANGES) {
        return ERR_MALFORMED;
    }
    memcpy(out->node.bytes, bytes, sizeof(out->node.bytes));
    out->kind = bytes[LOG_ID_BYTES - 1];
    return ERR_OK;
}

bool
log_id_equal(const struct log_id *a, const struct log_id *b)
{
    return a->kind == b->kind &&
           memcmp(&a->node, &b->node, sizeof(a->node)) == 0;
}

int
log_id_compare(const struct log_id *a, const struct log_id *b)
{
    int order = memcmp(&a->node, &b->node, sizeof(a->node));

    return order != 0 ? order : (int)a->kind - (int)b->kind;
}

/*
 * Node ids are public keys, so they are spread well unless somebody chose
 * them to collide; then a search costs at most LOG_TABLE_MAX comparisons.
 */
static size_t
slot_of(const struct log_table *table, const struct log_id *id)
{
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = id->kind;

    for (size_t i = 0; i < sizeof(id->node.bytes); i += sizeof(uint64_t)) {
        mixed = (mixed ^ num_load_u64(id->node.bytes + i)) * odd;
        mixed ^= mixed >> 32;
    }
    return (size_t)mixed & (table->slot_count - 1);
}

/* The slot that holds the id, or the empty one where it belongs. */
static uint32_t *
slot_find(const struct log_table *table, const struct log_id *id)
{
    size_t slot = slot_of(table, id);

    while (table->slots[slot] != 0 &&
           !log_id_equal(&table->ids[table->slots[slot] - 1], id)) {
        slot = (slot + 1) & (table->slot_count - 1);
    }
    return &table->slots[slot];
}

/* At least half of the slots stay empty, so that every search ends soon. */
static enum err
slots_grow(struct log_table *table)
{
    struct log_table grown = *table;

    if (table->slot_count >= (table->count + 1) * SLOTS_PER_LOG) {
        return ERR_OK;
    }
    grown.slot_count = table->slot_count * 2;
    if (grown.slot_count < SLOTS_MIN) {
        grown.slot_count = SLOTS_MIN;
    }
    grown.slots = mem_zalloc(grown.slot_count, sizeof(*grown.slots));
    if (grown.slots == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < table->count; i++) {
        *slot_find(&grown, &grown.ids[i]) = (uint32_t)i + 1;
    }
    mem_free(table->slots);
    *table = grown;
    return ERR_OK;
}

void
log_table_release(struct log_table *table)
{
    if (table == NULL) {
        return;
    }
    mem_free(table->ids);
    mem_free(table->slots);
    *table = (struct log_table){0};
}

enum err
log_table_add(struct log_table *table, const struct log_id *id, uint32_t *out)
{
    enum err rc = ERR_OK;

    assert(id->kind <= LOG_CHANGES);
    if (log_table_find(table, id, out)) {
        return ERR_OK;
    }
    if (table->count >= LOG_TABLE_MAX) {
        return ERR_TOO_BIG;
    }
    rc = mem_grow((void **)&table->ids, &table->capacity, table->count + 1,
        sizeof(*table->ids));
    if (rc == ERR_OK) {
        rc = slots_grow(table);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    table->ids[table->count] = *id;
    *slot_find(table, id) = (uint32_t)table->count + 1;
    *out = (uint32_t)table->count;
    table->count++;
    return ERR_OK;
}

bool
log_table_find(
    const struct log_table *table, const struct log_id *id, uint32_t *out)
{
    uint32_t number = 0;

    if (table->slot_count == 0) {
        return false;
    }
    number = *slot_find(table, id);
    if (number == 0) {
        return false;
    }
    *out = number - 1;
    return true;
}

void
vclock_release(struct vclock *clock)
{
    if (clock == NULL) {
        return;
    }
    mem_free(clock->sizes);
    *clock = (struct vclock){0};
}

void
vclock_clear(struct vclock *clock)
{
    clock->count = 0;
}

enum err
vclock_reserve(struct vclock *clock, size_t count)
{
    assert(count <= LOG_TABLE_MAX);
    return mem_grow(
        (void **)&clock->sizes, &clock->capacity, count, sizeof(*clock->sizes));
}

enum err
vclock_raise(struct vclock *clock, uint32_t log, uint64_t size)
{
    enum err rc = ERR_OK;

    assert(log < LOG_TABLE_MAX);
    assert(size <= LOG_SIZE_MAX);
    if (size <= vclock_get(clock, log)) {
        return ERR_OK;
    }
    rc = vclock_reserve(clock, (size_t)log + 1);
    if (rc != ERR_OK) {
        return rc;
    }
    /* Memory beyond the count may hold what a cleared clock counted. */
    while (clock->count <= log) {
        clock->sizes[clock->count] = 0;
        clock->count++;
    }
    clock->sizes[log] = size;
    return ERR_OK;
}

enum err
vclock_copy(struct vclock *out, const struct vclock *clock)
{
    enum err rc = vclock_reserve(out, clock->count);

    if (rc != ERR_OK) {
        return rc;
    }
    if (clock->count != 0) {
        memmove(out->sizes, clock->sizes, clock->count * sizeof(*out->sizes));
    }
    out->count = clock->count;
    return ERR_OK;
}

enum err
vclock_merge(struct vclock *into, const struct vclock *other)
{
    enum err rc = vclock_reserve(into, other->count);

    for (size_t i = 0; i < other->count && rc == ERR_OK; i++) {
        rc = vclock_raise(into, (uint32_t)i, other->sizes[i]);
    }
    return rc;
}

bool
vclock_covers(const struct vclock *large, const struct vclock *small)
{
    for (size_t i = 0; i < small->count; i++) {
        if (small->sizes[i] > vclock_get(large, (uint32_t)i)) {
            return false;
        }
    }
    return true;
}

bool
vclock_equal(const struct vclock *a, const struct vclock *b)
{
    return vclock_covers(a, b) && vclock_covers(b, a);
}
