/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/packs/packs.h"

#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/hash.h"
#include "sync/model/change.h"
#include "sync/model/schema.h"
#include "tests/lib/run.h"

static struct schema *schema;

static void
setup(void)
{
    uint32_t line = 0;
    enum err rc = schema_parse(*pack_text("mekong"), &schema, &line);

    ck_assert_msg(rc == ERR_OK, "%s at line %u", err_text(rc), line);
}

static void
teardown(void)
{
    schema_free(schema);
}

static const struct schema_field *
field_of(const char *kind, const char *field)
{
    const struct schema_field *found = schema_field_by_name(
        schema_kind_by_name(schema, bytes_text(kind)), bytes_text(field));

    ck_assert_msg(found != NULL, "%s.%s", kind, field);
    return found;
}

START_TEST(a_pack_that_is_not_built_in_is_not_found)
{
    ck_assert_ptr_null(pack_text("danube"));
    ck_assert_ptr_null(pack_text(""));
}
END_TEST

START_TEST(mekong_has_its_kinds)
{
    static const struct {
        const char *name;
        uint16_t number;
        enum schema_class class;
    } kinds[] = {
        {"person", 2, CLASS_SEALED},
        {"case", 3, CLASS_CASE},
        {"claim", 4, CLASS_CASE},
        {"referral", 5, CLASS_CASE},
        {"complaint", 6, CLASS_CASE},
        {"agency", 7, CLASS_PUBLIC},
        {"notice", 12, CLASS_PUBLIC},
        {"consent", 22, CLASS_SEALED},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct schema_kind *kind = schema_kind(schema, kinds[i].number);

        ck_assert_msg(kind != NULL, "%s", kinds[i].name);
        ck_assert_str_eq(kind->name, kinds[i].name);
        ck_assert_int_eq(kind->class, kinds[i].class);
    }
}
END_TEST

/* What tells who or where somebody is stands under the sealed key. */
START_TEST(mekong_seals_what_could_harm)
{
    static const char *const fields[][2] = {
        {"person", "names"},
        {"person", "ids"},
        {"case", "doc_status"},
        {"case", "channel"},
        {"case", "workplace"},
        {"case", "excluded"},
        {"claim", "insured_no"},
        {"claim", "payout"},
        {"complaint", "excluded"},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        ck_assert_msg(
            field_of(fields[i][0], fields[i][1])->class == CLASS_SEALED,
            "%s.%s", fields[i][0], fields[i][1]);
    }
}
END_TEST

START_TEST(mekong_keeps_allegations_among_members)
{
    ck_assert_int_eq(field_of("agency", "allegations")->class, CLASS_MEMBERS);
    ck_assert_int_eq(field_of("agency", "licence")->class, CLASS_PUBLIC);
}
END_TEST

/* In each row a wins over b, or (wins false) the pair goes to review. */
static const struct {
    const char *ladder;
    const char *a;
    const char *b;
    bool wins;
} pairs[] = {
    {"case_status", "open", "closed", true},
    {"case_status", "reopened", "in_service", true},
    {"case_status", "in_service", "waiting_office", true},
    {"case_status", "waiting_person", "resolved", true},
    {"case_status", "waiting_person", "waiting_office", false},
    {"claim_status", "filed", "lapsed", true},
    {"claim_status", "assessed", "more_documents", true},
    {"claim_status", "approved", "closed", true},
    {"claim_status", "approved", "rejected", false},
    {"complaint_stage", "withdrawn", "conciliation", false},
    {"complaint_stage", "withdrawn", "closed", false},
    {"complaint_stage", "enforced", "decided", true},
    {"referral_state", "recalled", "accepted", true},
    {"referral_state", "done", "expired", true},
    {"referral_state", "recalled", "done", false},
    {"licence", "revoked", "valid", true},
};

START_TEST(mekong_ladders_name_the_winner)
{
    const struct schema_ladder *ladder =
        schema_ladder_by_name(schema, bytes_text(pairs[_i].ladder));
    struct bytes a = bytes_text(pairs[_i].a);
    struct bytes b = bytes_text(pairs[_i].b);

    ck_assert_ptr_nonnull(ladder);
    ck_assert_uint_ne(schema_ladder_find(ladder, a), SIZE_MAX);
    ck_assert_uint_ne(schema_ladder_find(ladder, b), SIZE_MAX);
    ck_assert_int_eq(schema_ladder_beats(ladder, a, b), pairs[_i].wins);
    ck_assert(!schema_ladder_beats(ladder, b, a));
}
END_TEST

