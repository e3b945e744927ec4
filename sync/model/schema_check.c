/* SPDX-License-Identifier: Apache-2.0 */
/* What spans the lines of a pack: docs/schema.md, "Packs". */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/schema_internal.h"

/* A set of value types or of rules, as bits. */
#define BIT(x) (UINT32_C(1) << (x))

enum param {
    PARAM_NONE,
    PARAM_KIND,     /* may be left out: a ref to any kind */
    PARAM_LIST,     /* must stand */
    PARAM_LIST_ANY, /* may be left out: any code */
    PARAM_LADDER    /* must stand */
};

static enum param
type_param(enum value_type type)
{
    switch (type) {
    case VALUE_REF:
        return PARAM_KIND;
    case VALUE_CODE:
    case VALUE_CODES:
    case VALUE_LE:
    case VALUE_EV:
        return PARAM_LIST;
    case VALUE_PH:
    case VALUE_NM:
    case VALUE_IDN:
    case VALUE_KN:
    case VALUE_BL:
        return PARAM_LIST_ANY;
    case VALUE_STATE:
        return PARAM_LADDER;
    case VALUE_ID:
    case VALUE_OFFICE:
    case VALUE_OFFICES:
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
    return PARAM_NONE;
}

/* The types that a rule can work on. */
static uint32_t
rule_types(enum schema_rule rule)
{
    uint32_t all = BIT(VALUE_TYPE_COUNT) - 1;

    switch (rule) {
    case RULE_LEDGER:
        return BIT(VALUE_LE);
    case RULE_LADDER:
        return BIT(VALUE_STATE);
    case RULE_HIGHEST:
    case RULE_LOWEST:
        return BIT(VALUE_N) | BIT(VALUE_TS) | BIT(VALUE_DT) | BIT(VALUE_CODE);
    case RULE_RESTRICT:
        return BIT(VALUE_B) | BIT(VALUE_TS) | BIT(VALUE_DT) | BIT(VALUE_CODES) |
               BIT(VALUE_OFFICES) | BIT(VALUE_FIELDS) | BIT(VALUE_TX);
    case RULE_OWNER:
        return BIT(VALUE_OFFICE);
    case RULE_ONCE:
    case RULE_REVIEW:
    case RULE_LATEST:
    case RULE_SET:
    case RULE_BAN:
    case RULE_JOURNAL:
    case RULE_AUTHORITY:
    case RULE_COUNT:
        break;
    }
    return all & ~BIT(VALUE_LE);
}

static int
list_compare(const void *a, const void *b)
{
    const struct schema_list *x = a;
    const struct schema_list *y = b;

    return strcmp(x->name, y->name);
}

static int
ladder_compare(const void *a, const void *b)
{
    const struct schema_ladder *x = a;
    const struct schema_ladder *y = b;

    return strcmp(x->name, y->name);
}

/* The codes have stopped growing: point the lists at them. */
static void
lists_finish(struct schema_build *build)
{
    struct schema_store *store = build->store;
    size_t count = store->schema.list_count;

    for (size_t i = 0; i < count; i++) {
        store->lists[i].codes = store->codes + build->list_notes[i].first;
    }
    if (count > 0) {
        qsort(store->lists, count, sizeof(*store->lists), list_compare);
    }
}

/*
 * One rung of the ladder. Antisymmetric: of two states one wins or neither.
 * Transitive: whom a state beats that I beat, I beat. Complete: a pair
 * without a winner has been said to be apart, so that none is forgotten.
 */
static bool
state_is_sound(const struct schema_ladder *ladder,
    const struct ladder_note *note, size_t a)
{
    for (size_t b = 0; b < ladder->count; b++) {
        bool wins = (ladder->beats[a] >> b & 1) != 0;
        bool loses = (ladder->beats[b] >> a & 1) != 0;
        bool is_apart = (note->apart[a] >> b & 1) != 0;
        bool is_grouped = (note->grouped[a] >> b & 1) != 0;

        if (wins + loses + is_apart > 1) {
            return false;
        }
        if (a != b && !wins && !loses && !is_apart && !is_grouped) {
            return false;
        }
        if (wins && (ladder->beats[b] & ~ladder->beats[a]) != 0) {
            return false;
        }
    }
    return true;
}

static enum err
ladders_finish(struct schema_build *build)
{
    struct schema_store *store = build->store;
    size_t count = store->schema.ladder_count;

    for (size_t i = 0; i < count; i++) {
        const struct schema_ladder *ladder = &store->ladders[i];

        build->line = build->ladder_notes[i].line;
        for (size_t a = 0; a < ladder->count; a++) {
            if (!state_is_sound(ladder, &build->ladder_notes[i], a)) {
                return ERR_MALFORMED;
            }
        }
    }
    if (count > 0) {
        qsort(store->ladders, count, sizeof(*store->ladders), ladder_compare);
    }
    return ERR_OK;
}

static const struct schema_kind *
kind_named(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->kind_count; i++) {
        if (strcmp(schema->kinds[i].name, name) == 0) {
            return &schema->kinds[i];
        }
    }
    return NULL;
}

