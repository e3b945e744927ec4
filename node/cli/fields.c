/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line as JSON. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/cli/cli.h"
#include "node/cli/sheet.h"
#include "sync/model/value.h"

json_t *
cli_split(const char *text)
{
    json_t *array = json_array();

    while (*text != '\0') {
        size_t size = strcspn(text, ",");

        if (size > 0 &&
            json_array_append_new(array, json_stringn(text, size)) != 0) {
            json_decref(array);
            return NULL;
        }
        text += size + (text[size] == '\0' ? 0 : 1);
    }
    return array;
}

void
cli_put_list(struct sheet *sheet, const json_t *array)
{
    struct buf text = {0};

    for (size_t i = 0; i < json_array_size(array); i++) {
        buf_put_text(&text, i == 0 ? "" : ", ");
        buf_put_text(&text, json_string_value(json_array_get(array, i)));
    }
    buf_put_u8(&text, 0);
    sheet_put(sheet, buf_err(&text) == ERR_OK ? (const char *)text.data : NULL);
    buf_release(&text);
}

/* A second value under one name makes a list of them. */
static bool
put_value(json_t *fields, const char *name, json_t *value, bool is_many)
{
    json_t *old = json_object_get(fields, name);
    json_t *list = NULL;

    if (old == NULL) {
        return json_object_set_new(fields, name, value) == 0;
    }
    if (!is_many) {
        json_decref(value);
        return false;
    }
    if (json_is_array(old)) {
        return json_array_append_new(old, value) == 0;
    }
    list = json_array();
    return json_array_append(list, old) == 0 &&
           json_array_append_new(list, value) == 0 &&
           json_object_set_new(fields, name, list) == 0;
}

/* A value of the greatest size, its name, and a line's end. */
enum { LINE_BYTES_MAX = VALUE_SIZE_MAX + 128 };

/* "FIELD", "FIELD+", "FIELD-" of one word; false: it is not of that form. */
static bool
put_word(json_t *fields, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t size = equals == NULL ? 0 : (size_t)(equals - word);
    char name[64];
    bool is_many = size > 0 && (word[size - 1] == '+' || word[size - 1] == '-');
    json_t *value = NULL;

    if (size == 0 || size >= sizeof(name)) {
        return false;
    }
    memcpy(name, word, size);
    name[size] = '\0';
    /* "FIELD=" says that there is no value. */
    value = equals[1] == '\0' ? json_null() : json_string(equals + 1);
    return value != NULL && put_value(fields, name, value, is_many);
}

/*
 * Words of the command line are seen by whoever lists the processes of the
 * machine; what is read from standard input is not.
 */
static bool
put_lines(json_t *fields)
{
    char line[LINE_BYTES_MAX];
    bool is_good = true;

    while (is_good && fgets(line, sizeof(line), stdin) != NULL) {
        size_t size = strcspn(line, "\r\n");

        is_good = line[size] != '\0' || feof(stdin) != 0;
        line[size] = '\0';
        is_good = is_good && (size == 0 || put_word(fields, line));
    }
    mem_wipe(line, sizeof(line));
    return is_good;
}

json_t *
cli_fields(struct cli *cli, size_t first)
{
    json_t *fields = json_object();

    for (size_t i = first; i < cli->args.count; i++) {
        const char *word = cli->args.words[i];

        if (strcmp(word, "-") == 0 ? !put_lines(fields)
                                   : !put_word(fields, word)) {
            json_decref(fields);
            (void)cli_usage(cli,
                "word %zu is not FIELD=VALUE in UTF-8, or its field stands "
                "there twice",
                i + 1);
            return NULL;
        }
    }
    return fields;
}
