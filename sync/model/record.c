/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/record.h"

#include <assert.h>
#include <string.h>

#include "sync/model/arena.h"
#include "sync/model/record_internal.h"

enum { FIELDS_START = 16, OPS_START = 2, KEYS_START = 4 };

static_assert(RECORD_BYTES_MAX / RECORD_TRANSFER_WEIGHT <= 512,
    "a record's chain of transfers stays short enough to walk at any time");
static_assert(2 * RECORD_KEYS_MAX <= UINT16_MAX, "a key's index is 16 bits");

static int
compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

struct record_spot
record_op_spot(const struct record_op *op)
{
    return (struct record_spot){op->rank, op->time, op->id};
}

int
record_spot_compare(const struct log_table *logs, const struct record_spot *a,
    const struct record_spot *b)
{
    int order = compare_u64(a->rank, b->rank);

    if (order == 0) {
        order = compare_u64(a->time, b->time);
    }
    if (order == 0 && a->id.dot.log != b->id.dot.log) {
        order = log_id_compare(
            &logs->ids[a->id.dot.log], &logs->ids[b->id.dot.log]);
    }
    if (order == 0) {
        order = compare_u64(a->id.dot.position, b->id.dot.position);
    }
    return order != 0 ? order : (int)a->id.op - (int)b->id.op;
}

int
record_op_compare(const struct log_table *logs, const struct record_op *a,
    const struct record_op *b)
{
    struct record_spot x = record_op_spot(a);
    struct record_spot y = record_op_spot(b);

    return record_spot_compare(logs, &x, &y);
}

bool
record_dot_equal(struct dot a, struct dot b)
{
    return a.log == b.log && a.position == b.position;
}

int
record_op_id_compare(const struct op_id *a, const struct op_id *b)
{
    int order = compare_u64(a->dot.log, b->dot.log);

    if (order == 0) {
        order = compare_u64(a->dot.position, b->dot.position);
    }
    return order != 0 ? order : (int)a->op - (int)b->op;
}

uint64_t
record_op_weight(uint8_t action, size_t bytes, size_t dot_count)
{
    uint64_t weight =
        action == ACTION_TRANSFER ? RECORD_TRANSFER_WEIGHT : RECORD_OP_WEIGHT;

    return weight + bytes + (uint64_t)dot_count * RECORD_DOT_WEIGHT;
}

void
record_init(struct record *record, const struct record_id *id, uint16_t kind)
{
    *record = (struct record){.id = *id, .kind = kind};
}

void
record_release(struct record *record)
{
    if (record == NULL) {
        return;
    }
    arena_free(record->arena);
    *record = (struct record){0};
}

/*
 * Arrays live in the arena: a grown one leaves its former memory behind until
 * the record goes, which is soon.
 */
static enum err
grow(struct record *record, void **array, size_t *capacity, size_t count,
    size_t item_size)
{
    size_t wanted = *capacity;
    void *grown = NULL;

    if (count <= *capacity) {
        return ERR_OK;
    }
    while (wanted < count) {
        wanted *= 2;
    }
    grown = arena_alloc(&record->arena, wanted * item_size);
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    if (*array != NULL) {
        memcpy(grown, *array, *capacity * item_size);
    }
    *array = grown;
    *capacity = wanted;
    return ERR_OK;
}

enum err
record_field_reserve(
    struct record *record, struct record_field *field, size_t count)
{
    size_t capacity = field->capacity == 0 ? OPS_START : field->capacity;
    void *ops = field->ops;
    enum err rc = ERR_OK;

    if (field->ops == NULL) {
        capacity = count > capacity ? count : capacity;
        ops = arena_alloc(&record->arena, capacity * sizeof(*field->ops));
        rc = ops == NULL ? ERR_NOMEM : ERR_OK;
    } else {
        rc = grow(record, &ops, &capacity, count, sizeof(*field->ops));
    }
    if (rc == ERR_OK) {
        field->ops = ops;
        field->capacity = capacity;
    }
    return rc;
}

enum err
record_keys_reserve(struct record *record)
{
    size_t capacity = record->key_capacity;
    void *keys = record->keys;
    enum err rc = ERR_OK;

    if (keys == NULL) {
        capacity = KEYS_START;
        keys = arena_alloc(&record->arena, capacity * sizeof(*record->keys));
        rc = keys == NULL ? ERR_NOMEM : ERR_OK;
    } else {
        rc = grow(record, &keys, &capacity, record->key_count + 1,
            sizeof(*record->keys));
    }
    if (rc == ERR_OK) {
        record->keys = keys;
        record->key_capacity = capacity;
    }
    return rc;
}

