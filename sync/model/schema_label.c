/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: what to call kinds, fields and codes in a language. */
#include <string.h>

#include "sync/model/schema_internal.h"

/* What a label is looked up by. */
struct key {
    enum schema_target target;
    struct bytes scope;
    struct bytes name;
    struct bytes lang;
};

static int
key_compare(const struct key *key, const struct schema_label *label)
{
    int order = (int)key->target - (int)label->target;

    if (order == 0) {
        order = bytes_compare(key->scope, bytes_text(label->scope));
    }
    if (order == 0) {
        order = bytes_compare(key->name, bytes_text(label->name));
    }
    if (order == 0) {
        order = bytes_compare(key->lang, bytes_text(label->lang));
    }
    return order;
}

int
schema_label_compare(const struct schema_label *a, const struct schema_label *b)
{
    struct key key = {a->target, bytes_text(a->scope), bytes_text(a->name),
        bytes_text(a->lang)};

    return key_compare(&key, b);
}

static const char *
label_find(const struct schema *schema, const struct key *key)
{
    size_t low = 0;
    size_t high = schema->label_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = key_compare(key, &schema->labels[middle]);

        if (order == 0) {
            return schema->labels[middle].text;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const char *
label_or_english(
    const struct schema *schema, const struct key *key, const char *lang)
{
    struct key wanted = *key;
    const char *text = NULL;

    wanted.lang = bytes_text(lang);
    text = label_find(schema, &wanted);
    if (text == NULL) {
        wanted.lang = bytes_text("en");
        text = label_find(schema, &wanted);
    }
    return text;
}

const char *
schema_label(const struct schema *schema, const char *target, const char *lang)
{
    struct key key = {TARGET_KIND, bytes_text(target), {NULL, 0}, {NULL, 0}};
    const char *at = strchr(target, ':');

    if (at != NULL) {
        key.target = TARGET_CODE;
    } else {
        at = strchr(target, '.');
        key.target = at == NULL ? TARGET_KIND : TARGET_FIELD;
    }
    if (at != NULL) {
        key.scope.size = (size_t)(at - target);
        key.name = bytes_text(at + 1);
    }
    if (key.target == TARGET_CODE &&
        bytes_equal(key.scope, bytes_text("mark"))) {
        key.target = TARGET_MARK;
    }
    return label_or_english(schema, &key, lang);
}

const char *
schema_kind_label(const struct schema *schema, const struct schema_kind *kind,
    const char *lang)
{
    struct key key = {
        TARGET_KIND, bytes_text(kind->name), {NULL, 0}, {NULL, 0}};
    const char *text = label_or_english(schema, &key, lang);

    return text == NULL ? kind->name : text;
}

const char *
schema_field_label(const struct schema *schema, const struct schema_kind *kind,
    const struct schema_field *field, const char *lang)
{
    struct key key = {TARGET_FIELD, bytes_text(kind->name),
        bytes_text(field->name), {NULL, 0}};
    const char *text = label_or_english(schema, &key, lang);

    return text == NULL ? field->name : text;
}

const char *
schema_code_label(const struct schema *schema, const struct schema_field *field,
    struct bytes code, const char *lang)
{
    struct key key = {TARGET_CODE, {NULL, 0}, code, {NULL, 0}};

    if (field->list == NULL && field->ladder == NULL) {
        return NULL;
    }
    key.scope = bytes_text(
        field->list != NULL ? field->list->name : field->ladder->name);
    return label_or_english(schema, &key, lang);
}
