/* SPDX-License-Identifier: Apache-2.0 */
#include "node/sample/sample.h"

#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/hash.h"
#include "node/values/value_json.h"
#include "sync/model/schema.h"
#include "sync/packs/packs.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

enum {
    FILES = 300,
    NAMES_MAX = 16 /* records of one file */
};

/* What the lines of one file have made so far. */
struct reader {
    const struct schema *schema;
    char names[NAMES_MAX][24];
    const struct schema_kind *kinds[NAMES_MAX];
    size_t count;
    size_t values;
    size_t kind_counts[32];
};

static const struct schema_kind *
kind_named(const struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->count; i++) {
        if (strcmp(reader->names[i], name) == 0) {
            return reader->kinds[i];
        }
    }
    return NULL;
}

/* Convert one value, or name the field that would not take it. */
static void
take_value(
    struct reader *reader, const struct schema_field *field, const json_t *json)
{
    const char *text = json_string_value(json);
    struct err_msg msg = {0};
    struct buf out = {0};
    enum err rc = ERR_OK;

    if (field->type == VALUE_REF && text != NULL && text[0] == '#') {
        const struct schema_kind *kind = kind_named(reader, text);

        ck_assert_msg(kind != NULL, "%s: %s", field->name, text);
        ck_assert(field->ref_kind == 0 || field->ref_kind == kind->number);
        return;
    }
    rc = field_from_json(field, json, &out, &msg);
    ck_assert_msg(rc == ERR_OK, "%s: %s", field->name, msg.text);
    reader->values++;
    buf_release(&out);
}

static void
take_field(struct reader *reader, const struct schema_kind *kind,
    const char *name, const json_t *json)
{
    size_t size = strlen(name);
    bool adds = size > 0 && name[size - 1] == '+';
    const struct schema_field *field =
        schema_field_by_name(kind, bytes_of(name, adds ? size - 1 : size));

    ck_assert_msg(field != NULL, "%s.%s", kind->name, name);
    ck_assert_msg(
        adds == (field->rule == RULE_SET || field->rule == RULE_BAN ||
                    field->rule == RULE_JOURNAL || field->rule == RULE_LEDGER),
        "%s.%s", kind->name, name);
    if (adds && json_is_array(json)) {
        for (size_t i = 0; i < json_array_size(json); i++) {
            take_value(reader, field, json_array_get(json, i));
        }
    } else {
        take_value(reader, field, json);
    }
}

static void
take_line(struct reader *reader, const char *text, size_t size)
{
    json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(line, "id"));
    const char *made = json_string_value(json_object_get(line, "kind"));
    const struct schema_kind *kind = NULL;
    const char *name = NULL;
    json_t *value = NULL;

    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_nonnull(id);
    if (made != NULL) {
        kind = schema_kind_by_name(reader->schema, bytes_text(made));
        ck_assert_ptr_nonnull(kind);
        ck_assert_ptr_null(kind_named(reader, id));
        ck_assert_uint_lt(reader->count, NAMES_MAX);
        strncpy(reader->names[reader->count], id, 23);
        reader->kinds[reader->count++] = kind;
        reader->kind_counts[kind->number]++;
    } else {
        kind = kind_named(reader, id);
    }
    ck_assert_msg(kind != NULL, "%s", id);
    json_object_foreach(line, name, value)
    {
        if (strcmp(name, "parent") == 0) {
            const struct schema_kind *parent =
                kind_named(reader, json_string_value(value));

            ck_assert(parent != NULL && parent->number == kind->parent);
        } else if (strcmp(name, "id") != 0 && strcmp(name, "kind") != 0) {
            take_field(reader, kind, name, value);
        }
    }
    json_decref(line);
}

static void
take_text(struct reader *reader, struct bytes text)
{
    size_t start = 0;

    reader->count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n') {
            take_line(reader, (const char *)text.data + start, i - start);
            start = i + 1;
        }
    }
    ck_assert_uint_eq(start, text.size);
}

START_TEST(all_files_are_of_the_mekong_pack)
{
    struct sample_options options = {.seed = prng_seed(7)};
    struct reader reader = {0};
    struct schema *schema = NULL;

    ck_assert_int_eq(schema_parse(*pack_text("mekong"), &schema, NULL), ERR_OK);
    reader.schema = schema;
    for (uint64_t number = 0; number < FILES; number++) {
        struct buf out = {0};

        ck_assert_int_eq(sample_file(&options, number, &out), ERR_OK);
        take_text(&reader, buf_bytes(&out));
        buf_release(&out);
    }
    ck_assert_uint_eq(reader.kind_counts[2], FILES);
    ck_assert_uint_eq(reader.kind_counts[3], FILES);
    /* claim referral complaint agency notice consent: each now and then */
    ck_assert_uint_gt(reader.kind_counts[4], FILES / 10);
    ck_assert_uint_gt(reader.kind_counts[5], FILES / 20);
    ck_assert_uint_gt(reader.kind_counts[6], 0);
    ck_assert_uint_gt(reader.kind_counts[7], 0);
    ck_assert_uint_gt(reader.kind_counts[12], 0);
    ck_assert_uint_gt(reader.kind_counts[22], 0);
    ck_assert_uint_gt(reader.values, FILES * 20);
    schema_free(schema);
}
END_TEST

