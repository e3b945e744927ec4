/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: what is void, what a record says of itself, and the canonical
 * form. What the rules make of operations is test_merge.c's.
 */
#include "tests/lib/record_fixture.h"
#include "tests/lib/run.h"

#define NODE_28 \
    "2828282828282828282828282828282828282828282828282828282828282828"
#define OFFICE_A0 \
    "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"

struct void_row {
    const char *name;
    enum void_reason expected;
    void (*make)(struct event *event);
};

static void
make_good(struct event *event)
{
    add_code(event, F_REVIEW, ACTION_SET, "x");
}
static void
make_empty(struct event *event)
{
    ck_assert_uint_eq(event->op_count, 0);
}
static void
make_sealed_under_case(struct event *event)
{
    add_code(event, F_SEALED, ACTION_SET, "x");
}
static void
make_case_under_sealed(struct event *event)
{
    event->key = WORLD_KEYS - 1;
    add_code(event, F_REVIEW, ACTION_SET, "x");
}
static void
make_wrong_salt(struct event *event)
{
    event->is_creating = true;
    event->has_wrong_salt = true;
}
static void
make_others_creation(struct event *event)
{
    event->is_creating = true;
    event->node = 1;
}
static void
make_late_once(struct event *event)
{
    add_code(event, F_ONCE, ACTION_SET, "x");
}
static void
make_second_creation(struct event *event)
{
    event->is_creating = true;
    add_code(event, F_ONCE, ACTION_SET, "x");
}
static void
make_wrong_action(struct event *event)
{
    add_code(event, F_REVIEW, ACTION_ADD, "x");
}
static void
make_wrong_type(struct event *event)
{
    add_code(event, F_HIGHEST, ACTION_SET, "x");
}
static void
make_null(struct event *event)
{
    struct buf null = {0};

    cbor_put_null(&null);
    event_op(event, F_REVIEW, ACTION_SET);
    event_value(event, &null);
    buf_release(&null);
}
static void
make_null_state(struct event *event)
{
    make_null(event);
    event->ops[0].field = F_LADDER;
}
static void
make_value_less(struct event *event)
{
    event_op(event, F_REVIEW, ACTION_SET);
}
static void
make_nameless_removal(struct event *event)
{
    event_op(event, F_SET, ACTION_REMOVE);
}
static void
make_uncounted_name(struct event *event)
{
    struct event other = {.node = 2, .position = 0};

    event_op(event, F_SET, ACTION_REMOVE);
    event_name(event, &other, 0);
}
static void
make_own_name(struct event *event)
{
    add_code(event, F_SET, ACTION_ADD, "x");
    event_op(event, F_SET, ACTION_REMOVE);
    event_name(event, event, 0);
    event->sizes[0]++;
}
static void
make_name_in_unknown_field(struct event *event)
{
    struct event other = {.node = 2, .position = 0};

    event_op(event, F_UNKNOWN, ACTION_REMOVE);
    event_name(event, &other, 0);
}
static void
make_removal_with_value(struct event *event)
{
    struct event other = {.position = 0};

    add_code(event, F_SET, ACTION_REMOVE, "x");
    event_name(event, &other, 0);
}
static void
make_one_bad_of_two(struct event *event)
{
    add_code(event, F_REVIEW, ACTION_SET, "x");
    add_code(event, F_REVIEW, ACTION_ADD, "y");
}
static void
make_repeated_names(struct event *event)
{
    struct event other = {.position = 0};

    event_op(event, F_OWNER, ACTION_TRANSFER)->office =
        fixture.world.offices[1].id;
    event_name(event, &other, 1);
    event_name(event, &other, 1);
}
static void
make_transfer(struct event *event)
{
    make_repeated_names(event);
    event->ops[0].dot_count = 1;
}