bool
record_field_find(const struct record *record, uint16_t number, size_t *out_at)
{
    size_t low = 0;
    size_t high = record->field_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (record->fields[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *out_at = low;
    return low < record->field_count && record->fields[low].number == number;
}

static enum err
fields_reserve(struct record *record)
{
    size_t capacity = record->field_capacity;
    void *fields = record->fields;
    enum err rc = ERR_OK;

    if (fields == NULL) {
        capacity = FIELDS_START;
        fields =
            arena_alloc(&record->arena, capacity * sizeof(*record->fields));
        rc = fields == NULL ? ERR_NOMEM : ERR_OK;
    } else {
        rc = grow(record, &fields, &capacity, record->field_count + 1,
            sizeof(*record->fields));
    }
    if (rc == ERR_OK) {
        record->fields = fields;
        record->field_capacity = capacity;
    }
    return rc;
}

struct record_field *
record_field_add(struct record *record, uint16_t number)
{
    size_t at = 0;
    struct record_field *field = NULL;

    if (record_field_find(record, number, &at)) {
        return &record->fields[at];
    }
    if (fields_reserve(record) != ERR_OK) {
        return NULL;
    }
    field = &record->fields[at];
    memmove(field + 1, field, (record->field_count - at) * sizeof(*field));
    *field = (struct record_field){.number = number};
    record->field_count++;
    return field;
}

const struct record_field *
record_field(const struct record *record, uint16_t number)
{
    size_t at = 0;

    if (!record_field_find(record, number, &at) ||
        record->fields[at].count == 0) {
        return NULL;
    }
    return &record->fields[at];
}

bool
record_has_half(const struct record *record, bool sealed)
{
    return record->halves[sealed].has_any;
}

bool
record_half_is_before(const struct record_half *half,
    const struct log_table *logs, bool is_creating,
    const struct record_spot *spot)
{
    struct record_spot first = {half->rank, half->time, {half->first, 0}};

    if (half->is_created != is_creating) {
        return half->is_created;
    }
    return record_spot_compare(logs, &first, spot) < 0;
}

/* The half whose first change is the record's first; NULL without any. */
static const struct record_half *
first_half(const struct record *record, const struct log_table *logs)
{
    const struct record_half *open = &record->halves[0];
    const struct record_half *sealed = &record->halves[1];
    struct record_spot spot = {sealed->rank, sealed->time, {sealed->first, 0}};

    if (!open->has_any) {
        return sealed->has_any ? sealed : NULL;
    }
    if (!sealed->has_any) {
        return open;
    }
    return record_half_is_before(open, logs, sealed->is_created, &spot)
               ? open
               : sealed;
}

/* "The parent is that of the first creating change that names one." */
static void
summarise_parent(struct record *record, const struct record_half *first)
{
    const struct record_half *second =
        first == &record->halves[0] ? &record->halves[1] : &record->halves[0];

    record->has_parent = first->has_parent;
    record->parent = first->parent;
    if (!first->has_parent && second->has_any && second->has_parent) {
        record->has_parent = true;
        record->parent = second->parent;
    }
}

void
record_summarise(struct record *record, const struct log_table *logs)
{
    const struct record_half *first = first_half(record, logs);

    record->is_full = record->halves[0].is_full || record->halves[1].is_full;
    if (first == NULL) {
        return;
    }
    summarise_parent(record, first);
    record->has_creation = first->is_created;
    record->creation = first->is_created ? first->first : (struct dot){0, 0};
    record->created = first->is_created ? first->time : 0;
    record->changed = record->halves[0].changed;
    if (record->halves[1].changed > record->changed) {
        record->changed = record->halves[1].changed;
    }
}

static bool
field_is_sound(const struct record *record, const struct record_field *field,
    const struct log_table *logs)
{
    if (field->staged != 0 || field->count > field->capacity) {
        return false;
    }
    for (size_t i = 0; i < field->count; i++) {
        const struct record_op *op = &field->ops[i];

        if (op->key >= record->key_count || op->id.dot.log >= logs->count) {
            return false;
        }
        if (i > 0 && record_op_compare(logs, op - 1, op) >= 0) {
            return false;
        }
    }
    return true;
}

bool
record_check(const struct record *record, const struct log_table *logs)
{
    size_t keys[2] = {0, 0};

    if (record->field_count > record->field_capacity ||
        record->key_count > record->key_capacity) {
        return false;
    }
    for (size_t i = 0; i < record->key_count; i++) {
        keys[record->keys[i].class == CLASS_SEALED]++;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct record_half *half = &record->halves[i];

        if (half->key_count != keys[i] || half->has_any != (keys[i] > 0) ||
            half->weight > RECORD_BYTES_MAX) {
            return false;
        }
    }
    for (size_t i = 0; i < record->field_count; i++) {
        const struct record_field *field = &record->fields[i];

        if (!field_is_sound(record, field, logs) ||
            (i > 0 && field[-1].number >= field->number)) {
            return false;
        }
    }
    return true;
}