START_TEST(mekong_rules_are_those_of_the_offices)
{
    ck_assert_int_eq(field_of("case", "risk")->rule, RULE_HIGHEST);
    ck_assert_int_eq(field_of("case", "due")->rule, RULE_LOWEST);
    ck_assert_int_eq(field_of("case", "owner")->rule, RULE_OWNER);
    ck_assert_int_eq(field_of("claim", "money")->rule, RULE_LEDGER);
    ck_assert_int_eq(field_of("person", "unsafe")->rule, RULE_BAN);
    ck_assert_int_eq(field_of("person", "born")->rule, RULE_REVIEW);
    ck_assert_int_eq(field_of("consent", "withdrawn")->rule, RULE_RESTRICT);
    ck_assert_uint_eq(field_of("agency", "licence")->authority,
        field_of("agency", "authority")->number);
    ck_assert_uint_eq(field_of("claim", "decision")->authority,
        field_of("claim", "decider")->number);
}
END_TEST

START_TEST(mekong_labels_all_kinds_fields_states_and_marks_in_english)
{
    for (size_t i = 0; i < schema->kind_count; i++) {
        const struct schema_kind *kind = &schema->kinds[i];

        if (!kind->reserved) {
            ck_assert_ptr_nonnull(schema_label(schema, kind->name, "en"));
        }
        for (size_t j = 0; j < kind->count; j++) {
            ck_assert_ptr_ne(
                schema_field_label(schema, kind, &kind->fields[j], "en"),
                kind->fields[j].name);
        }
    }
    for (size_t i = 0; i < schema->ladder_count; i++) {
        const struct schema_ladder *ladder = &schema->ladders[i];
        struct schema_field field = {.ladder = ladder};

        for (size_t j = 0; j < ladder->count; j++) {
            ck_assert_msg(schema_code_label(schema, &field,
                              bytes_text(ladder->states[j]), "en") != NULL,
                "%s:%s", ladder->name, ladder->states[j]);
        }
    }
    for (size_t i = 0; i < schema->mark_count; i++) {
        char target[64] = "mark:";

        strncat(target, schema->marks[i].name, SCHEMA_WORD_MAX);
        ck_assert_ptr_nonnull(schema_label(schema, target, "en"));
    }
}
END_TEST

START_TEST(a_dictionary_that_is_not_built_in_is_not_found)
{
    ck_assert_ptr_null(pack_dictionary(0));
    ck_assert_ptr_null(pack_dictionary(2));
    ck_assert_ptr_nonnull(pack_dictionary(PACK_DICTIONARY_MEKONG));
}
END_TEST

/* What was written with it must stay readable: it never changes. */
START_TEST(the_dictionary_is_the_protocols)
{
    static const char expected[] = "8151715eddd3bfca7cbf86de6e90ca0d"
                                   "1d7daa6d96910efe08f0f62eb2441922";
    struct hash hash = {{0}};
    char hex[2 * sizeof(hash.bytes) + 1];

    hash_sha256(&hash, *pack_dictionary(PACK_DICTIONARY_MEKONG));
    hex_encode(hex, bytes_hash(&hash));
    ck_assert_str_eq(hex, expected);
}
END_TEST

START_TEST(a_change_packed_with_the_dictionary_comes_back)
{
    struct bytes dictionary = *pack_dictionary(PACK_DICTIONARY_MEKONG);
    struct bytes plain =
        bytes_text("waiting_office waiting_person waiting_office");
    struct codec *codec = NULL;
    struct buf padded = {0};
    struct buf again = {0};
    uint32_t id = 0;

    ck_assert_int_eq(
        codec_new(&codec, PACK_DICTIONARY_MEKONG, dictionary), ERR_OK);
    ck_assert_int_eq(codec_pack(codec, &padded, plain), ERR_OK);
    ck_assert_int_eq(codec_dictionary_id(&id, buf_bytes(&padded)), ERR_OK);
    ck_assert_uint_eq(id, PACK_DICTIONARY_MEKONG);
    ck_assert_int_eq(codec_unpack(codec, &again, buf_bytes(&padded)), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&again), plain));
    buf_release(&padded);
    buf_release(&again);
    codec_free(codec);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("packs");
    TCase *mekong = tcase_create("mekong");

    tcase_add_checked_fixture(mekong, setup, teardown);
    tcase_add_test(mekong, a_pack_that_is_not_built_in_is_not_found);
    tcase_add_test(mekong, mekong_has_its_kinds);
    tcase_add_test(mekong, mekong_seals_what_could_harm);
    tcase_add_test(mekong, mekong_keeps_allegations_among_members);
    tcase_add_loop_test(mekong, mekong_ladders_name_the_winner, 0,
        sizeof(pairs) / sizeof(pairs[0]));
    tcase_add_test(mekong, mekong_rules_are_those_of_the_offices);
    tcase_add_test(
        mekong, mekong_labels_all_kinds_fields_states_and_marks_in_english);
    tcase_add_test(mekong, a_dictionary_that_is_not_built_in_is_not_found);
    tcase_add_test(mekong, the_dictionary_is_the_protocols);
    tcase_add_test(mekong, a_change_packed_with_the_dictionary_comes_back);
    suite_add_tcase(suite, mekong);
    return run_suite(suite);
}
