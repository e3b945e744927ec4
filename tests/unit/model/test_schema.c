/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/schema.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/buf.h"
#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "tests/lib/run.h"

/* A small pack with one of everything. */
static const char pack[] =
    "# A comment \"of any form\n"
    "\n"
    "pack trial 3\n"
    "language en km\n"
    "list country KH TH\n"
    "more LA\n"
    "list risk low high\n"
    "list pay claimed paid\n"
    "ladder status new open waiting_person waiting_office closed\n"
    "  order open > waiting_person waiting_office > new\n"
    "  order open waiting_person waiting_office > closed\n"
    "  apart closed new\n"
    "  steps open waiting_person closed\n"
    "reserved 1 office\n"
    "kind 2 person sealed \"Person\"\n"
    "  field 1 name nm set \"Name\"\n"
    "kind 3 case case \"Case\"\n"
    "  field 1 no tx once listed \"Number\"\n"
    "  field 2 status state<status> ladder listed\n"
    "  retired 3\n"
    "  field 4 country code<country> review sealed \"Country\"\n"
    "  field 5 risk code<risk> highest\n"
    "  field 6 due dt lowest deadline\n"
    "  field 7 owner office owner\n"
    "  field 8 licence code<risk> authority by owner allegation said\n"
    "  field 9 said ev<pay> journal\n"
    "  field 10 own code<risk> authority by creator\n"
    "  field 11 person ref<person> once\n"
    "  field 12 lands codes<country> restrict\n"
    "kind 4 claim case parent case\n"
    "  field 1 money le<pay> ledger\n"
    "mark closer case.status closed by-other owner\n"
    "mark clash case.status closed conflict\n"
    "label case km \"ករណី\"\n"
    "label case.status en \"Status\" km \"ស្ថានភាព\"\n"
    "label country:TH en \"Thailand\"\n"
    "label status:open en \"Open\"\n"
    "label mark:closer en \"Closed by another office than the owner\"\n";

struct fixture {
    struct schema *schema;
};
static struct fixture fixture;

static void
setup(void)
{
    uint32_t line = 0;
    enum err rc = schema_parse(bytes_text(pack), &fixture.schema, &line);

    ck_assert_msg(rc == ERR_OK, "%s at line %u", err_text(rc), line);
}

static void
teardown(void)
{
    schema_free(fixture.schema);
}

static const struct schema_field *
field_of(const char *kind, const char *field)
{
    const struct schema_field *found = schema_field_by_name(
        schema_kind_by_name(fixture.schema, bytes_text(kind)),
        bytes_text(field));

    ck_assert_ptr_nonnull(found);
    return found;
}

START_TEST(a_pack_has_a_name_a_version_and_languages)
{
    ck_assert_str_eq(fixture.schema->name, "trial");
    ck_assert_uint_eq(fixture.schema->version, 3);
    ck_assert_uint_eq(fixture.schema->language_count, 2);
    ck_assert_str_eq(fixture.schema->languages[1], "km");
}
END_TEST

START_TEST(kinds_are_found_by_number_and_by_name)
{
    const struct schema_kind *kind = schema_kind(fixture.schema, 3);

    ck_assert_ptr_nonnull(kind);
    ck_assert_str_eq(kind->name, "case");
    ck_assert_int_eq(kind->class, CLASS_CASE);
    ck_assert_ptr_eq(
        kind, schema_kind_by_name(fixture.schema, bytes_text("case")));
    ck_assert_ptr_null(schema_kind(fixture.schema, 5));
    ck_assert_ptr_null(schema_kind(fixture.schema, 0x10003));
    ck_assert_ptr_null(
        schema_kind_by_name(fixture.schema, bytes_text("cases")));
}
END_TEST

START_TEST(a_reserved_kind_has_a_number_but_is_not_found)
{
    ck_assert_uint_eq(fixture.schema->kinds[0].number, 1);
    ck_assert(fixture.schema->kinds[0].reserved);
    ck_assert_ptr_null(schema_kind(fixture.schema, 1));
    ck_assert_ptr_null(
        schema_kind_by_name(fixture.schema, bytes_text("office")));
}
END_TEST

