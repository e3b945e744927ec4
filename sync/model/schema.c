/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/schema.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "sync/model/schema_internal.h"

static const char *const rule_names[RULE_COUNT] = {
    [RULE_ONCE] = "once",
    [RULE_REVIEW] = "review",
    [RULE_LATEST] = "latest",
    [RULE_SET] = "set",
    [RULE_BAN] = "ban",
    [RULE_JOURNAL] = "journal",
    [RULE_LEDGER] = "ledger",
    [RULE_LADDER] = "ladder",
    [RULE_HIGHEST] = "highest",
    [RULE_LOWEST] = "lowest",
    [RULE_RESTRICT] = "restrict",
    [RULE_AUTHORITY] = "authority",
    [RULE_OWNER] = "owner",
};

static const char *const class_names[CLASS_COUNT] = {
    [CLASS_PUBLIC] = "public",
    [CLASS_MEMBERS] = "members",
    [CLASS_CASE] = "case",
    [CLASS_SEALED] = "sealed",
};

const char *
schema_rule_name(enum schema_rule rule)
{
    assert(rule < RULE_COUNT);
    return rule_names[rule];
}

const char *schema_class_name(enum schema_class class)
{
    assert(class < CLASS_COUNT);
    return class_names[class];
}

bool
schema_type_find(const char *name, enum value_type *out)
{
    for (unsigned i = 0; i < VALUE_TYPE_COUNT; i++) {
        if (strcmp(value_type_name((enum value_type)i), name) == 0) {
            *out = (enum value_type)i;
            return true;
        }
    }
    return false;
}

bool
schema_rule_find(const char *name, enum schema_rule *out)
{
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rule_names[i], name) == 0) {
            *out = (enum schema_rule)i;
            return true;
        }
    }
    return false;
}

bool
schema_class_find(const char *name, enum schema_class *out)
{
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        if (strcmp(class_names[i], name) == 0) {
            *out = (enum schema_class)i;
            return true;
        }
    }
    return false;
}

void
schema_free(struct schema *schema)
{
    /* The schema is its store's first member. */
    struct schema_store *store = (struct schema_store *)(void *)schema;

    if (store == NULL) {
        return;
    }
    mem_free(store->text);
    mem_free(store->languages);
    mem_free(store->codes);
    mem_free(store->lists);
    mem_free(store->ladders);
    mem_free(store->kinds);
    mem_free(store->fields);
    mem_free(store->marks);
    mem_free(store->labels);
    mem_free(store);
}

