/* SPDX-License-Identifier: Apache-2.0 */
#include "node/import/rows.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "node/import/csv.h"
#include "node/import/line.h"

/* A row's hash and how often it came: an open-addressing table. */
struct seen {
    uint64_t hash[2];
    uint32_t count; /* 0: a free slot */
};

struct rows {
    bool is_csv;
    struct csv csv;
    struct line_reader lines;
    json_t *names; /* of the columns: an array of strings */
    struct seen *seen;
    size_t seen_count;
    size_t seen_slots; /* a power of two, at most half full */
};

enum { SEEN_SLOTS_MIN = 1024 };

enum err
rows_new(struct rows **out, struct source *source, bool is_csv)
{
    struct rows *rows = mem_zalloc(1, sizeof(*rows));

    if (rows == NULL) {
        return ERR_NOMEM;
    }
    rows->is_csv = is_csv;
    csv_init(&rows->csv, source);
    line_reader_init(&rows->lines, source, ROWS_LINE_BYTES_MAX);
    *out = rows;
    return ERR_OK;
}

void
rows_free(struct rows *rows)
{
    if (rows == NULL) {
        return;
    }
    csv_release(&rows->csv);
    line_reader_release(&rows->lines);
    json_decref(rows->names);
    mem_free(rows->seen);
    mem_free(rows);
}

static struct seen *
seen_slot(struct seen *slots, size_t count, const uint64_t hash[2])
{
    size_t at = (size_t)hash[0] & (count - 1);

    while (slots[at].count > 0 &&
           memcmp(slots[at].hash, hash, sizeof(slots[at].hash)) != 0) {
        at = (at + 1) & (count - 1);
    }
    return &slots[at];
}

static enum err
seen_grow(struct rows *rows)
{
    size_t count =
        rows->seen_slots == 0 ? SEEN_SLOTS_MIN : rows->seen_slots * 2;
    struct seen *slots = NULL;

    if (rows->seen_count * 2 < rows->seen_slots) {
        return ERR_OK;
    }
    slots = mem_zalloc(count, sizeof(*slots));
    if (slots == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < rows->seen_slots; i++) {
        if (rows->seen[i].count > 0) {
            *seen_slot(slots, count, rows->seen[i].hash) = rows->seen[i];
        }
    }
    mem_free(rows->seen);
    rows->seen = slots;
    rows->seen_slots = count;
    return ERR_OK;
}

/* How often this row stood before. */
static enum err
count_repeats(struct rows *rows, struct bytes row, uint32_t *out)
{
    struct hash hash;
    uint64_t key[2];
    struct seen *slot = NULL;
    enum err rc = seen_grow(rows);

    if (rc != ERR_OK) {
        return rc;
    }
    hash_blake2b(&hash, row);
    memcpy(key, hash.bytes, sizeof(key));
    slot = seen_slot(rows->seen, rows->seen_slots, key);
    if (slot->count == 0) {
        memcpy(slot->hash, key, sizeof(key));
        rows->seen_count++;
    }
    *out = slot->count;
    slot->count++;
    return ERR_OK;
}

/* The first row: names, each once. */
static enum err
read_names(struct rows *rows, struct err_msg *msg)
{
    json_t *names = json_array();
    enum err rc = csv_next(&rows->csv, msg);

    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        /* Without its first row a table says nothing. */
        rc = err_prefix(msg, ERR_CONFIG, "the first row");
    }
    for (size_t i = 0; rc == ERR_OK && i < rows->csv.count; i++) {
        struct bytes cell = csv_cell(&rows->csv, i);

        if (json_array_append_new(
                names, json_stringn((const char *)cell.data, cell.size)) != 0) {
            rc = err_set(msg, ERR_NOMEM, "no memory");
        }
    }
    if (rc != ERR_OK) {
        json_decref(names);
        return rc;
    }
    rows->names = names;
    return ERR_OK;
}

static enum err
put_cell(struct rows *rows, json_t *object, size_t n, struct err_msg *msg)
{
    const char *name = json_string_value(json_array_get(rows->names, n));
    struct bytes cell = csv_cell(&rows->csv, n);

    if (cell.size == 0) {
        return ERR_OK;
    }
    /* What an export puts before a text that looks like a formula. */
    if (cell.size > 1 && cell.data[0] == '\'' &&
        strchr("=@+-", cell.data[1]) != NULL && cell.data[1] != '\0') {
        cell.data++;
        cell.size--;
    }
    if (name == NULL || name[0] == '\0') {
        return err_set(
            msg, ERR_MALFORMED, "cell %zu has no name in the first row", n + 1);
    }
    if (json_object_get(object, name) != NULL) {
        return err_set(msg, ERR_MALFORMED,
            "two columns have the same name in the first row");
    }
    if (json_object_set_new(object, name,
            json_stringn((const char *)cell.data, cell.size)) != 0) {
        return err_set(msg, ERR_MALFORMED, "cell %zu is not text", n + 1);
    }
    return ERR_OK;
}

static enum err
next_csv(struct rows *rows, struct rows_row *out, struct bytes *row,
    struct err_msg *msg)
{
    json_t *object = NULL;
    enum err rc = ERR_OK;

    if (rows->names == NULL) {
        rc = read_names(rows, msg);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    rc = csv_next(&rows->csv, msg);
    out->line = rows->csv.line;
    if (rc != ERR_OK) {
        return rc;
    }
    object = json_object();
    for (size_t i = 0; i < rows->csv.count && rc == ERR_OK; i++) {
        rc = put_cell(rows, object, i, msg);
    }
    if (rc != ERR_OK) {
        json_decref(object);
        return rc;
    }
    *row = rows->csv.row;
    out->json = object;
    return ERR_OK;
}

static enum err
next_json(struct rows *rows, struct rows_row *out, struct bytes *row,
    struct err_msg *msg)
{
    json_error_t error;
    enum err rc = line_reader_next(&rows->lines, row, msg);

    out->line = rows->lines.line;
    if (rc != ERR_OK) {
        return rc;
    }
    out->json = json_loadb(
        (const char *)row->data, row->size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(out->json)) {
        json_decref(out->json);
        out->json = NULL;
        /* jansson's text may quote the line, which may be personal. */
        return err_set(msg, ERR_MALFORMED,
            "not one JSON object, at character %d", error.column);
    }
    return ERR_OK;
}

enum err
rows_next(struct rows *rows, struct rows_row *out, struct err_msg *msg)
{
    struct rows_row row = {0};
    struct bytes raw = {NULL, 0};
    enum err rc = rows->is_csv ? next_csv(rows, &row, &raw, msg)
                               : next_json(rows, &row, &raw, msg);

    if (rc == ERR_OK) {
        rc = count_repeats(rows, raw, &row.repeats);
    }
    if (rc != ERR_OK) {
        json_decref(row.json);
        out->line = row.line;
        return rc;
    }
    *out = row;
    return ERR_OK;
}