START_TEST(fields_are_found_by_number_and_retired_ones_are_not)
{
    const struct schema_kind *kind = schema_kind(fixture.schema, 3);

    ck_assert_str_eq(schema_field(kind, 4)->name, "country");
    ck_assert_ptr_null(schema_field(kind, 3));
    ck_assert_ptr_null(schema_field(kind, 0));
    ck_assert_ptr_null(schema_field(kind, 13));
    ck_assert_ptr_null(schema_field(NULL, 1));
    ck_assert_ptr_null(schema_field_by_name(kind, bytes_text("nothing")));
}
END_TEST

START_TEST(a_sub_record_names_its_parent_kind)
{
    ck_assert_uint_eq(schema_kind(fixture.schema, 4)->parent, 3);
    ck_assert_uint_eq(schema_kind(fixture.schema, 3)->parent, 0);
}
END_TEST

START_TEST(a_sealed_field_is_above_its_kind)
{
    ck_assert_int_eq(field_of("case", "country")->class, CLASS_SEALED);
    ck_assert_int_eq(field_of("case", "risk")->class, CLASS_CASE);
    ck_assert_int_eq(field_of("person", "name")->class, CLASS_SEALED);
}
END_TEST

START_TEST(parameters_lead_to_lists_ladders_and_kinds)
{
    ck_assert_str_eq(field_of("case", "country")->list->name, "country");
    ck_assert_uint_eq(field_of("case", "country")->list->count, 3);
    ck_assert_str_eq(field_of("case", "status")->ladder->name, "status");
    ck_assert_uint_eq(field_of("case", "person")->ref_kind, 2);
    ck_assert_ptr_null(field_of("case", "due")->list);
}
END_TEST

START_TEST(an_authority_is_a_field_or_the_creator)
{
    ck_assert_uint_eq(field_of("case", "licence")->authority, 7);
    ck_assert_uint_eq(field_of("case", "licence")->allegation, 9);
    ck_assert_uint_eq(field_of("case", "own")->authority, 0);
    ck_assert_uint_eq(field_of("case", "own")->allegation, 0);
}
END_TEST

START_TEST(flags_are_read)
{
    ck_assert(field_of("case", "no")->listed);
    ck_assert(!field_of("case", "risk")->listed);
    ck_assert(field_of("case", "due")->deadline);
}
END_TEST

START_TEST(marks_are_resolved)
{
    const struct schema_mark *mark = &fixture.schema->marks[0];

    ck_assert_uint_eq(fixture.schema->mark_count, 2);
    ck_assert_str_eq(mark->name, "closer");
    ck_assert_uint_eq(mark->kind, 3);
    ck_assert_uint_eq(mark->field, 2);
    ck_assert_str_eq(mark->code, "closed");
    ck_assert_int_eq(mark->when, MARK_BY_OTHER);
    ck_assert_uint_eq(mark->other, 7);
    ck_assert_int_eq(fixture.schema->marks[1].when, MARK_CONFLICT);
}
END_TEST

static bool
beats(const char *a, const char *b)
{
    return schema_ladder_beats(
        &fixture.schema->ladders[0], bytes_text(a), bytes_text(b));
}

START_TEST(a_state_beats_all_to_its_right)
{
    ck_assert(beats("open", "waiting_person"));
    ck_assert(beats("open", "new"));
    ck_assert(beats("waiting_office", "closed"));
    ck_assert(!beats("new", "open"));
}
END_TEST

START_TEST(states_without_a_winner_go_to_review)
{
    ck_assert(!beats("waiting_person", "waiting_office"));
    ck_assert(!beats("waiting_office", "waiting_person"));
    ck_assert(!beats("new", "closed"));
    ck_assert(!beats("open", "open"));
    ck_assert(!beats("open", "unheard_of"));
    ck_assert(!beats("unheard_of", "new"));
}
END_TEST

