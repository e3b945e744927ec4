/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a pack that declare codes and ladders: docs/schema.md, "Packs".
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/schema_internal.h"

/* Is the name a list's or a ladder's? They share the names that labels use. */
static bool
is_code_scope(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->list_count; i++) {
        if (strcmp(schema->lists[i].name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < schema->ladder_count; i++) {
        if (strcmp(schema->ladders[i].name, name) == 0) {
            return true;
        }
    }
    return strcmp(name, "mark") == 0;
}

enum err
schema_line_pack(struct schema_build *build)
{
    struct schema *schema = &build->store->schema;
    uint64_t version = 0;

    if (schema->name != NULL || !schema_is_name(build->words[1]) ||
        !schema_number_parse(build->words[2], 1, UINT32_MAX, &version)) {
        return ERR_MALFORMED;
    }
    schema->name = build->words[1];
    schema->version = (uint32_t)version;
    return ERR_OK;
}

enum err
schema_line_language(struct schema_build *build)
{
    struct schema_store *store = build->store;

    for (size_t i = 1; i < build->word_count; i++) {
        enum err rc = ERR_OK;

        if (!value_is_lang(bytes_text(build->words[i]))) {
            return ERR_MALFORMED;
        }
        if (store->schema.language_count == SCHEMA_LANGUAGES_MAX) {
            return ERR_TOO_BIG;
        }
        rc = SCHEMA_GROW(store->languages, build->language_capacity,
            store->schema.language_count);
        if (rc != ERR_OK) {
            return rc;
        }
        store->languages[store->schema.language_count++] = build->words[i];
    }
    return ERR_OK;
}

static bool
list_has(const struct schema_build *build, const char *code)
{
    size_t place = build->store->schema.list_count - 1;
    size_t first = build->list_notes[place].first;

    for (size_t i = first; i < build->code_count; i++) {
        if (strcmp(build->store->codes[i], code) == 0) {
            return true;
        }
    }
    return false;
}

/* Put the line's words from `start` on at the end of the last list. */
static enum err
list_extend(struct schema_build *build, size_t start)
{
    struct schema_store *store = build->store;
    struct schema_list *list = &store->lists[store->schema.list_count - 1];

    for (size_t i = start; i < build->word_count; i++) {
        enum err rc = ERR_OK;

        if (!value_is_code(bytes_text(build->words[i])) ||
            list_has(build, build->words[i])) {
            return ERR_MALFORMED;
        }
        if (list->count == SCHEMA_CODES_MAX ||
            build->code_count == SCHEMA_CODES_TOTAL_MAX) {
            return ERR_TOO_BIG;
        }
        rc = SCHEMA_GROW(store->codes, build->code_capacity, build->code_count);
        if (rc != ERR_OK) {
            return rc;
        }
        store->codes[build->code_count++] = build->words[i];
        list->count++;
    }
    return ERR_OK;
}

enum err
schema_line_list(struct schema_build *build)
{
    struct schema_store *store = build->store;
    size_t place = store->schema.list_count;
    enum err rc = ERR_OK;

    if (!schema_is_name(build->words[1]) ||
        is_code_scope(&store->schema, build->words[1])) {
        return ERR_MALFORMED;
    }
    if (place == SCHEMA_LISTS_MAX) {
        return ERR_TOO_BIG;
    }
    rc = SCHEMA_GROW(store->lists, build->list_capacity, place);
    if (rc == ERR_OK) {
        rc = SCHEMA_GROW(build->list_notes, build->list_note_capacity, place);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    store->lists[place].name = build->words[1];
    build->list_notes[place].first = build->code_count;
    store->schema.lists = store->lists;
    store->schema.list_count++;
    build->section = SECTION_LIST;
    return list_extend(build, 2);
}

enum err
schema_line_more(struct schema_build *build)
{
    return build->section == SECTION_LIST ? list_extend(build, 1)
                                          : ERR_MALFORMED;
}

enum err
schema_line_ladder(struct schema_build *build)
{
    struct schema_store *store = build->store;
    size_t place = store->schema.ladder_count;
    struct schema_ladder *ladder = NULL;
    enum err rc = ERR_OK;

    if (!schema_is_name(build->words[1]) ||
        is_code_scope(&store->schema, build->words[1])) {
        return ERR_MALFORMED;
    }
    if (place == SCHEMA_LADDERS_MAX ||
        build->word_count - 2 > SCHEMA_STATES_MAX) {
        return ERR_TOO_BIG;
    }
    rc = SCHEMA_GROW(store->ladders, build->ladder_capacity, place);
    if (rc == ERR_OK) {
        rc = SCHEMA_GROW(
            build->ladder_notes, build->ladder_note_capacity, place);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    ladder = &store->ladders[place];
    ladder->name = build->words[1];
    for (size_t i = 2; i < build->word_count; i++) {
        if (!value_is_code(bytes_text(build->words[i])) ||
            schema_state_bit(ladder, build->words[i]) != 0) {
            return ERR_MALFORMED;
        }
        ladder->states[ladder->count++] = build->words[i];
    }
    build->ladder_notes[place].line = build->line;
    store->schema.ladders = store->ladders;
    store->schema.ladder_count++;
    build->section = SECTION_LADDER;
    return ERR_OK;
}

/* The ladder that order, beats, apart and steps speak of, or NULL. */
static struct schema_ladder *
ladder_last(struct schema_build *build)
{
    if (build->section != SECTION_LADDER) {
        return NULL;
    }
    return &build->store->ladders[build->store->schema.ladder_count - 1];
}

/* Set the bits of `mask` in the row of each state that `bits` has. */
static void
rows_add(uint32_t *rows, uint32_t bits, uint32_t mask)
{
    for (size_t i = 0; i < SCHEMA_STATES_MAX; i++) {
        if ((bits >> i & 1) != 0) {
            rows[i] |= mask & ~(UINT32_C(1) << i);
        }
    }
}

/*
 * `order a > b c > d`: each state beats all states right of the next `>`;
 * those between two `>` are apart unless another line names a winner.
 */
enum err
schema_line_order(struct schema_build *build)
{
    struct schema_ladder *ladder = ladder_last(build);
    uint32_t *grouped = NULL;
    uint32_t above = 0; /* all left of the last > */
    uint32_t group = 0; /* all since */

    if (ladder == NULL) {
        return ERR_MALFORMED;
    }
    grouped =
        build->ladder_notes[build->store->schema.ladder_count - 1].grouped;
    for (size_t i = 1; i < build->word_count; i++) {
        uint32_t bit = schema_state_bit(ladder, build->words[i]);

        if (strcmp(build->words[i], ">") == 0) {
            if (group == 0 || i + 1 == build->word_count) {
                return ERR_MALFORMED;
            }
            above |= group;
            group = 0;
            continue;
        }
        if (bit == 0 || ((above | group) & bit) != 0) {
            return ERR_MALFORMED;
        }
        rows_add(ladder->beats, above, bit);
        rows_add(grouped, group, bit);
        rows_add(grouped, bit, group);
        group |= bit;
    }
    return ERR_OK;
}

/* The first state's bit and the bits of the others; false if one is none. */
static bool
states_read(const struct schema_build *build,
    const struct schema_ladder *ladder, uint32_t *out_first,
    uint32_t *out_others)
{
    uint32_t first = schema_state_bit(ladder, build->words[1]);
    uint32_t others = 0;

    for (size_t i = 2; i < build->word_count; i++) {
        uint32_t bit = schema_state_bit(ladder, build->words[i]);

        if (bit == 0 || ((first | others) & bit) != 0) {
            return false;
        }
        others |= bit;
    }
    *out_first = first;
    *out_others = others;
    return first != 0;
}

enum err
schema_line_beats(struct schema_build *build)
{
    struct schema_ladder *ladder = ladder_last(build);
    uint32_t first = 0;
    uint32_t others = 0;

    if (ladder == NULL || !states_read(build, ladder, &first, &others)) {
        return ERR_MALFORMED;
    }
    rows_add(ladder->beats, first, others);
    return ERR_OK;
}

enum err
schema_line_apart(struct schema_build *build)
{
    struct schema_ladder *ladder = ladder_last(build);
    uint32_t *apart = NULL;
    uint32_t first = 0;
    uint32_t others = 0;

    if (ladder == NULL || !states_read(build, ladder, &first, &others)) {
        return ERR_MALFORMED;
    }
    apart = build->ladder_notes[build->store->schema.ladder_count - 1].apart;
    rows_add(apart, first, others);
    rows_add(apart, others, first);
    return ERR_OK;
}

enum err
schema_line_steps(struct schema_build *build)
{
    struct schema_ladder *ladder = ladder_last(build);
    uint32_t first = 0;
    uint32_t others = 0;

    if (ladder == NULL || !states_read(build, ladder, &first, &others)) {
        return ERR_MALFORMED;
    }
    rows_add(ladder->steps, first, others);
    return ERR_OK;
}
