/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line as a request's fields. */
#include <string.h>

#include "crypto/base/buf.h"
#include "node/cli/cli.h"

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

json_t *
cli_fields(struct cli *cli, size_t first)
{
    json_t *fields = json_object();

    for (size_t i = first; i < cli->args.count; i++) {
        if (!put_word(fields, cli->args.words[i])) {
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