START_TEST(steps_are_offered_as_declared)
{
    ck_assert_uint_eq(fixture.schema->ladders[0].steps[1], 1U << 2 | 1U << 4);
    ck_assert_uint_eq(fixture.schema->ladders[0].steps[0], 0);
}
END_TEST

START_TEST(labels_fall_back_to_english_then_to_names)
{
    const struct schema *schema = fixture.schema;
    const struct schema_kind *kind = schema_kind(schema, 3);

    ck_assert_str_eq(schema_label(schema, "case", "km"), "ករណី");
    ck_assert_str_eq(schema_label(schema, "case", "lo"), "Case");
    ck_assert_str_eq(schema_label(schema, "case.status", "km"), "ស្ថានភាព");
    ck_assert_str_eq(schema_label(schema, "country:TH", "vi"), "Thailand");
    ck_assert_str_eq(schema_label(schema, "status:open", "en"), "Open");
    ck_assert_ptr_nonnull(schema_label(schema, "mark:closer", "en"));
    ck_assert_ptr_null(schema_label(schema, "country:LA", "en"));
    ck_assert_str_eq(schema_kind_label(schema, kind, "km"), "ករណី");
    ck_assert_str_eq(
        schema_field_label(schema, kind, field_of("case", "risk"), "km"),
        "risk");
    ck_assert_str_eq(schema_code_label(schema, field_of("case", "country"),
                         bytes_text("TH"), "km"),
        "Thailand");
    ck_assert_ptr_null(schema_code_label(
        schema, field_of("case", "due"), bytes_text("TH"), "en"));
}
END_TEST

/* One text item. */
static struct bytes
text_value(struct buf *buf, const char *text)
{
    buf_clear(buf);
    cbor_put_cstr(buf, text);
    ck_assert_int_eq(buf_err(buf), ERR_OK);
    return buf_bytes(buf);
}