/* A file has two storeys: a parent has no parent of its own. */
static enum err
kinds_finish(struct schema_build *build)
{
    struct schema_store *store = build->store;

    for (size_t i = 0; i < store->schema.kind_count; i++) {
        struct schema_kind *kind = &store->kinds[i];
        const struct kind_note *note = &build->kind_notes[i];
        const struct schema_kind *parent = NULL;

        build->line = note->line;
        kind->fields = kind->count > 0 ? store->fields + note->first : NULL;
        if (kind_named(&store->schema, kind->name) != kind) {
            return ERR_MALFORMED;
        }
        if (note->parent == NULL) {
            continue;
        }
        parent = kind_named(&store->schema, note->parent);
        if (parent == NULL || parent == kind || parent->reserved ||
            build->kind_notes[parent - store->kinds].parent != NULL) {
            return ERR_MALFORMED;
        }
        kind->parent = parent->number;
    }
    return ERR_OK;
}

static bool
param_resolve(const struct schema *schema, struct schema_field *field,
    const struct field_note *note)
{
    enum param param = type_param(field->type);
    const struct schema_kind *kind = NULL;

    if (note->param == NULL) {
        return param == PARAM_NONE || param == PARAM_KIND ||
               param == PARAM_LIST_ANY;
    }
    switch (param) {
    case PARAM_NONE:
        return false;
    case PARAM_KIND:
        kind = kind_named(schema, note->param);
        field->ref_kind = kind == NULL ? 0 : kind->number;
        return kind != NULL;
    case PARAM_LIST:
    case PARAM_LIST_ANY:
        field->list = schema_list_by_name(schema, bytes_text(note->param));
        return field->list != NULL;
    case PARAM_LADDER:
        field->ladder = schema_ladder_by_name(schema, bytes_text(note->param));
        return field->ladder != NULL;
    }
    return false;
}

/*
 * Who is the authority must not be open to whoever writes last, so a field
 * that names it is written once or handed on by its owner.
 */
static bool
names_authority(const struct schema_field *field)
{
    return field != NULL && field->type == VALUE_OFFICE &&
           (field->rule == RULE_ONCE || field->rule == RULE_OWNER);
}

static bool
authority_resolve(const struct schema_kind *kind, struct schema_field *field,
    const struct field_note *note)
{
    const struct schema_field *named = NULL;

    if (field->rule != RULE_AUTHORITY) {
        return note->authority == NULL && note->allegation == NULL;
    }
    if (note->authority == NULL) {
        return false;
    }
    if (strcmp(note->authority, "creator") != 0) {
        named = schema_field_by_name(kind, bytes_text(note->authority));
        if (!names_authority(named)) {
            return false;
        }
        field->authority = named->number;
    }
    if (note->allegation != NULL) {
        named = schema_field_by_name(kind, bytes_text(note->allegation));
        if (named == NULL || named->rule != RULE_JOURNAL) {
            return false;
        }
        field->allegation = named->number;
    }
    return true;
}

static bool
field_finish(const struct schema *schema, const struct schema_kind *kind,
    struct schema_field *field, const struct field_note *note)
{
    field->class = kind->class;
    if (note->class != CLASS_PUBLIC) {
        field->class = note->class;
    }
    if (field->class < kind->class) {
        return false;
    }
    if ((rule_types(field->rule) & BIT(field->type)) == 0) {
        return false;
    }
    if (field->listed && note->class == CLASS_SEALED) {
        return false;
    }
    if (field->deadline && field->type != VALUE_DT) {
        return false;
    }
    return param_resolve(schema, field, note) &&
           authority_resolve(kind, field, note);
}

static enum err
fields_finish(struct schema_build *build)
{
    struct schema_store *store = build->store;

    for (size_t i = 0; i < store->schema.kind_count; i++) {
        const struct schema_kind *kind = &store->kinds[i];
        size_t first = build->kind_notes[i].first;

        for (size_t j = first; j < first + kind->count; j++) {
            build->line = build->field_notes[j].line;
            if (!field_finish(&store->schema, kind, &store->fields[j],
                    &build->field_notes[j])) {
                return ERR_MALFORMED;
            }
        }
    }
    return ERR_OK;
}