static const struct void_row void_rows[] = {
    {"a good change", VOID_NONE, make_good},
    {"a change without operations", VOID_NONE, make_empty},
    {"a sealed field under a key for cases", VOID_CLASS,
        make_sealed_under_case},
    {"a field of cases under a sealed key", VOID_NONE, make_case_under_sealed},
    {"a creation by another salt", VOID_RECORD, make_wrong_salt},
    {"a creation by another node", VOID_RECORD, make_others_creation},
    {"once outside of a creation", VOID_RECORD, make_late_once},
    {"a second creating change", VOID_NONE, make_second_creation},
    {"an action that the rule does not have", VOID_RECORD, make_wrong_action},
    {"a value of another type", VOID_RECORD, make_wrong_type},
    {"no value, where that is a value", VOID_NONE, make_null},
    {"no value, where it is none", VOID_RECORD, make_null_state},
    {"a set without a value", VOID_RECORD, make_value_less},
    {"a removal of nothing", VOID_RECORD, make_nameless_removal},
    {"a name that is not counted", VOID_RECORD, make_uncounted_name},
    {"a name of the change itself", VOID_RECORD, make_own_name},
    {"the same in an unknown field", VOID_RECORD, make_name_in_unknown_field},
    {"a removal with a value", VOID_RECORD, make_removal_with_value},
    {"one bad operation of two", VOID_RECORD, make_one_bad_of_two},
    {"a transfer", VOID_NONE, make_transfer},
    {"a transfer that names one dot twice", VOID_RECORD, make_repeated_names},
};

START_TEST(a_void_change_leaves_the_record_as_it_was)
{
    const struct void_row *row = &void_rows[_i];
    struct event event = creation();
    struct hash before;
    struct hash after;
    enum void_reason reason = VOID_NONE;

    ck_assert_int_eq(apply(&event), VOID_NONE);
    ck_assert_int_eq(
        record_digest(&before, &fixture.record, &fixture.world.logs), ERR_OK);
    event = own_event(1);
    row->make(&event);
    reason = apply(&event);
    ck_assert_msg(reason == row->expected, "%s: %d", row->name, (int)reason);
    ck_assert_int_eq(
        record_digest(&after, &fixture.record, &fixture.world.logs), ERR_OK);
    ck_assert_msg(hash_equal(&before, &after) == (row->expected != VOID_NONE),
        "%s", row->name);
    ck_assert(!fixture.record.is_full);
}
END_TEST

START_TEST(a_change_of_another_kind_is_void)
{
    struct change change = {
        .record = fixture.world.record, .kind = WORLD_KIND + 1};

    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_RECORD);
    change.kind = WORLD_KIND;
    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_NONE);
}
END_TEST

START_TEST(a_kind_above_the_keys_class_is_void)
{
    struct change change = {.record = fixture.world.record, .kind = WORLD_KIND};

    ck_assert_int_eq(apply_change(&change, 0, CLASS_MEMBERS), VOID_CLASS);
    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_NONE);
}
END_TEST

START_TEST(a_parent_outside_of_creation_is_void)
{
    struct change change = {.record = fixture.world.record,
        .kind = WORLD_KIND,
        .has_parent = true,
        .parent = {{1}}};

    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_RECORD);
    change.has_salt = true;
    change.salt = fixture.world.salt;
    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_NONE);
    ck_assert(fixture.record.has_parent);
    ck_assert_int_eq(fixture.record.parent.bytes[0], 1);
    /* "The first creating change": a later one changes nothing. */
    change.parent.bytes[0] = 2;
    ck_assert_int_eq(apply_change(&change, 1, CLASS_CASE), VOID_NONE);
    ck_assert_int_eq(fixture.record.parent.bytes[0], 1);
    ck_assert_uint_eq(fixture.record.created, 1);
    ck_assert_uint_eq(fixture.record.changed, 2);
}
END_TEST

START_TEST(the_parent_may_stand_in_either_half)
{
    struct change change = {.record = fixture.world.record,
        .kind = WORLD_KIND,
        .has_salt = true,
        .salt = fixture.world.salt};

    ck_assert_int_eq(apply_change(&change, 0, CLASS_SEALED), VOID_NONE);
    ck_assert(!fixture.record.has_parent);
    change.has_parent = true;
    change.parent.bytes[0] = 1;
    ck_assert_int_eq(apply_change(&change, 1, CLASS_CASE), VOID_NONE);
    ck_assert(fixture.record.has_parent);
    ck_assert_uint_eq(fixture.record.created, 1);
}
END_TEST