START_TEST(the_same_seed_and_number_give_the_same_bytes)
{
    /* Written out, so that another compiler or machine is compared too. */
    static const char expected[] =
        "{\"id\":\"#c1\",\"status\":\"open\",\"notes+\":{\"text\":\"Met 12"
        " workers at the factory\",\"lang\":\"en\"}}\n"
        "{\"kind\":\"case\",\"id\":\"#c13\",\"no\":\"BKKC-2026-000013-0\""
        ",\"pseudonym\":\"Red Heron 416\",\"status\":\"new\",\"country"
        "\":\"TH\",\"issues+\":[\"registration\",\"repatriation\"],\"ri"
        "sk\":\"low\",\"due\":\"2026-12-03\",\"summary\":{\"text\":\"Ill,"
        " unable to work for 6 days\",\"lang\":\"en\"},\"isco\":\"911"
        "1\",\"isic\":\"F\"}\n";
    struct sample_options options = {.seed = 1};
    struct buf out = {0};

    ck_assert_int_eq(sample_update(&options, 1, 1, &out), ERR_OK);
    ck_assert_int_eq(sample_case(&options, 13, &out), ERR_OK);
    buf_put_u8(&out, 0);
    ck_assert_str_eq((const char *)out.data, expected);
    buf_release(&out);
}
END_TEST

START_TEST(many_files_are_the_same_everywhere)
{
    static const char expected[] = "8aa19851de1cea2713c10115bfbde504"
                                   "ff800727bfef5137b4f5f167873e3375";
    struct sample_options options = {.seed = 1};
    struct buf out = {0};
    struct hash hash = {{0}};
    char hex[2 * sizeof(hash.bytes) + 1];

    for (uint64_t number = 0; number < FILES; number++) {
        ck_assert_int_eq(sample_file(&options, number, &out), ERR_OK);
    }
    hash_sha256(&hash, buf_bytes(&out));
    hex_encode(hex, bytes_hash(&hash));
    ck_assert_str_eq(hex, expected);
    buf_release(&out);
}
END_TEST

START_TEST(other_seeds_and_numbers_give_other_files)
{
    struct sample_options options = {.seed = 1};
    struct buf one = {0};
    struct buf other = {0};

    ck_assert_int_eq(sample_case(&options, 5, &one), ERR_OK);
    ck_assert_int_eq(sample_case(&options, 6, &other), ERR_OK);
    ck_assert(!bytes_equal(buf_bytes(&one), buf_bytes(&other)));
    buf_clear(&other);
    options.seed = 2;
    ck_assert_int_eq(sample_case(&options, 5, &other), ERR_OK);
    ck_assert(!bytes_equal(buf_bytes(&one), buf_bytes(&other)));
    buf_release(&one);
    buf_release(&other);
}
END_TEST

START_TEST(offices_are_those_that_are_given)
{
    static const char office[] = "000102030405060708090a0b0c0d0e0f"
                                 "101112131415161718191a1b1c1d1e1f";
    const char *const offices[] = {office};
    struct sample_options options = {1, offices, 1};
    struct buf out = {0};

    for (uint64_t number = 0; number < 60; number++) {
        ck_assert_int_eq(sample_file(&options, number, &out), ERR_OK);
    }
    buf_put_u8(&out, 0);
    ck_assert_ptr_nonnull(strstr((const char *)out.data, office));
    buf_release(&out);
}
END_TEST

START_TEST(without_room_nothing_is_left_behind)
{
    struct sample_options options = {.seed = 1};
    struct buf out = {.limit = 300};

    ck_assert_int_eq(sample_file(&options, 0, &out), ERR_TOO_BIG);
    ck_assert_uint_eq(out.size, 0);
    buf_release(&out);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sample");
    TCase *files = tcase_create("files");

    tcase_add_test(files, all_files_are_of_the_mekong_pack);
    tcase_add_test(files, the_same_seed_and_number_give_the_same_bytes);
    tcase_add_test(files, many_files_are_the_same_everywhere);
    tcase_add_test(files, other_seeds_and_numbers_give_other_files);
    tcase_add_test(files, offices_are_those_that_are_given);
    tcase_add_test(files, without_room_nothing_is_left_behind);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
