/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "tests/lib/model/world.h"
#include "tests/lib/run.h"

/*
 * Node n of office n for the first ones: the founder F is 0; A and B are
 * admins that F admitted; C a writer that A admitted; D a reader of B's.
 */
enum { F, A, B, C, D, MAIN_NODES };

static const uint8_t read_write = ROLE_READ | ROLE_WRITE;

static struct world world;
static struct membership membership;

static void
setup(void)
{
    world_init(&world);
    memset(&membership, 0, sizeof(membership));
    for (unsigned i = 0; i < MAIN_NODES; i++) {
        world_node(&world, i);
    }
    world_found(&world, F, 1);
    world_join(&world, F, A, ROLE_ALL);
    world_join(&world, F, B, ROLE_ALL);
    world_join(&world, A, C, read_write);
    world_join(&world, B, D, ROLE_READ);
}

static void
teardown(void)
{
    membership_release(&membership);
    world_release(&world);
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

static const struct office *
office(unsigned number)
{
    return membership_office(&membership, &world.offices[number]);
}

static uint8_t
roles(unsigned number)
{
    ck_assert_ptr_nonnull(office(number));
    return office(number)->roles;
}

/* May the node write a change at the position, by what it counts now? */
static enum void_reason
change_by(unsigned node, uint64_t position, uint8_t role)
{
    struct dot dot = {world.nodes[node].changes, position};

    return membership_allows(&membership, dot, world_clock(&world, node), role);
}

static size_t
retire_office(
    unsigned by, unsigned target, const struct cut *cuts, size_t cut_count)
{
    struct world_retire retire = {
        .by = by, .target = target, .cuts = cuts, .cut_count = cut_count};

    return world_retire(&world, &retire);
}

static size_t
retire_node(
    unsigned by, unsigned target, const struct cut *cuts, bool is_signed)
{
    struct world_retire retire = {.by = by,
        .is_node = true,
        .target = target,
        .cuts = cuts,
        .cut_count = cuts == NULL ? 0 : 2,
        .is_signed = is_signed};

    return world_retire(&world, &retire);
}

/* A node that takes the place of another of its office. */
static size_t
write_replacement(unsigned node, unsigned old, bool is_signed)
{
    struct cut cuts[2] = {world_cut(&world, old, LOG_CONTROL, 1),
        world_cut(&world, old, LOG_CHANGES, 4)};
    struct statement statement = {.type = STATEMENT_ENROL,
        .has_retired = true,
        .node = world.nodes[old].cert.keys.sign,
        .cuts = cuts,
        .cut_count = 2};
    unsigned key = is_signed ? world.nodes[node].office : 20;

    statement.encoded_cert = world_cert(&world, node);
    ck_assert_int_eq(statement_sign_retire(
                         &statement, &world.corridor, &world.office_keys[key]),
        ERR_OK);
    return world_write(&world, node, &statement);
}

START_TEST(a_retired_office_is_cut_where_the_author_stands_or_says)
{
    struct cut cuts[2] = {world_cut(&world, C, LOG_CHANGES, 20),
        world_cut(&world, C, LOG_CONTROL, 1)};
    unsigned second = world_node(&world, C);
    size_t retire = 0;

    world_see(&world, A, C); /* counts C's enrol */
    world_see_changes(&world, A, C, 7);
    retire = retire_office(A, C, cuts, 2);
    world_see(&world, second, C);
    world_enrol(&world, second, second);
    eval();
    ck_assert_int_eq(verdict(retire), VOID_NONE);
    ck_assert(office(C)->is_retired);
    ck_assert_uint_eq(roles(C), 0);
    ck_assert_int_eq(change_by(C, 19, ROLE_WRITE), VOID_NONE);
    ck_assert_int_eq(change_by(C, 20, ROLE_WRITE), VOID_CUT);
    ck_assert_int_eq(change_by(C, 20, 0), VOID_CUT);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].changes), 20);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].log), 1);
    /* A node that the author did not know is cut at 0. */
    ck_assert_int_eq(change_by(second, 0, ROLE_WRITE), VOID_CUT);
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[second].changes), 0);
}
END_TEST

START_TEST(an_unsigned_cut_is_not_below_what_its_author_counts)
{
    struct cut cuts[2] = {world_cut(&world, C, LOG_CONTROL, 0),
        world_cut(&world, C, LOG_CHANGES, 2)};
    struct world_retire retire = {
        .by = A, .target = C, .cuts = cuts, .cut_count = 2};

    world_see(&world, A, C);
    world_see_changes(&world, A, C, 7);
    world_retire(&world, &retire);
    eval();
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].log), 1);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].changes), 7);
    /* With the signature of the office concerned it is as it says. */
    retire.is_signed = true;
    world_retire(&world, &retire);
    eval();
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].log), 0);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].changes), 2);
}
END_TEST

START_TEST(a_retirement_with_a_false_signature_is_void)
{
    struct world_retire retire = {.by = A, .target = C, .is_signed = true};
    struct secret_key right = world.office_keys[C];
    size_t place = 0;

    world.office_keys[C] = world.office_keys[A];
    place = world_retire(&world, &retire);
    world.office_keys[C] = right;
    eval();
    ck_assert_int_eq(verdict(place), VOID_NO_RIGHT);
    ck_assert(!office(C)->is_retired);
}
END_TEST