START_TEST(an_unknown_kind_is_kept)
{
    uint8_t value[] = {0x61, 'x'};
    struct change_op op = {
        .field = 3, .has_value = true, .value = bytes_of(value, sizeof(value))};
    struct change change = {
        .record = fixture.world.record, .kind = 900, .ops = &op, .op_count = 1};

    record_release(&fixture.record);
    record_init(&fixture.record, &fixture.world.record, 900);
    ck_assert_int_eq(apply_change(&change, 0, CLASS_PUBLIC), VOID_NONE);
    value[1] = 'y'; /* it was copied */
    ck_assert_ptr_nonnull(record_field(&fixture.record, 3));
    ck_assert_int_eq(
        record_field(&fixture.record, 3)->ops[0].value.data[1], 'x');
    ck_assert_ptr_null(record_field(&fixture.record, 4));
}
END_TEST

/* A creation, an item, and its striking out; docs/protocol.md has another. */
static const char canonical_example[] =
    /* label, id, kind, parent, creation, created, changed */
    "89"
    "77636f727269646f722f7265636f72642d73746174652f31"
    "50018bcfe56800fe05fd0cac77febdb4d2"
    "07f6"
    "825821" NODE_28 "0100"
    "18641866"
    /* the key */
    "81"
    "835821" NODE_28 "011903e802"
    /* the fields */
    "83"
    "8201"
    "81885821" NODE_28 "010000011864000064"
    "6d616465"
    "8206"
    "82"
    "885821" NODE_28 "0101000218650001"
    "6178"
    "885821" NODE_28 "0102000318660002"
    "835821" NODE_28 "010100"
    "8211"
    "81895821" NODE_28 "0100010118640003"
    "5820" OFFICE_A0 "80";

START_TEST(the_canonical_form_says_all_that_is_current)
{
    static const char digest_example[] =
        "bc2263aed376f242200de49096d418ea57e5eb89e296b0350c943f78e811d9c6";
    struct event event = creation();
    struct event item = own_event(1);
    struct buf canonical = {0};
    struct buf hex = {0};
    struct hash digest;

    ck_assert_int_eq(apply(&event), VOID_NONE);
    add_code(&item, F_JOURNAL, ACTION_ADD, "x");
    ck_assert_int_eq(apply(&item), VOID_NONE);
    event = own_event(2);
    event_op(&event, F_JOURNAL, ACTION_REMOVE);
    event_name(&event, &item, 0);
    ck_assert_int_eq(apply(&event), VOID_NONE);
    ck_assert_int_eq(
        record_canonical(&canonical, &fixture.record, &fixture.world.logs),
        ERR_OK);
    ck_assert(cbor_valid(buf_bytes(&canonical)));
    for (size_t i = 0; i < canonical.size; i++) {
        buf_printf(&hex, "%02x", canonical.data[i]);
    }
    buf_put_u8(&hex, '\0');
    ck_assert_str_eq((const char *)hex.data, canonical_example);
    ck_assert_int_eq(
        record_digest(&digest, &fixture.record, &fixture.world.logs), ERR_OK);
    buf_clear(&hex);
    for (size_t i = 0; i < sizeof(digest.bytes); i++) {
        buf_printf(&hex, "%02x", digest.bytes[i]);
    }
    buf_put_u8(&hex, '\0');
    ck_assert_str_eq((const char *)hex.data, digest_example);
    buf_release(&hex);
    buf_release(&canonical);
}
END_TEST

static Suite *
record_suite(void)
{
    Suite *suite = suite_create("record");
    TCase *tcase = tcase_create("record");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, a_void_change_leaves_the_record_as_it_was, 0,
        (int)(sizeof(void_rows) / sizeof(void_rows[0])));
    tcase_add_test(tcase, a_change_of_another_kind_is_void);
    tcase_add_test(tcase, a_kind_above_the_keys_class_is_void);
    tcase_add_test(tcase, a_parent_outside_of_creation_is_void);
    tcase_add_test(tcase, the_parent_may_stand_in_either_half);
    tcase_add_test(tcase, an_unknown_kind_is_kept);
    tcase_add_test(tcase, the_canonical_form_says_all_that_is_current);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(record_suite());
}
