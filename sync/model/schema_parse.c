/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a pack, one by one: docs/schema.md, "Packs". */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "sync/model/schema_internal.h"

typedef enum err line_fn(struct schema_build *build);

bool
schema_is_name(const char *word)
{
    size_t size = strlen(word);

    if (size == 0 || size > SCHEMA_WORD_MAX || word[0] < 'a' || word[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = word[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return true;
}

bool
schema_number_parse(const char *word, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;

    if (!num_parse_u64(word, strlen(word), &number) || number < min ||
        number > max) {
        return false;
    }
    *out = number;
    return true;
}

static const struct {
    const char *name;
    size_t words_min;
    size_t words_max;
    bool takes_quotes;
    line_fn *read;
} lines[] = {
    {"pack", 3, 3, false, schema_line_pack},
    {"language", 2, SCHEMA_WORDS_MAX, false, schema_line_language},
    {"list", 3, SCHEMA_WORDS_MAX, false, schema_line_list},
    {"more", 2, SCHEMA_WORDS_MAX, false, schema_line_more},
    {"ladder", 3, SCHEMA_WORDS_MAX, false, schema_line_ladder},
    {"order", 4, SCHEMA_WORDS_MAX, false, schema_line_order},
    {"beats", 3, SCHEMA_WORDS_MAX, false, schema_line_beats},
    {"apart", 3, SCHEMA_WORDS_MAX, false, schema_line_apart},
    {"steps", 3, SCHEMA_WORDS_MAX, false, schema_line_steps},
    {"kind", 4, 7, true, schema_line_kind},
    {"reserved", 3, 3, false, schema_line_reserved},
    {"field", 5, 13, true, schema_line_field},
    {"retired", 2, 2, false, schema_line_retired},
    {"mark", 5, 6, false, schema_line_mark},
    {"label", 4, SCHEMA_WORDS_MAX, true, schema_line_label},
};

/* Quotes may close a kind or field line, and stand anywhere in a label's. */
static bool
quotes_are_right(const struct schema_build *build, bool takes_quotes)
{
    size_t head = strcmp(build->words[0], "field") == 0 ? 5 : 4;

    if (strcmp(build->words[0], "label") == 0) {
        return !build->quoted[1];
    }
    for (size_t i = 0; i < build->word_count; i++) {
        if (build->quoted[i] &&
            (!takes_quotes || i < head || i + 1 != build->word_count)) {
            return false;
        }
    }
    return true;
}

/*
 * Cut the line that ends at `end` into words, in place. Words are parted by
 * spaces; one in double quotes may hold spaces and is parted likewise.
 */
static enum err
line_cut(struct schema_build *build, char *pos, char *end)
{
    build->word_count = 0;
    while (pos < end) {
        bool quoted = *pos == '"';
        char *stop = NULL;

        if (*pos == ' ') {
            pos++;
            continue;
        }
        if (build->word_count == SCHEMA_WORDS_MAX) {
            return ERR_TOO_BIG;
        }
        pos += quoted ? 1 : 0;
        stop = memchr(pos, quoted ? '"' : ' ', (size_t)(end - pos));
        if (stop == NULL) {
            stop = end;
        }
        if ((quoted && (stop == end || (stop + 1 < end && stop[1] != ' '))) ||
            (!quoted && memchr(pos, '"', (size_t)(stop - pos)) != NULL)) {
            return ERR_MALFORMED;
        }
        *stop = '\0';
        build->words[build->word_count] = pos;
        build->quoted[build->word_count++] = quoted;
        pos = stop + 1;
    }
    return ERR_OK;
}

static enum err
line_read(struct schema_build *build)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (build->quoted[0] || strcmp(build->words[0], lines[i].name) != 0) {
            continue;
        }
        if (build->word_count < lines[i].words_min ||
            build->word_count > lines[i].words_max ||
            !quotes_are_right(build, lines[i].takes_quotes) ||
            (build->store->schema.name == NULL && i != 0)) {
            return ERR_MALFORMED;
        }
        return lines[i].read(build);
    }
    return ERR_MALFORMED;
}

/* All lines of the store's copy of the text, which they cut into words. */
static enum err
lines_read(struct schema_build *build, size_t size)
{
    char *pos = build->store->text;
    char *end = pos + size;

    while (pos < end) {
        char *stop = memchr(pos, '\n', (size_t)(end - pos));
        enum err rc = ERR_OK;

        build->line++;
        if (stop == NULL) {
            return ERR_MALFORMED;
        }
        if (stop - pos > SCHEMA_LINE_MAX) {
            return ERR_TOO_BIG;
        }
        if (*pos != '#') {
            *stop = '\0';
            rc = line_cut(build, pos, stop);
            if (rc == ERR_OK && build->word_count > 0) {
                rc = line_read(build);
            }
        }
        if (rc != ERR_OK) {
            return rc;
        }
        pos = stop + 1;
    }
    return ERR_OK;
}

/* UTF-8 without controls but LF: docs/schema.md, "Packs". */
static bool
text_is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] < 0x20 && text.data[i] != '\n') ||
            text.data[i] == 0x7f) {
            return false;
        }
    }
    return bytes_are_utf8(text);
}

static void
build_free(struct schema_build *build)
{
    if (build == NULL) {
        return;
    }
    mem_free(build->list_notes);
    mem_free(build->ladder_notes);
    mem_free(build->kind_notes);
    mem_free(build->field_notes);
    mem_free(build->mark_notes);
    mem_free(build->label_notes);
    if (build->store != NULL) {
        schema_free(&build->store->schema);
    }
    mem_free(build);
}

static enum err
build_new(struct bytes text, struct schema_build **out)
{
    struct schema_build *build = mem_zalloc(1, sizeof(*build));

    if (build == NULL) {
        return ERR_NOMEM;
    }
    build->store = mem_zalloc(1, sizeof(*build->store));
    if (build->store != NULL) {
        build->store->text = mem_copy(text.data, text.size);
    }
    if (build->store == NULL || build->store->text == NULL) {
        build_free(build);
        return ERR_NOMEM;
    }
    *out = build;
    return ERR_OK;
}

enum err
schema_parse(struct bytes text, struct schema **out, uint32_t *out_line)
{
    struct schema_build *build = NULL;
    uint32_t line = 0;
    enum err rc = ERR_OK;

    if (text.size > SCHEMA_SIZE_MAX) {
        rc = ERR_TOO_BIG;
        goto out;
    }
    if (text.size == 0 || !text_is_plain(text)) {
        rc = ERR_MALFORMED;
        goto out;
    }
    rc = build_new(text, &build);
    if (rc != ERR_OK) {
        goto out;
    }
    rc = lines_read(build, text.size);
    if (rc == ERR_OK) {
        rc = schema_check(build);
    }
    line = build->line;
    if (rc == ERR_OK) {
        *out = &build->store->schema;
        build->store = NULL;
    }
out:
    if (rc != ERR_OK && out_line != NULL) {
        *out_line = line;
    }
    build_free(build);
    return rc;
}