const struct schema_kind *
schema_kind(const struct schema *schema, uint64_t number)
{
    size_t low = 0;
    size_t high = schema->kind_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct schema_kind *kind = &schema->kinds[middle];

        if (kind->number == number) {
            return kind->reserved ? NULL : kind;
        }
        if (kind->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct schema_kind *
schema_kind_by_name(const struct schema *schema, struct bytes name)
{
    for (size_t i = 0; i < schema->kind_count; i++) {
        const struct schema_kind *kind = &schema->kinds[i];

        if (!kind->reserved && bytes_equal(bytes_text(kind->name), name)) {
            return kind;
        }
    }
    return NULL;
}

const struct schema_field *
schema_field(const struct schema_kind *kind, uint64_t number)
{
    size_t low = 0;
    size_t high = kind == NULL ? 0 : kind->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct schema_field *field = &kind->fields[middle];

        if (field->number == number) {
            return field;
        }
        if (field->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct schema_field *
schema_field_by_name(const struct schema_kind *kind, struct bytes name)
{
    size_t count = kind == NULL ? 0 : kind->count;

    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(bytes_text(kind->fields[i].name), name)) {
            return &kind->fields[i];
        }
    }
    return NULL;
}

const struct schema_list *
schema_list_by_name(const struct schema *schema, struct bytes name)
{
    size_t low = 0;
    size_t high = schema->list_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(bytes_text(schema->lists[middle].name), name);

        if (order == 0) {
            return &schema->lists[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct schema_ladder *
schema_ladder_by_name(const struct schema *schema, struct bytes name)
{
    for (size_t i = 0; i < schema->ladder_count; i++) {
        if (bytes_equal(bytes_text(schema->ladders[i].name), name)) {
            return &schema->ladders[i];
        }
    }
    return NULL;
}

size_t
schema_list_find(const struct schema_list *list, struct bytes code)
{
    for (size_t i = 0; i < list->count; i++) {
        if (bytes_equal(bytes_text(list->codes[i]), code)) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t
schema_ladder_find(const struct schema_ladder *ladder, struct bytes state)
{
    for (size_t i = 0; i < ladder->count; i++) {
        if (bytes_equal(bytes_text(ladder->states[i]), state)) {
            return i;
        }
    }
    return SIZE_MAX;
}

uint32_t
schema_state_bit(const struct schema_ladder *ladder, const char *state)
{
    size_t place = schema_ladder_find(ladder, bytes_text(state));

    return place == SIZE_MAX ? 0 : UINT32_C(1) << place;
}

bool
schema_ladder_beats(
    const struct schema_ladder *ladder, struct bytes a, struct bytes b)
{
    size_t place_a = schema_ladder_find(ladder, a);
    size_t place_b = schema_ladder_find(ladder, b);

    return place_a != SIZE_MAX && place_b != SIZE_MAX &&
           (ladder->beats[place_a] >> place_b & 1) != 0;
}

enum err
schema_value_check(const struct schema_field *field, struct bytes value)
{
    bool may_be_null = field->rule == RULE_REVIEW ||
                       field->rule == RULE_LATEST ||
                       field->rule == RULE_AUTHORITY;

    if (may_be_null && value_is_null(value)) {
        return ERR_OK;
    }
    return value_check(field->type, value);
}

size_t
schema_code_place(enum value_type type)
{
    switch (type) {
    case VALUE_IDN:
    case VALUE_KN:
    case VALUE_LE:
        return 0;
    case VALUE_PH:
    case VALUE_EV:
        return 1;
    case VALUE_NM:
        return 2;
    case VALUE_BL:
        return 4;
    case VALUE_ID:
    case VALUE_REF:
    case VALUE_OFFICE:
    case VALUE_OFFICES:
    case VALUE_CODE:
    case VALUE_STATE:
    case VALUE_CODES:
    case VALUE_TX:
    case VALUE_LM:
    case VALUE_TR:
    case VALUE_DT:
    case VALUE_TS:
    case VALUE_MON:
    case VALUE_PL:
    case VALUE_N:
    case VALUE_B:
    case VALUE_PERIOD:
    case VALUE_FIELDS:
    case VALUE_TYPE_COUNT:
        break;
    }
    return SIZE_MAX;
}

/* The next item is a text of the list, or null. */
static bool
code_is_known(const struct schema_list *list, struct cursor *cursor)
{
    return cbor_take_null(cursor) ||
           schema_list_find(list, cbor_get_text(cursor)) != SIZE_MAX;
}

static bool
codes_are_known(const struct schema_list *list, struct cursor *cursor)
{
    size_t count = cbor_get_array(cursor);

    for (size_t i = 0; i < count; i++) {
        if (!code_is_known(list, cursor)) {
            return false;
        }
    }
    return true;
}

/* `value` has passed schema_value_check(), so the cursor cannot fail. */
static bool
list_governs(const struct schema_field *field, struct bytes value)
{
    struct cursor cursor = cursor_init(value);
    size_t place = schema_code_place(field->type);

    if (field->type == VALUE_CODE) {
        return code_is_known(field->list, &cursor);
    }
    if (field->type == VALUE_CODES) {
        return codes_are_known(field->list, &cursor);
    }
    (void)cbor_get_array(&cursor);
    for (size_t i = 0; i < place; i++) {
        (void)cbor_skip(&cursor);
    }
    return code_is_known(field->list, &cursor);
}

enum err
schema_value_known(const struct schema_field *field, struct bytes value)
{
    struct bytes state = {NULL, 0};
    enum err rc = schema_value_check(field, value);

    if (rc != ERR_OK || value_is_null(value)) {
        return rc;
    }
    if (field->ladder != NULL) {
        rc = value_code_read(value, &state);
        if (rc == ERR_OK &&
            schema_ladder_find(field->ladder, state) == SIZE_MAX) {
            rc = ERR_NOT_FOUND;
        }
        return rc;
    }
    if (field->list != NULL && !list_governs(field, value)) {
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

enum err
schema_value_rank(
    const struct schema_field *field, struct bytes value, int64_t *out)
{
    struct value_date date = {0};
    struct bytes code = {NULL, 0};
    size_t place = 0;
    enum err rc = ERR_OK;

    if (field->type == VALUE_DT) {
        rc = value_date_read(value, &date);
        if (rc == ERR_OK) {
            *out = value_date_rank(&date);
        }
        return rc;
    }
    if (field->type == VALUE_CODE && field->list != NULL) {
        rc = value_code_read(value, &code);
        if (rc == ERR_OK) {
            place = schema_list_find(field->list, code);
            *out = place == SIZE_MAX ? INT64_MAX : (int64_t)place;
        }
        return rc;
    }
    if (field->type != VALUE_N && field->type != VALUE_TS) {
        return ERR_MALFORMED;
    }
    rc = value_check(field->type, value);
    return rc == ERR_OK ? value_int_read(value, out) : rc;
}