static bool
has_code(const struct schema_field *field, const char *code)
{
    struct bytes text = bytes_text(code);

    if (field->ladder != NULL) {
        return schema_ladder_find(field->ladder, text) != SIZE_MAX;
    }
    return field->list != NULL &&
           schema_list_find(field->list, text) != SIZE_MAX;
}

static bool
mark_resolve(const struct schema *schema, struct schema_mark *mark,
    const struct mark_note *note)
{
    const struct schema_kind *kind = kind_named(schema, note->kind);
    const struct schema_field *field =
        schema_field_by_name(kind, bytes_text(note->field));
    const struct schema_field *other = NULL;

    if (field == NULL || (mark->code != NULL && !has_code(field, mark->code))) {
        return false;
    }
    mark->kind = kind->number;
    mark->field = field->number;
    if (note->other == NULL) {
        return true;
    }
    other = schema_field_by_name(kind, bytes_text(note->other));
    if (!names_authority(other)) {
        return false;
    }
    mark->other = other->number;
    return true;
}

static enum err
marks_finish(struct schema_build *build)
{
    struct schema *schema = &build->store->schema;

    for (size_t i = 0; i < schema->mark_count; i++) {
        build->line = build->mark_notes[i].line;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(schema->marks[i].name, schema->marks[j].name) == 0) {
                return ERR_MALFORMED;
            }
        }
        if (!mark_resolve(
                schema, &build->store->marks[i], &build->mark_notes[i])) {
            return ERR_MALFORMED;
        }
    }
    return ERR_OK;
}

static bool
mark_named(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->mark_count; i++) {
        if (strcmp(schema->marks[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
label_names_something(
    const struct schema *schema, const struct schema_label *label)
{
    struct bytes scope = bytes_text(label->scope);
    struct bytes name = bytes_text(label->name);
    const struct schema_list *list = NULL;
    const struct schema_ladder *ladder = NULL;

    switch (label->target) {
    case TARGET_KIND:
        return kind_named(schema, label->scope) != NULL;
    case TARGET_FIELD:
        return schema_field_by_name(kind_named(schema, label->scope), name) !=
               NULL;
    case TARGET_CODE:
        list = schema_list_by_name(schema, scope);
        ladder = schema_ladder_by_name(schema, scope);
        return (list != NULL && schema_list_find(list, name) != SIZE_MAX) ||
               (ladder != NULL && schema_ladder_find(ladder, name) != SIZE_MAX);
    case TARGET_MARK:
        return mark_named(schema, label->name);
    }
    return false;
}

static bool
language_known(const struct schema *schema, const char *lang)
{
    for (size_t i = 0; i < schema->language_count; i++) {
        if (strcmp(schema->languages[i], lang) == 0) {
            return true;
        }
    }
    return false;
}

static int
label_note_compare(const void *a, const void *b)
{
    const struct label_note *x = a;
    const struct label_note *y = b;

    return schema_label_compare(&x->label, &y->label);
}

static enum err
labels_finish(struct schema_build *build)
{
    struct schema_store *store = build->store;
    size_t count = build->label_note_count;
    const struct label_note *notes = build->label_notes;

    if (count == 0) {
        return ERR_OK;
    }
    store->labels = mem_zalloc(count, sizeof(*store->labels));
    if (store->labels == NULL) {
        return ERR_NOMEM;
    }
    qsort(build->label_notes, count, sizeof(*notes), label_note_compare);
    for (size_t i = 0; i < count; i++) {
        build->line = notes[i].line;
        if (!label_names_something(&store->schema, &notes[i].label) ||
            !language_known(&store->schema, notes[i].label.lang) ||
            (i > 0 && label_note_compare(&notes[i - 1], &notes[i]) == 0)) {
            return ERR_MALFORMED;
        }
        store->labels[i] = notes[i].label;
    }
    store->schema.labels = store->labels;
    store->schema.label_count = count;
    return ERR_OK;
}

enum err
schema_check(struct schema_build *build)
{
    struct schema_store *store = build->store;
    enum err rc = ERR_OK;

    build->line = 0;
    if (store->schema.name == NULL) {
        return ERR_MALFORMED;
    }
    lists_finish(build);
    rc = ladders_finish(build);
    store->schema.languages = store->languages;
    store->schema.lists = store->lists;
    store->schema.ladders = store->ladders;
    store->schema.kinds = store->kinds;
    store->schema.marks = store->marks;
    if (rc == ERR_OK) {
        rc = kinds_finish(build);
    }
    if (rc == ERR_OK) {
        rc = fields_finish(build);
    }
    if (rc == ERR_OK) {
        rc = marks_finish(build);
    }
    if (rc == ERR_OK) {
        rc = labels_finish(build);
    }
    return rc;
}
