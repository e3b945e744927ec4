/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a pack that declare kinds and fields: docs/schema.md, "Packs".
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/schema_internal.h"

static enum err
label_add(struct schema_build *build, const struct schema_label *label)
{
    enum err rc = ERR_OK;

    if (strlen(label->text) == 0) {
        return ERR_MALFORMED;
    }
    if (build->label_note_count == SCHEMA_LABELS_MAX ||
        strlen(label->text) > SCHEMA_LABEL_MAX) {
        return ERR_TOO_BIG;
    }
    rc = SCHEMA_GROW(build->label_notes, build->label_note_capacity,
        build->label_note_count);
    if (rc == ERR_OK) {
        build->label_notes[build->label_note_count].label = *label;
        build->label_notes[build->label_note_count].line = build->line;
        build->label_note_count++;
    }
    return rc;
}

/* A quoted text at the end of a line is the English label: take it off. */
static enum err
label_inline(struct schema_build *build, enum schema_target target,
    const char *scope, const char *name)
{
    struct schema_label label = {target, scope, name, "en", NULL};

    if (!build->quoted[build->word_count - 1]) {
        return ERR_OK;
    }
    build->word_count--;
    label.text = build->words[build->word_count];
    return label_add(build, &label);
}

static enum err
kind_add(struct schema_build *build, const struct schema_kind *kind,
    const char *parent)
{
    struct schema_store *store = build->store;
    size_t place = store->schema.kind_count;
    enum err rc = ERR_OK;

    if (place == SCHEMA_KINDS_MAX) {
        return ERR_TOO_BIG;
    }
    if (place > 0 && store->kinds[place - 1].number >= kind->number) {
        return ERR_MALFORMED;
    }
    rc = SCHEMA_GROW(store->kinds, build->kind_capacity, place);
    if (rc == ERR_OK) {
        rc = SCHEMA_GROW(build->kind_notes, build->kind_note_capacity, place);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    store->kinds[place] = *kind;
    build->kind_notes[place].first = build->field_count;
    build->kind_notes[place].parent = parent;
    build->kind_notes[place].line = build->line;
    store->schema.kinds = store->kinds;
    store->schema.kind_count++;
    build->number_last = 0;
    build->section = kind->reserved ? SECTION_NONE : SECTION_KIND;
    return ERR_OK;
}

/* Fill in number and name; false if either breaks its rule. */
static bool
kind_head(struct schema_build *build, struct schema_kind *kind)
{
    uint64_t number = 0;

    if (!schema_number_parse(build->words[1], 1, SCHEMA_NUMBER_MAX, &number) ||
        !schema_is_name(build->words[2])) {
        return false;
    }
    kind->number = (uint16_t)number;
    kind->name = build->words[2];
    return true;
}

enum err
schema_line_kind(struct schema_build *build)
{
    struct schema_kind kind = {0};
    const char *parent = NULL;
    enum err rc = ERR_OK;

    if (!kind_head(build, &kind) ||
        !schema_class_find(build->words[3], &kind.class)) {
        return ERR_MALFORMED;
    }
    rc = label_inline(build, TARGET_KIND, kind.name, "");
    if (rc != ERR_OK) {
        return rc;
    }
    if (build->word_count == 6 && strcmp(build->words[4], "parent") == 0) {
        parent = build->words[5];
    } else if (build->word_count != 4) {
        return ERR_MALFORMED;
    }
    return kind_add(build, &kind, parent);
}

enum err
schema_line_reserved(struct schema_build *build)
{
    struct schema_kind kind = {.reserved = true, .class = CLASS_SEALED};

    return kind_head(build, &kind) ? kind_add(build, &kind, NULL)
                                   : ERR_MALFORMED;
}

/* Numbers of fields, retired ones too, ascend within the kind. */
static enum err
field_number(struct schema_build *build, uint64_t *out)
{
    uint64_t number = 0;

    if (build->section != SECTION_KIND ||
        !schema_number_parse(build->words[1], 1, SCHEMA_NUMBER_MAX, &number) ||
        number <= build->number_last) {
        return ERR_MALFORMED;
    }
    build->number_last = number;
    *out = number;
    return ERR_OK;
}

enum err
schema_line_retired(struct schema_build *build)
{
    uint64_t number = 0;

    return field_number(build, &number);
}

/* `type` or `type<param>`. The words are ours to cut: see lines_read(). */
static bool
type_parse(char *word, enum value_type *out, const char **out_param)
{
    char *open = strchr(word, '<');
    size_t size = strlen(word);

    if (open != NULL) {
        if (word[size - 1] != '>') {
            return false;
        }
        word[size - 1] = '\0';
        *open = '\0';
        *out_param = open + 1;
    }
    return schema_type_find(word, out);
}

/* The words after the rule: a class, listed deadline by X allegation X. */
static bool
options_parse(const struct schema_build *build, struct schema_field *field,
    struct field_note *note)
{
    for (size_t i = 5; i < build->word_count; i++) {
        const char *word = build->words[i];
        bool has_next = i + 1 < build->word_count;

        if (note->class == CLASS_PUBLIC &&
            schema_class_find(word, &note->class)) {
            if (note->class == CLASS_PUBLIC) {
                return false;
            }
            continue;
        }
        if (strcmp(word, "listed") == 0 && !field->listed) {
            field->listed = true;
        } else if (strcmp(word, "deadline") == 0 && !field->deadline) {
            field->deadline = true;
        } else if (strcmp(word, "by") == 0 && note->authority == NULL &&
                   has_next) {
            note->authority = build->words[++i];
        } else if (strcmp(word, "allegation") == 0 &&
                   note->allegation == NULL && has_next) {
            note->allegation = build->words[++i];
        } else {
            return false;
        }
    }
    return true;
}

/* Words that stand beside the fields wherever a record is written as text. */
static bool
is_taken(const char *name)
{
    static const char *const words[] = {"kind", "id", "parent", "reason"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static enum err
field_add(struct schema_build *build, const struct schema_field *field,
    const struct field_note *note)
{
    struct schema_store *store = build->store;
    struct schema_kind *kind = &store->kinds[store->schema.kind_count - 1];
    size_t first = build->kind_notes[store->schema.kind_count - 1].first;
    enum err rc = ERR_OK;

    if (kind->count == SCHEMA_FIELDS_MAX) {
        return ERR_TOO_BIG;
    }
    for (size_t i = first; i < build->field_count; i++) {
        if (strcmp(store->fields[i].name, field->name) == 0) {
            return ERR_MALFORMED;
        }
    }
    rc = SCHEMA_GROW(store->fields, build->field_capacity, build->field_count);
    if (rc == ERR_OK) {
        rc = SCHEMA_GROW(
            build->field_notes, build->field_note_capacity, build->field_count);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    store->fields[build->field_count] = *field;
    build->field_notes[build->field_count] = *note;
    build->field_count++;
    kind->count++;
    return ERR_OK;
}

enum err
schema_line_field(struct schema_build *build)
{
    struct schema_store *store = build->store;
    struct schema_field field = {0};
    struct field_note note = {.line = build->line};
    char *type = store->text + (build->words[3] - store->text);
    uint64_t number = 0;
    enum err rc = field_number(build, &number);

    if (rc != ERR_OK) {
        return rc;
    }
    field.number = (uint16_t)number;
    field.name = build->words[2];
    if (!schema_is_name(field.name) || is_taken(field.name) ||
        !type_parse(type, &field.type, &note.param) ||
        !schema_rule_find(build->words[4], &field.rule)) {
        return ERR_MALFORMED;
    }
    rc = label_inline(build, TARGET_FIELD,
        store->kinds[store->schema.kind_count - 1].name, field.name);
    if (rc != ERR_OK) {
        return rc;
    }
    if (!options_parse(build, &field, &note)) {
        return ERR_MALFORMED;
    }
    return field_add(build, &field, &note);
}

/* Cut "a.b" at the mark; false if there is no mark or nothing around it. */
static bool
word_split(struct schema_build *build, size_t place, char mark,
    const char **out_left, const char **out_right)
{
    char *word =
        build->store->text + (build->words[place] - build->store->text);
    char *at = strchr(word, mark);

    if (at == NULL || at == word || at[1] == '\0') {
        return false;
    }
    *at = '\0';
    *out_left = word;
    *out_right = at + 1;
    return true;
}

/* mark NAME KIND.FIELD CODE|* by-other FIELD, or conflict for the last two. */
enum err
schema_line_mark(struct schema_build *build)
{
    struct schema_store *store = build->store;
    size_t place = store->schema.mark_count;
    struct schema_mark mark = {.name = build->words[1]};
    struct mark_note note = {.line = build->line};
    enum err rc = ERR_OK;

    if (!schema_is_name(mark.name) ||
        !word_split(build, 2, '.', &note.kind, &note.field)) {
        return ERR_MALFORMED;
    }
    mark.code = strcmp(build->words[3], "*") == 0 ? NULL : build->words[3];
    if (build->word_count == 5 && strcmp(build->words[4], "conflict") == 0) {
        mark.when = MARK_CONFLICT;
    } else if (build->word_count == 6 &&
               strcmp(build->words[4], "by-other") == 0) {
        mark.when = MARK_BY_OTHER;
        note.other = build->words[5];
    } else {
        return ERR_MALFORMED;
    }
    if (place == SCHEMA_MARKS_MAX) {
        return ERR_TOO_BIG;
    }
    rc = SCHEMA_GROW(store->marks, build->mark_capacity, place);
    if (rc == ERR_OK) {
        rc = SCHEMA_GROW(build->mark_notes, build->mark_note_capacity, place);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    store->marks[place] = mark;
    build->mark_notes[place] = note;
    store->schema.marks = store->marks;
    store->schema.mark_count++;
    return ERR_OK;
}

/* label TARGET then pairs of a language and a quoted text. */
enum err
schema_line_label(struct schema_build *build)
{
    struct schema_label label = {TARGET_KIND, build->words[1], "", NULL, NULL};

    if (build->word_count % 2 != 0) {
        return ERR_MALFORMED;
    }
    /* Codes may hold dots, so the colon is looked for first. */
    if (word_split(build, 1, ':', &label.scope, &label.name)) {
        label.target =
            strcmp(label.scope, "mark") == 0 ? TARGET_MARK : TARGET_CODE;
    } else if (word_split(build, 1, '.', &label.scope, &label.name)) {
        label.target = TARGET_FIELD;
    }
    for (size_t i = 2; i < build->word_count; i += 2) {
        enum err rc = ERR_OK;

        if (build->quoted[i] || !build->quoted[i + 1]) {
            return ERR_MALFORMED;
        }
        label.lang = build->words[i];
        label.text = build->words[i + 1];
        rc = label_add(build, &label);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}