START_TEST(backdating_gets_nobody_around_a_cut)
{
    struct cut cut = world_cut(&world, A, LOG_CONTROL, 1);
    struct world_node *node = &world.nodes[A];
    unsigned victim = world_node(&world, 9);
    size_t retire = 0;
    size_t backdated = 0;

    /* A has admitted C at 1: F retires A before that. */
    retire = retire_office(F, A, &cut, 1);
    /* A counts as little as it can. */
    backdated = world_admit(&world, A, victim, ROLE_ALL);
    world.controls[backdated].rank = 3;
    eval();
    ck_assert_int_eq(verdict(retire), VOID_NONE);
    ck_assert_int_eq(verdict(backdated), VOID_CUT);
    ck_assert_ptr_null(office(9));
    /* So C, whom A admitted there, is no member either. */
    ck_assert_ptr_null(office(C));
    ck_assert_uint_eq(node->size, 3);
}
END_TEST

START_TEST(what_lies_behind_a_cut_changes_nothing)
{
    struct cut cut = world_cut(&world, A, LOG_CONTROL, 2);
    bool keep[64];
    struct buf with = {0};
    struct buf without = {0};
    struct membership less = {0};

    memset(keep, true, sizeof(keep));
    retire_office(F, A, &cut, 1);
    for (unsigned i = 0; i < 3; i++) {
        keep[world_admit(&world, A, world_node(&world, 9 + i), ROLE_ALL)] =
            false;
        keep[world_roles(&world, A, C, ROLE_ALL)] = false;
    }
    eval();
    world_eval(&world, keep, &less);
    ck_assert_uint_eq(membership.office_count, less.office_count);
    /* The verdicts of what was left out apart, all is the same. */
    membership.control_count = less.control_count = 0;
    world_dump(&membership, world.controls, &with);
    world_dump(&less, world.controls, &without);
    ck_assert(bytes_equal(buf_bytes(&with), buf_bytes(&without)));
    membership_release(&less);
    buf_release(&with);
    buf_release(&without);
}
END_TEST

START_TEST(the_cut_of_an_admin_takes_what_it_gave_behind_it)
{
    struct cut cut = world_cut(&world, A, LOG_CONTROL, 2);
    size_t later = 0;

    later = world_roles(&world, A, C, ROLE_ALL);
    world_see(&world, F, A);
    retire_office(F, A, &cut, 1); /* F has counted the roles, so they stay */
    eval();
    ck_assert_int_eq(verdict(later), VOID_NONE);
    ck_assert_uint_eq(roles(C), ROLE_ALL);
    later = world_roles(&world, A, C, ROLE_READ);
    eval();
    ck_assert_int_eq(verdict(later), VOID_CUT);
    ck_assert_uint_eq(roles(C), ROLE_ALL);
}
END_TEST

START_TEST(a_retired_office_comes_again_with_new_nodes)
{
    unsigned second = world_node(&world, C);
    size_t again = 0;

    world_see_changes(&world, A, C, 5);
    world_see(&world, A, C);
    retire_office(A, C, NULL, 0);
    again = world_join(&world, A, second, ROLE_READ);
    world_see(&world, C, A);
    eval();
    ck_assert_int_eq(verdict(again), VOID_NONE);
    ck_assert(!office(C)->is_retired);
    ck_assert_uint_eq(roles(C), ROLE_READ);
    ck_assert_int_eq(change_by(second, 0, ROLE_READ), VOID_NONE);
    /* What it held before it was retired does not come back. */
    ck_assert_int_eq(change_by(second, 0, ROLE_WRITE), VOID_CUT);
    ck_assert_int_eq(change_by(C, 5, ROLE_READ), VOID_CUT);
    ck_assert_int_eq(change_by(C, 4, ROLE_WRITE), VOID_NONE);
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[second].log), UINT64_MAX);
}
END_TEST

START_TEST(who_did_not_know_of_a_retirement_does_not_undo_it)
{
    unsigned second = world_node(&world, C);

    world_see(&world, F, A);
    retire_office(F, C, NULL, 0);
    world_join(&world, A, second, read_write); /* concurrent */
    eval();
    ck_assert(office(C)->is_retired);
    ck_assert_int_eq(change_by(second, 0, ROLE_READ), VOID_CUT);
}
END_TEST