START_TEST(an_unknown_code_is_kept_but_not_written_here)
{
    const struct schema_field *country = field_of("case", "country");
    const struct schema_field *status = field_of("case", "status");
    struct buf buf = {0};

    ck_assert_int_eq(
        schema_value_check(country, text_value(&buf, "VN")), ERR_OK);
    ck_assert_int_eq(
        schema_value_known(country, text_value(&buf, "VN")), ERR_NOT_FOUND);
    ck_assert_int_eq(
        schema_value_known(country, text_value(&buf, "LA")), ERR_OK);
    ck_assert_int_eq(
        schema_value_known(status, text_value(&buf, "gone")), ERR_NOT_FOUND);
    ck_assert_int_eq(
        schema_value_known(status, text_value(&buf, "open")), ERR_OK);
    ck_assert_int_eq(
        schema_value_known(status, text_value(&buf, "o p")), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

START_TEST(codes_within_values_are_looked_up)
{
    const struct schema_field *said = field_of("case", "said");
    const struct schema_field *lands = field_of("case", "lands");
    struct buf buf = {0};

    cbor_put_array(&buf, 3);
    cbor_put_null(&buf);
    cbor_put_cstr(&buf, "paid");
    cbor_put_null(&buf);
    ck_assert_int_eq(schema_value_known(said, buf_bytes(&buf)), ERR_OK);
    buf.data[3] = 'x';
    ck_assert_int_eq(schema_value_check(said, buf_bytes(&buf)), ERR_OK);
    ck_assert_int_eq(schema_value_known(said, buf_bytes(&buf)), ERR_NOT_FOUND);
    buf_clear(&buf);
    cbor_put_array(&buf, 2);
    cbor_put_cstr(&buf, "KH");
    cbor_put_cstr(&buf, "TH");
    ck_assert_int_eq(schema_value_known(lands, buf_bytes(&buf)), ERR_OK);
    buf.data[buf.size - 1] = 'Z';
    ck_assert_int_eq(schema_value_known(lands, buf_bytes(&buf)), ERR_NOT_FOUND);
    buf_release(&buf);
}
END_TEST

START_TEST(only_plain_registers_can_be_emptied)
{
    const uint8_t null_item = 0xf6;
    struct bytes none = bytes_of(&null_item, 1);

    ck_assert_int_eq(
        schema_value_check(field_of("case", "country"), none), ERR_OK);
    ck_assert_int_eq(
        schema_value_known(field_of("case", "country"), none), ERR_OK);
    ck_assert_int_eq(schema_value_check(field_of("case", "own"), none), ERR_OK);
    ck_assert_int_eq(
        schema_value_check(field_of("case", "status"), none), ERR_MALFORMED);
    ck_assert_int_eq(
        schema_value_check(field_of("case", "no"), none), ERR_MALFORMED);
    ck_assert_int_eq(
        schema_value_check(field_of("case", "due"), none), ERR_MALFORMED);
}
END_TEST

START_TEST(codes_rank_by_their_place_and_unknown_ones_above)
{
    const struct schema_field *risk = field_of("case", "risk");
    struct buf buf = {0};
    int64_t low = 0;
    int64_t high = 0;
    int64_t unknown = 0;

    ck_assert_int_eq(
        schema_value_rank(risk, text_value(&buf, "low"), &low), ERR_OK);
    ck_assert_int_eq(
        schema_value_rank(risk, text_value(&buf, "high"), &high), ERR_OK);
    ck_assert_int_eq(
        schema_value_rank(risk, text_value(&buf, "utmost"), &unknown), ERR_OK);
    ck_assert_int_lt(low, high);
    ck_assert_int_lt(high, unknown);
    ck_assert_int_eq(schema_value_rank(
                         field_of("case", "no"), text_value(&buf, "low"), &low),
        ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

/* The good pack with one line put in or changed: each is refused there. */
static const struct {
    const char *name;
    const char *after;   /* the text before the fault; NULL: from the start */
    const char *instead; /* what stands in place of the rest */
    enum err rc;
    uint32_t line;
} faults[] = {
    {"nothing", NULL, "", ERR_MALFORMED, 0},
    {"no pack line", NULL, "language en\n", ERR_MALFORMED, 1},
    {"only comments", NULL, "# x\n", ERR_MALFORMED, 0},
    {"a pack of version 0", NULL, "pack trial 0\n", ERR_MALFORMED, 1},
    {"a pack with a capital", NULL, "pack Trial 1\n", ERR_MALFORMED, 1},
    {"no line feed at the end", NULL, "pack trial 1", ERR_MALFORMED, 1},
    {"a tab", NULL, "pack\ttrial 1\n", ERR_MALFORMED, 0},
    {"not UTF-8", NULL, "pack trial 1\n#\xff\n", ERR_MALFORMED, 0},
    {"a second pack line", "pack trial 3\n", "pack x 1\n", ERR_MALFORMED, 4},
    {"an unknown line", "pack trial 3\n", "packs x\n", ERR_MALFORMED, 4},
    {"a quoted first word", "pack trial 3\n", "\"list\" x y\n", ERR_MALFORMED,
        4},
    {"an open quote", "pack trial 3\n", "label \"x\n", ERR_MALFORMED, 4},
    {"a quote within a word", "pack trial 3\n", "list a\"b c\n", ERR_MALFORMED,
        4},
    {"text after a quote", "pack trial 3\n", "kind 1 a case \"x\"y\n",
        ERR_MALFORMED, 4},
    {"more of no list", "pack trial 3\n", "more x\n", ERR_MALFORMED, 4},
    {"a code twice", "more LA\n", "more KH\n", ERR_MALFORMED, 7},
    {"a list twice", "more LA\n", "list country VN\n", ERR_MALFORMED, 7},
    {"a list called mark", "more LA\n", "list mark a\n", ERR_MALFORMED, 7},
    {"a ladder with a list's name", "more LA\n", "ladder country a b\n",
        ERR_MALFORMED, 7},
    {"a state twice", "more LA\n", "ladder l a a\n", ERR_MALFORMED, 7},
    {"order of no ladder", "more LA\n", "order a > b\n", ERR_MALFORMED, 7},
    {"order of an unknown state", "more LA\n", "ladder l a b\norder a > c\n",
        ERR_MALFORMED, 8},
    {"order that ends in >", "more LA\n", "ladder l a b\norder a b >\n",
        ERR_MALFORMED, 8},
    {"order that starts with >", "more LA\n", "ladder l a b\norder > a b\n",
        ERR_MALFORMED, 8},
    {"a pair forgotten", "more LA\n", "ladder l a b\n", ERR_MALFORMED, 7},
    {"two winners of a pair", "more LA\n",
        "ladder l a b\nbeats a b\nbeats b a\n", ERR_MALFORMED, 7},
    {"a winner of a pair that is apart", "more LA\n",
        "ladder l a b\nbeats a b\napart a b\n", ERR_MALFORMED, 7},
    {"winners in a ring", "more LA\n",
        "ladder l a b c\nbeats a b\nbeats b c\nbeats c a\n", ERR_MALFORMED, 7},
    {"winners that skip", "more LA\n",
        "ladder l a b c\nbeats a b\nbeats b c\napart a c\n", ERR_MALFORMED, 7},
    {"kind 0", "more LA\n", "kind 0 a case\n", ERR_MALFORMED, 7},
    {"kind 65536", "more LA\n", "kind 65536 a case\n", ERR_MALFORMED, 7},
    {"kinds that descend", "more LA\n", "reserved 2 a\nreserved 1 b\n",
        ERR_MALFORMED, 8},
    {"a kind's name twice", "more LA\n", "reserved 1 a\nreserved 2 a\n",
        ERR_MALFORMED, 8},
    {"an unknown class", "more LA\n", "kind 1 a secret\n", ERR_MALFORMED, 7},
    {"an unknown parent", "more LA\n", "kind 1 a case parent b\n",
        ERR_MALFORMED, 7},
    {"its own parent", "more LA\n", "kind 1 a case parent a\n", ERR_MALFORMED,
        7},
    {"a grandparent", "more LA\n",
        "kind 1 a case\nkind 2 b case parent a\nkind 3 c case parent b\n",
        ERR_MALFORMED, 9},
    {"a field of no kind", "more LA\n", "field 1 a n review\n", ERR_MALFORMED,
        7},
    {"a field of a reserved kind", "more LA\n",
        "reserved 1 a\nfield 1 a n review\n", ERR_MALFORMED, 8},
    {"fields that descend", "more LA\n",
        "kind 1 k case\nretired 2\nfield 2 a n review\n", ERR_MALFORMED, 9},
    {"a field's name twice", "more LA\n",
        "kind 1 k case\nfield 1 a n review\nfield 2 a n review\n",
        ERR_MALFORMED, 9},
    {"a field named as no field may be", "more LA\n",
        "kind 1 k case\nfield 1 reason n review\n", ERR_MALFORMED, 8},
    {"an unknown type", "more LA\n", "kind 1 k case\nfield 1 a nn review\n",
        ERR_MALFORMED, 8},
    {"an unknown rule", "more LA\n", "kind 1 k case\nfield 1 a n reviews\n",
        ERR_MALFORMED, 8},
    {"a code without its list", "more LA\n",
        "kind 1 k case\nfield 1 a code review\n", ERR_MALFORMED, 8},
    {"a code of no list", "more LA\n",
        "kind 1 k case\nfield 1 a code<x> review\n", ERR_MALFORMED, 8},
    {"an open parameter", "more LA\n",
        "kind 1 k case\nfield 1 a code<country review\n", ERR_MALFORMED, 8},
    {"a parameter too many", "more LA\n",
        "kind 1 k case\nfield 1 a n<country> review\n", ERR_MALFORMED, 8},
    {"a ref to no kind", "more LA\n",
        "kind 1 k case\nfield 1 a ref<x> review\n", ERR_MALFORMED, 8},
    {"a ledger of texts", "more LA\n", "kind 1 k case\nfield 1 a tx ledger\n",
        ERR_MALFORMED, 8},
    {"a ladder of codes", "more LA\n",
        "kind 1 k case\nfield 1 a code<country> ladder\n", ERR_MALFORMED, 8},
    {"the highest text", "more LA\n", "kind 1 k case\nfield 1 a tx highest\n",
        ERR_MALFORMED, 8},
    {"an owner that is no office", "more LA\n",
        "kind 1 k case\nfield 1 a ref owner\n", ERR_MALFORMED, 8},
    {"a restricted number", "more LA\n",
        "kind 1 k case\nfield 1 a n restrict\n", ERR_MALFORMED, 8},
    {"a sealed field that is listed", "more LA\n",
        "kind 1 k case\nfield 1 a n review sealed listed\n", ERR_MALFORMED, 8},
    {"a class below its kind's", "more LA\n",
        "kind 1 k case\nfield 1 a n review members\n", ERR_MALFORMED, 8},
    {"public, which goes without saying", "more LA\n",
        "kind 1 k case\nfield 1 a n review public\n", ERR_MALFORMED, 8},
    {"two classes", "more LA\n",
        "kind 1 k public\nfield 1 a n review members case\n", ERR_MALFORMED, 8},
    {"a deadline that is no date", "more LA\n",
        "kind 1 k case\nfield 1 a n review deadline\n", ERR_MALFORMED, 8},
    {"an option twice", "more LA\n",
        "kind 1 k case\nfield 1 a n review sealed sealed\n", ERR_MALFORMED, 8},
    {"an authority of nobody", "more LA\n",
        "kind 1 k case\nfield 1 a n authority\n", ERR_MALFORMED, 8},
    {"an authority without the rule", "more LA\n",
        "kind 1 k case\nfield 1 a n review by creator\n", ERR_MALFORMED, 8},
    {"an authority that anyone can set", "more LA\n",
        "kind 1 k case\nfield 1 o office review\nfield 2 a n authority by o\n",
        ERR_MALFORMED, 9},
    {"allegations outside a journal", "more LA\n",
        "kind 1 k case\nfield 1 o n set\n"
        "field 2 a n authority by creator allegation o\n",
        ERR_MALFORMED, 9},
    {"a mark on no field", "more LA\n",
        "kind 1 k case\nmark m k.a * conflict\n", ERR_MALFORMED, 8},
    {"a mark on no code", "  field 4 country code<country> review\n",
        "mark m case.country XX conflict\n", ERR_MALFORMED, 0},
    {"a mark for others than no owner", "more LA\n",
        "kind 1 k case\nfield 1 a office review\nmark m k.a * by-other a\n",
        ERR_MALFORMED, 9},
    {"a label of nothing", "more LA\n", "label x en \"X\"\n", ERR_MALFORMED, 7},
    {"a label in no language of the pack", "more LA\n",
        "label country:KH vi \"X\"\n", ERR_MALFORMED, 7},
    {"a label twice", "more LA\n",
        "label country:KH en \"X\"\nlabel country:KH en \"Y\"\n", ERR_MALFORMED,
        0},
    {"an empty label", "more LA\n", "label country:KH en \"\"\n", ERR_MALFORMED,
        7},
    {"a label without a language", "more LA\n", "label country:KH \"X\"\n",
        ERR_MALFORMED, 7},
};

enum { FAULT_COUNT = sizeof(faults) / sizeof(faults[0]) };

START_TEST(a_line_that_breaks_a_rule_is_named)
{
    struct buf text = {0};
    struct schema *out = NULL;
    uint32_t line = 0;
    enum err rc = ERR_OK;

    if (faults[_i].after != NULL) {
        const char *at = strstr(pack, faults[_i].after);

        if (at == NULL) {
            buf_put_text(&text, pack);
        } else {
            buf_put(
                &text, pack, (size_t)(at - pack) + strlen(faults[_i].after));
        }
    }
    buf_put_text(&text, faults[_i].instead);
    rc = schema_parse(buf_bytes(&text), &out, &line);
    ck_assert_msg(rc == faults[_i].rc, "%s: %s", faults[_i].name, err_text(rc));
    ck_assert_ptr_null(out);
    if (faults[_i].line > 0) {
        ck_assert_msg(
            line == faults[_i].line, "%s: line %u", faults[_i].name, line);
    }
    buf_release(&text);
}
END_TEST

static enum err
parse(struct buf *text)
{
    struct schema *schema = NULL;
    enum err rc = ERR_OK;

    ck_assert_int_eq(buf_err(text), ERR_OK);
    rc = schema_parse(buf_bytes(text), &schema, NULL);
    schema_free(schema);
    buf_release(text);
    return rc;
}

START_TEST(a_line_has_at_most_4096_bytes)
{
    for (size_t size = SCHEMA_LINE_MAX - 1; size <= SCHEMA_LINE_MAX + 1;
         size++) {
        struct buf text = {0};

        buf_put_text(&text, "pack p 1\n#");
        for (size_t i = 1; i < size; i++) {
            buf_put_u8(&text, 'x');
        }
        buf_put_u8(&text, '\n');
        ck_assert_int_eq(
            parse(&text), size <= SCHEMA_LINE_MAX ? ERR_OK : ERR_TOO_BIG);
    }
}
END_TEST

START_TEST(a_pack_has_at_most_1_mib)
{
    for (size_t size = SCHEMA_SIZE_MAX - 1; size <= SCHEMA_SIZE_MAX + 1;
         size++) {
        struct buf text = {0};

        buf_put_text(&text, "pack p 1\n");
        while (text.size < size) {
            buf_put_u8(&text, '\n');
        }
        ck_assert_int_eq(
            parse(&text), size <= SCHEMA_SIZE_MAX ? ERR_OK : ERR_TOO_BIG);
    }
}
END_TEST

/* What is counted: how many lines of each form are taken. */
static const struct {
    const char *head;
    const char *format; /* with the line's number */
    const char *tail;   /* after all */
    unsigned max;
} counted[] = {
    {"", "reserved %u r%u\n", "", SCHEMA_KINDS_MAX},
    {"kind 1 k case\n", "field %u f%u n review\n", "", SCHEMA_FIELDS_MAX},
    {"", "language l%ux%u\n", "", SCHEMA_LANGUAGES_MAX},
    {"", "list l%u c%u\n", "", SCHEMA_LISTS_MAX},
    {"list l a\n", "more c%u.%u\n", "", SCHEMA_CODES_MAX - 1},
    {"", "ladder l%u a%u\n", "", SCHEMA_LADDERS_MAX},
    {"kind 1 k case\nfield 1 a tx set\n", "mark m%u%u k.a * conflict\n", "",
        SCHEMA_MARKS_MAX},
};

enum { COUNTED_COUNT = sizeof(counted) / sizeof(counted[0]) };

START_TEST(what_is_counted_has_a_limit)
{
    for (unsigned count = counted[_i].max - 1; count <= counted[_i].max + 1;
         count++) {
        struct buf text = {0};

        buf_put_text(&text, "pack p 1\n");
        buf_put_text(&text, counted[_i].head);
        for (unsigned i = 1; i <= count; i++) {
            char line[80];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(line, sizeof(line), counted[_i].format, i, i);
#pragma GCC diagnostic pop
            buf_put_text(&text, line);
        }
        ck_assert_msg(
            parse(&text) == (count <= counted[_i].max ? ERR_OK : ERR_TOO_BIG),
            "%s: %u", counted[_i].format, count);
    }
}
END_TEST

START_TEST(a_ladder_has_at_most_32_states)
{
    for (unsigned count = SCHEMA_STATES_MAX - 1; count <= SCHEMA_STATES_MAX + 1;
         count++) {
        struct buf text = {0};

        buf_put_text(&text, "pack p 1\nladder l");
        for (unsigned i = 0; i < count; i++) {
            buf_printf(&text, " s%u", i);
        }
        buf_put_text(&text, "\norder");
        for (unsigned i = 0; i < count && i < SCHEMA_STATES_MAX; i++) {
            buf_printf(&text, "%ss%u", i == 0 ? " " : " > ", i);
        }
        buf_put_u8(&text, '\n');
        ck_assert_int_eq(
            parse(&text), count <= SCHEMA_STATES_MAX ? ERR_OK : ERR_TOO_BIG);
    }
}
END_TEST

START_TEST(no_cut_or_changed_byte_does_harm)
{
    uint8_t text[sizeof(pack) - 1];
    struct schema *schema = NULL;

    for (size_t size = 0; size < sizeof(text); size++) {
        schema = NULL;
        err_ignore(schema_parse(bytes_of(pack, size), &schema, NULL));
        schema_free(schema);
    }
    memcpy(text, pack, sizeof(text));
    for (size_t bit = 0; bit < sizeof(text) * 8; bit++) {
        text[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        schema = NULL;
        /* Any outcome will do; the sanitizers watch. */
        err_ignore(schema_parse(bytes_of(text, sizeof(text)), &schema, NULL));
        schema_free(schema);
        text[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct schema *schema = NULL;
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = schema_parse(bytes_text(pack), &schema, NULL);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || (rc == ERR_NOMEM && schema == NULL));
        ck_assert_int_lt(n, 1000);
    }
    schema_free(schema);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("schema");
    TCase *reads = tcase_create("reads");
    TCase *refuses = tcase_create("refuses");

    tcase_add_checked_fixture(reads, setup, teardown);
    tcase_add_test(reads, a_pack_has_a_name_a_version_and_languages);
    tcase_add_test(reads, kinds_are_found_by_number_and_by_name);
    tcase_add_test(reads, a_reserved_kind_has_a_number_but_is_not_found);
    tcase_add_test(reads, fields_are_found_by_number_and_retired_ones_are_not);
    tcase_add_test(reads, a_sub_record_names_its_parent_kind);
    tcase_add_test(reads, a_sealed_field_is_above_its_kind);
    tcase_add_test(reads, parameters_lead_to_lists_ladders_and_kinds);
    tcase_add_test(reads, an_authority_is_a_field_or_the_creator);
    tcase_add_test(reads, flags_are_read);
    tcase_add_test(reads, marks_are_resolved);
    tcase_add_test(reads, a_state_beats_all_to_its_right);
    tcase_add_test(reads, states_without_a_winner_go_to_review);
    tcase_add_test(reads, steps_are_offered_as_declared);
    tcase_add_test(reads, labels_fall_back_to_english_then_to_names);
    tcase_add_test(reads, an_unknown_code_is_kept_but_not_written_here);
    tcase_add_test(reads, codes_within_values_are_looked_up);
    tcase_add_test(reads, only_plain_registers_can_be_emptied);
    tcase_add_test(reads, codes_rank_by_their_place_and_unknown_ones_above);
    tcase_add_loop_test(
        refuses, a_line_that_breaks_a_rule_is_named, 0, FAULT_COUNT);
    tcase_add_test(refuses, a_line_has_at_most_4096_bytes);
    tcase_add_test(refuses, a_pack_has_at_most_1_mib);
    tcase_add_loop_test(refuses, what_is_counted_has_a_limit, 0, COUNTED_COUNT);
    tcase_add_test(refuses, a_ladder_has_at_most_32_states);
    tcase_add_test(refuses, no_cut_or_changed_byte_does_harm);
    tcase_add_test(refuses, every_allocation_may_fail);
    suite_add_tcase(suite, reads);
    suite_add_tcase(suite, refuses);
    return run_suite(suite);
}
