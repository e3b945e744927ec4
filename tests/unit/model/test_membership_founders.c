/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "tests/lib/model/world.h"
#include "tests/lib/run.h"

enum { FOUNDERS = 5 };

static struct world world;
static struct membership membership;

static void
setup(void)
{
    world_init(&world);
    memset(&membership, 0, sizeof(membership));
}

static void
teardown(void)
{
    membership_release(&membership);
    world_release(&world);
}

/* So many founders, each with a node, that have all enrolled and met. */
static void
found(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        world_node(&world, i);
    }
    world_found(&world, 0, count);
    for (unsigned i = 1; i < count; i++) {
        world_see(&world, i, 0);
        world_enrol(&world, i, i);
    }
    world_meet(&world);
}

static void
eval(void)
{
    membership_release(&membership);
    world_eval(&world, NULL, &membership);
}

static enum void_reason
verdict(size_t control)
{
    return (enum void_reason)membership.verdicts[control];
}

static bool
is_retired(unsigned office)
{
    return membership_office(&membership, &world.offices[office])->is_retired;
}

/* Vote to remove a founder, cutting its node's logs. */
static size_t
vote(unsigned by, unsigned about, uint64_t control, uint64_t changes)
{
    struct cut cuts[2] = {world_cut(&world, about, LOG_CONTROL, control),
        world_cut(&world, about, LOG_CHANGES, changes)};
    struct world_retire retire = {
        .by = by, .target = about, .cuts = cuts, .cut_count = 2};

    return world_retire(&world, &retire);
}

START_TEST(founders_are_equals)
{
    size_t roles = 0;
    size_t admit = 0;

    found(3);
    roles = world_roles(&world, 0, 1, ROLE_READ);
    admit = world_admit(&world, 0, world_node(&world, 1), ROLE_ALL);
    eval();
    ck_assert_uint_eq(membership.office_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(membership.offices[i].is_founder);
        ck_assert_uint_eq(membership.offices[i].seniority, i);
        ck_assert_uint_eq(membership.offices[i].roles, ROLE_ALL);
        ck_assert_int_eq(verdict(i), VOID_NONE);
    }
    ck_assert_int_eq(verdict(roles), VOID_NO_RIGHT);
    ck_assert_int_eq(verdict(admit), VOID_NO_RIGHT);
}
END_TEST

/* Of n founders n / 2 + 1 votes are needed, and the one concerned has none. */
START_TEST(more_than_half_of_all_founders_remove_one)
{
    unsigned count = (unsigned)_i;
    unsigned need = count / 2 + 1;

    found(count);
    for (unsigned i = 1; i < count; i++) {
        size_t place = vote(i, 0, 1, 0);

        eval();
        ck_assert_int_eq(verdict(place), VOID_NONE);
        ck_assert_msg(is_retired(0) == (i >= need), "%u votes of %u", i, count);
    }
    ck_assert(count > 2 || !is_retired(0));
}
END_TEST

START_TEST(a_founder_votes_once)
{
    found(3);
    vote(1, 0, 1, 0);
    vote(1, 0, 1, 0);
    eval();
    ck_assert(!is_retired(0));
    vote(2, 0, 1, 0);
    eval();
    ck_assert(is_retired(0));
}
END_TEST

START_TEST(the_cut_is_the_least_that_enough_of_them_support)
{
    found(FOUNDERS);
    vote(1, 0, 1, 30);
    vote(2, 0, 1, 0); /* alone it cannot void everything */
    vote(3, 0, 1, 20);
    eval();
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[0].changes), 30);
    vote(4, 0, 1, 10);
    eval();
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[0].changes), 20);
}
END_TEST

START_TEST(votes_may_cut_below_what_the_voters_count)
{
    found(3);
    world_pack(&world, 0, 1);
    world_meet(&world);
    vote(1, 0, 1, 0);
    vote(2, 0, 1, 0);
    eval();
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[0].log), 1);
    ck_assert(!membership.has_pack);
    ck_assert(membership.has_found); /* what founds it stands for ever */
}
END_TEST