START_TEST(nodes_are_retired_by_seniors_or_their_office_key)
{
    unsigned second = world_node(&world, C);
    struct cut cuts[2] = {world_cut(&world, second, LOG_CONTROL, 1),
        world_cut(&world, second, LOG_CHANGES, 3)};
    size_t thief = 0;
    size_t good = 0;

    world_see(&world, second, C);
    world_enrol(&world, second, second);
    thief = retire_node(C, second, cuts, false);
    eval();
    ck_assert_int_eq(verdict(thief), VOID_NO_RIGHT);
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[second].log), UINT64_MAX);
    good = retire_node(C, second, cuts, true);
    eval();
    ck_assert_int_eq(verdict(good), VOID_NONE);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[second].log), 1);
    ck_assert_int_eq(change_by(second, 2, ROLE_WRITE), VOID_NONE);
    ck_assert_int_eq(change_by(second, 3, ROLE_WRITE), VOID_CUT);
    ck_assert_int_eq(change_by(C, 1000, ROLE_WRITE), VOID_NONE);
    ck_assert(!office(C)->is_retired);
    good = retire_node(F, C, NULL, false);
    world_see(&world, F, C);
    eval();
    ck_assert_int_eq(verdict(good), VOID_NONE);
    ck_assert_int_eq(change_by(C, 0, ROLE_WRITE), VOID_CUT);
}
END_TEST

START_TEST(nodes_of_one_office_can_retire_one_another)
{
    unsigned second = world_node(&world, C);
    struct cut cuts[2] = {world_cut(&world, second, LOG_CONTROL, 1),
        world_cut(&world, second, LOG_CHANGES, 0)};
    size_t one = 0;
    size_t other = 0;

    world_see(&world, second, C);
    world_enrol(&world, second, second);
    one = retire_node(C, second, cuts, true);
    cuts[0] = world_cut(&world, C, LOG_CONTROL, 1);
    cuts[1] = world_cut(&world, C, LOG_CHANGES, 0);
    other = retire_node(second, C, cuts, true);
    eval();
    /* Both have the office's key, which speaks for the office. */
    ck_assert_int_eq(verdict(one), VOID_NONE);
    ck_assert_int_eq(verdict(other), VOID_NONE);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].log), 1);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[second].log), 1);
}
END_TEST

START_TEST(a_cut_office_cannot_retire_its_nodes_any_more)
{
    struct cut cuts[2] = {world_cut(&world, C, LOG_CONTROL, 0),
        world_cut(&world, C, LOG_CHANGES, 0)};
    size_t own = 0;

    world_see(&world, A, C);
    world_see_changes(&world, A, C, 9);
    retire_office(A, C, NULL, 0);
    own = retire_node(C, C, cuts, true);
    eval();
    ck_assert_int_eq(verdict(own), VOID_CUT);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].changes), 9);
}
END_TEST

START_TEST(an_office_can_leave_by_its_key)
{
    struct world_retire retire = {.by = C, .target = C, .is_signed = true};
    size_t leave = world_retire(&world, &retire);

    eval();
    ck_assert_int_eq(verdict(leave), VOID_NONE);
    ck_assert(office(C)->is_retired);
}
END_TEST

START_TEST(an_enrol_replaces_a_lost_node)
{
    unsigned second = world_node(&world, C);
    size_t place = 0;

    world_see(&world, second, C);
    place = write_replacement(second, C, true);
    eval();
    ck_assert_int_eq(verdict(place), VOID_NONE);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].changes), 4);
    ck_assert_uint_eq(membership_cut(&membership, world.nodes[C].log), 1);
    ck_assert_int_eq(change_by(second, 0, ROLE_WRITE), VOID_NONE);
}
END_TEST

START_TEST(an_enrol_without_the_office_key_replaces_nobody)
{
    unsigned second = world_node(&world, C);
    size_t place = 0;

    world_see(&world, second, C);
    place = write_replacement(second, C, false);
    eval();
    ck_assert_int_eq(verdict(place), VOID_NO_RIGHT);
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[C].changes), UINT64_MAX);
    /* The certificate itself is good. */
    ck_assert_int_eq(change_by(second, 0, ROLE_WRITE), VOID_NONE);
}
END_TEST

START_TEST(an_enrol_replaces_no_node_of_another_office)
{
    unsigned second = world_node(&world, C);

    world_see(&world, second, C);
    write_replacement(second, D, true);
    eval();
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[D].log), UINT64_MAX);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("membership_retire");
    TCase *t = tcase_create("membership_retire");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_retired_office_is_cut_where_the_author_stands_or_says);
    tcase_add_test(t, an_unsigned_cut_is_not_below_what_its_author_counts);
    tcase_add_test(t, a_retirement_with_a_false_signature_is_void);
    tcase_add_test(t, backdating_gets_nobody_around_a_cut);
    tcase_add_test(t, what_lies_behind_a_cut_changes_nothing);
    tcase_add_test(t, the_cut_of_an_admin_takes_what_it_gave_behind_it);
    tcase_add_test(t, a_retired_office_comes_again_with_new_nodes);
    tcase_add_test(t, who_did_not_know_of_a_retirement_does_not_undo_it);
    tcase_add_test(t, nodes_are_retired_by_seniors_or_their_office_key);
    tcase_add_test(t, nodes_of_one_office_can_retire_one_another);
    tcase_add_test(t, a_cut_office_cannot_retire_its_nodes_any_more);
    tcase_add_test(t, an_office_can_leave_by_its_key);
    tcase_add_test(t, an_enrol_replaces_a_lost_node);
    tcase_add_test(t, an_enrol_without_the_office_key_replaces_nobody);
    tcase_add_test(t, an_enrol_replaces_no_node_of_another_office);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