START_TEST(who_is_removed_first_in_the_order_has_no_vote_behind_its_cut)
{
    size_t late = 0;

    found(4);
    vote(1, 0, 1, 0);
    vote(2, 0, 1, 0);
    vote(3, 0, 1, 0);
    /* Concurrent, but after those in the order. */
    late = vote(0, 1, 1, 0);
    world.controls[late].rank += 5;
    vote(2, 1, 1, 0);
    vote(3, 1, 1, 0);
    eval();
    ck_assert(is_retired(0));
    ck_assert_int_eq(verdict(late), VOID_CUT);
    ck_assert(!is_retired(1));
}
END_TEST

START_TEST(a_founders_node_is_removed_by_votes_too)
{
    struct world_retire retire = {.by = 1, .is_node = true, .target = 0};
    size_t alone = 0;

    found(3);
    alone = world_retire(&world, &retire);
    eval();
    ck_assert_int_eq(verdict(alone), VOID_NONE);
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[0].log), UINT64_MAX);
    retire.by = 2;
    world_retire(&world, &retire);
    eval();
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[0].changes), 0);
    ck_assert(!is_retired(0));
}
END_TEST

START_TEST(those_whom_a_removed_founder_admitted_before_its_cut_stay)
{
    unsigned before = 0;
    unsigned after = 0;

    found(3);
    before = world_node(&world, 10);
    after = world_node(&world, 11);
    world_join(&world, 0, before, ROLE_ALL); /* at 1 */
    world_join(&world, 0, after, ROLE_ALL);  /* at 2 */
    vote(1, 0, 2, 0);
    vote(2, 0, 2, 0);
    eval();
    ck_assert_ptr_nonnull(membership_office(&membership, &world.offices[10]));
    ck_assert_ptr_null(membership_office(&membership, &world.offices[11]));
}
END_TEST

START_TEST(a_founder_may_repeat_the_founding_statement)
{
    const struct statement *statement = NULL;
    size_t place = 0;

    world_node(&world, 0);
    world_node(&world, 1);
    world_found(&world, 0, 2);
    statement = &world.controls[0].statement;
    place = world_write(&world, 1, statement);
    eval();
    ck_assert_int_eq(verdict(place), VOID_NONE);
    place = world_pack(&world, 1, 2);
    eval();
    ck_assert_int_eq(verdict(place), VOID_NONE);
}
END_TEST

START_TEST(nobody_else_can_found_the_corridor_again)
{
    unsigned stranger = 0;
    size_t first = 0;
    size_t later = 0;

    found(1);
    stranger = world_node(&world, 5);
    first = world_write(&world, stranger, &world.controls[0].statement);
    later = world_write(&world, 0, &world.controls[0].statement);
    eval();
    ck_assert_int_eq(verdict(first), VOID_MALFORMED);
    ck_assert_int_eq(verdict(later), VOID_MALFORMED);
    ck_assert_uint_eq(membership.office_count, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("membership_founders");
    TCase *t = tcase_create("membership_founders");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, founders_are_equals);
    tcase_add_loop_test(
        t, more_than_half_of_all_founders_remove_one, 2, FOUNDERS + 1);
    tcase_add_test(t, a_founder_votes_once);
    tcase_add_test(t, the_cut_is_the_least_that_enough_of_them_support);
    tcase_add_test(t, votes_may_cut_below_what_the_voters_count);
    tcase_add_test(
        t, who_is_removed_first_in_the_order_has_no_vote_behind_its_cut);
    tcase_add_test(t, a_founders_node_is_removed_by_votes_too);
    tcase_add_test(
        t, those_whom_a_removed_founder_admitted_before_its_cut_stay);
    tcase_add_test(t, a_founder_may_repeat_the_founding_statement);
    tcase_add_test(t, nobody_else_can_found_the_corridor_again);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
