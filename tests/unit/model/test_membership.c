/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
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

START_TEST(the_founder_and_the_admitted_are_members)
{
    eval();
    ck_assert(membership.has_found);
    ck_assert_str_eq(membership.name, "Corridor");
    ck_assert_uint_eq(membership.office_count, MAIN_NODES);
    ck_assert_uint_eq(membership.node_count, MAIN_NODES);
    for (size_t i = 0; i < world.count; i++) {
        ck_assert_int_eq(verdict(i), VOID_NONE);
    }
    ck_assert(office(F)->is_founder && !office(A)->is_founder);
    ck_assert(office(F)->confirmed && !office(A)->confirmed);
    ck_assert_uint_eq(roles(F), ROLE_ALL);
    ck_assert_uint_eq(roles(C), read_write);
    ck_assert_uint_eq(office(F)->seniority, 0);
    ck_assert_str_eq(office(C)->name, "Office 3");
    ck_assert_str_eq(office(C)->country, "NO");
    ck_assert_ptr_eq(
        membership_office_of(&membership, world.nodes[C].changes), office(C));
    ck_assert_ptr_null(membership_office(&membership, &world.offices[9]));
}
END_TEST

START_TEST(without_a_founding_statement_there_is_nobody)
{
    bool keep[64];

    memset(keep, true, sizeof(keep));
    keep[0] = false;
    world_eval(&world, keep, &membership);
    ck_assert(!membership.has_found);
    ck_assert_uint_eq(membership.office_count, 0);
    for (size_t i = 0; i + 1 < world.count; i++) {
        ck_assert_int_eq(verdict(i), VOID_NOT_MEMBER);
    }
    ck_assert_ptr_null(membership_office_of(&membership, 0));
    ck_assert_uint_eq(membership_cut(&membership, 0), UINT64_MAX);
    ck_assert_int_eq(change_by(F, 0, 0), VOID_NOT_MEMBER);
}
END_TEST

START_TEST(another_corridors_founding_counts_for_nothing)
{
    world.corridor.bytes[0] ^= 1;
    eval();
    ck_assert(!membership.has_found);
    ck_assert_int_eq(verdict(0), VOID_MALFORMED);
}
END_TEST

START_TEST(rights_need_what_gives_them_counted)
{
    struct vclock empty = {0};
    struct dot dot = {world.nodes[C].changes, 0};

    eval();
    ck_assert_int_eq(change_by(C, 0, 0), VOID_NONE);
    ck_assert_int_eq(change_by(C, 0, ROLE_WRITE), VOID_NONE);
    ck_assert_int_eq(change_by(C, 0, ROLE_ADMIN), VOID_NO_RIGHT);
    ck_assert_int_eq(change_by(D, 0, ROLE_WRITE), VOID_NO_RIGHT);
    ck_assert_int_eq(
        membership_allows(&membership, dot, &empty, 0), VOID_NOT_MEMBER);
    /* Its own enrol alone is a certificate, but no admission. */
    ck_assert_int_eq(vclock_raise(&empty, world.nodes[C].log, 1), ERR_OK);
    ck_assert_int_eq(
        membership_allows(&membership, dot, &empty, 0), VOID_NOT_MEMBER);
    vclock_release(&empty);
}
END_TEST

START_TEST(a_changes_log_needs_a_certificate_counted)
{
    struct vclock clock = {0};
    unsigned second = world_node(&world, C);
    struct dot dot = {world.nodes[second].changes, 0};
    size_t carried = world_enrol(&world, D, second);

    eval();
    ck_assert_int_eq(verdict(carried), VOID_NONE);
    ck_assert_int_eq(vclock_copy(&clock, world_clock(&world, C)), ERR_OK);
    ck_assert_int_eq(membership_allows(&membership, dot, &clock, ROLE_WRITE),
        VOID_NOT_MEMBER);
    ck_assert_int_eq(vclock_raise(&clock, world.nodes[D].log,
                         world.controls[carried].dot.position + 1),
        ERR_OK);
    ck_assert_int_eq(
        membership_allows(&membership, dot, &clock, ROLE_WRITE), VOID_NONE);
    /* Its control log has to start with its own certificate all the same. */
    dot.log = world.nodes[second].log;
    ck_assert_int_eq(membership_allows(&membership, dot, &clock, ROLE_WRITE),
        VOID_NOT_MEMBER);
    vclock_release(&clock);
}
END_TEST

START_TEST(a_node_that_starts_without_its_certificate_is_no_author)
{
    unsigned second = world_node(&world, A);
    size_t first = 0;
    size_t later = 0;

    world_enrol(&world, A, second);
    world_see(&world, second, A);
    first = world_pack(&world, second, 1);
    later = world_enrol(&world, second, second);
    eval();
    ck_assert_int_eq(verdict(first), VOID_NOT_MEMBER);
    ck_assert_int_eq(verdict(later), VOID_NOT_MEMBER);
}
END_TEST

START_TEST(who_was_not_admitted_is_nobody)
{
    unsigned stranger = world_node(&world, 9);
    size_t enrol = 0;
    size_t admit = 0;

    world_see(&world, stranger, A);
    enrol = world_enrol(&world, stranger, stranger);
    admit = world_admit(&world, stranger, world_node(&world, 10), ROLE_ALL);
    eval();
    ck_assert_int_eq(verdict(enrol), VOID_NOT_MEMBER);
    ck_assert_int_eq(verdict(admit), VOID_NOT_MEMBER);
    ck_assert_uint_eq(membership.office_count, MAIN_NODES);
}
END_TEST

START_TEST(only_admins_admit)
{
    size_t admit = world_admit(&world, C, world_node(&world, 9), ROLE_READ);

    eval();
    ck_assert_int_eq(verdict(admit), VOID_NO_RIGHT);
    ck_assert_ptr_null(office(9));
}
END_TEST

START_TEST(roles_are_taken_from_what_the_author_had_not_seen)
{
    size_t less = 0;
    size_t more = 0;

    world_see_changes(&world, A, C, 10);
    less = world_roles(&world, A, C, ROLE_READ);
    eval();
    ck_assert_int_eq(verdict(less), VOID_NONE);
    ck_assert_uint_eq(roles(C), ROLE_READ);
    /* C has not counted it: what A had seen stands, the rest does not. */
    ck_assert_int_eq(change_by(C, 9, ROLE_WRITE), VOID_NONE);
    ck_assert_int_eq(change_by(C, 10, ROLE_WRITE), VOID_CUT);
    ck_assert_int_eq(change_by(C, 10, ROLE_READ), VOID_NONE);
    ck_assert_int_eq(change_by(C, 10, 0), VOID_NONE);
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[C].changes), UINT64_MAX);
    /* Given again, by one who knew of the taking. */
    more = world_roles(&world, A, C, read_write);
    eval();
    ck_assert_int_eq(verdict(more), VOID_NONE);
    ck_assert_uint_eq(roles(C), read_write);
    ck_assert_int_eq(change_by(C, 10, ROLE_WRITE), VOID_CUT);
    world_see(&world, C, A);
    ck_assert_int_eq(change_by(C, 10, ROLE_WRITE), VOID_NONE);
}
END_TEST

START_TEST(roles_given_before_a_concurrent_taking_do_not_survive_it)
{
    world_see(&world, F, A);
    world_roles(&world, F, C, ROLE_READ);
    world_roles(&world, A, C, read_write | ROLE_AUDIT);
    eval();
    ck_assert_uint_eq(roles(C), ROLE_READ); /* what both leave it */
}
END_TEST

START_TEST(juniors_do_not_act_on_seniors)
{
    size_t rows[5];

    world_meet(&world);
    rows[0] = world_roles(&world, A, F, ROLE_READ);
    rows[1] = retire_office(A, F, NULL, 0);
    rows[2] = retire_node(A, F, NULL, false);
    rows[3] = world_roles(&world, A, A, ROLE_READ);
    rows[4] = retire_office(A, A, NULL, 0);
    eval();
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(verdict(rows[i]), VOID_NO_RIGHT);
    }
    ck_assert_uint_eq(roles(F), ROLE_ALL);
    ck_assert_uint_eq(roles(A), ROLE_ALL);
}
END_TEST

START_TEST(equals_do_not_act_on_one_another)
{
    size_t by_a = 0;
    size_t by_b = 0;

    /* C's admission does not count B's; B's counts A's: F wrote both. */
    by_b = world_roles(&world, B, C, ROLE_READ);
    eval();
    ck_assert_int_eq(verdict(by_b), VOID_NO_RIGHT);
    ck_assert_uint_eq(roles(C), read_write);
    by_a = world_roles(&world, A, B, ROLE_READ);
    eval();
    ck_assert_int_eq(verdict(by_a), VOID_NONE);
    ck_assert_uint_eq(roles(B), ROLE_READ);
}
END_TEST

START_TEST(actions_on_unknown_offices_are_void)
{
    size_t unknown = world_roles(&world, F, 9, ROLE_READ);
    size_t confirm = world_confirm(&world, F, 9);
    size_t pack = world_pack(&world, C, 3);

    eval();
    ck_assert_int_eq(verdict(unknown), VOID_NOT_MEMBER);
    ck_assert_int_eq(verdict(confirm), VOID_NOT_MEMBER);
    ck_assert_int_eq(verdict(pack), VOID_NO_RIGHT);
}
END_TEST

START_TEST(an_admin_loses_what_its_roles_lost)
{
    size_t before = world_pack(&world, B, 1);
    size_t after = 0;

    world_see(&world, F, B);
    world_roles(&world, F, B, ROLE_READ);
    after = world_pack(&world, B, 2);
    eval();
    ck_assert_int_eq(verdict(before), VOID_NONE);
    ck_assert_int_eq(verdict(after), VOID_CUT);
    ck_assert_uint_eq(membership.pack_version, 1);
    world_see(&world, B, F);
    after = world_pack(&world, B, 3);
    eval();
    ck_assert_int_eq(verdict(after), VOID_CUT);
}
END_TEST

START_TEST(a_junior_cannot_take_a_seniors_keys)
{
    unsigned copy = world_node(&world, C);
    size_t enrol = 0;

    /* Backdated, and with F's Noise key among its own. */
    world.nodes[copy].cert.keys.noise = world.nodes[A].cert.keys.noise;
    world_see(&world, copy, C);
    enrol = world_enrol(&world, copy, copy);
    world.controls[enrol].rank = 2;
    eval();
    ck_assert_int_eq(verdict(enrol), VOID_KEY);
    ck_assert_ptr_null(
        membership_node(&membership, &world.nodes[copy].cert.keys.sign));
    ck_assert_int_eq(change_by(A, 0, ROLE_WRITE), VOID_NONE);
}
END_TEST

START_TEST(of_two_nodes_with_a_common_key_the_older_stands)
{
    unsigned newer = world_node(&world, C);
    size_t enrol = 0;

    world.nodes[newer].cert.keys.cosign = world.nodes[C].cert.keys.clock;
    world_see(&world, newer, C);
    enrol = world_enrol(&world, newer, newer);
    eval();
    ck_assert_int_eq(verdict(enrol), VOID_KEY);
    ck_assert_int_eq(change_by(C, 0, ROLE_WRITE), VOID_NONE);
    ck_assert_int_eq(change_by(newer, 0, ROLE_WRITE), VOID_NOT_MEMBER);
}
END_TEST

START_TEST(a_certificate_of_another_corridor_is_refused)
{
    unsigned second = world_node(&world, C);
    struct corridor_id right = world.corridor;
    size_t enrol = 0;

    world.corridor.bytes[5] ^= 1;
    world_see(&world, second, C);
    enrol = world_enrol(&world, second, second);
    world.corridor = right;
    eval();
    ck_assert_int_eq(verdict(enrol), VOID_MALFORMED);
    ck_assert_int_eq(change_by(second, 0, 0), VOID_NOT_MEMBER);
}
END_TEST

START_TEST(two_who_admit_at_once_make_a_guest_at_least)
{
    unsigned node = world_node(&world, 9);
    size_t first = world_admit(&world, A, node, ROLE_READ);
    size_t second = world_admit(&world, D, node, ROLE_ALL);

    /* D is no admin; then B, who is, admits without knowing of A. */
    eval();
    ck_assert_int_eq(verdict(second), VOID_NO_RIGHT);
    second = world_admit(&world, B, node, ROLE_ALL);
    world.controls[first].rank = world.controls[second].rank - 1;
    world_see(&world, node, B);
    world_enrol(&world, node, node);
    eval();
    ck_assert_int_eq(verdict(first), VOID_NONE);
    ck_assert_int_eq(verdict(second), VOID_NONE);
    ck_assert_uint_eq(office(9)->admission.log, world.nodes[A].log);
    /* It counts B's admission alone, and may write by it; but not rule. */
    ck_assert_int_eq(change_by(node, 0, ROLE_WRITE), VOID_NONE);
    ck_assert_int_eq(change_by(node, 0, ROLE_ADMIN), VOID_NOT_MEMBER);
    ck_assert_uint_eq(roles(9), ROLE_ALL & ~ROLE_ADMIN);
}
END_TEST

START_TEST(a_member_is_not_admitted_again_by_juniors)
{
    unsigned second = world_node(&world, A);
    size_t by_junior = 0;
    size_t by_senior = 0;

    world.is_firewall[A] = true;
    by_junior = world_admit(&world, B, second, ROLE_ALL);
    eval();
    ck_assert_int_eq(verdict(by_junior), VOID_NO_RIGHT);
    ck_assert(!office(A)->firewall);
    by_senior = world_admit(&world, F, second, ROLE_ALL);
    eval();
    ck_assert_int_eq(verdict(by_senior), VOID_NONE);
    ck_assert(office(A)->firewall);
}
END_TEST

START_TEST(confirming_is_for_other_admins)
{
    size_t own = world_confirm(&world, A, A);
    size_t writer = world_confirm(&world, C, B);
    size_t good = world_confirm(&world, B, D);

    eval();
    ck_assert_int_eq(verdict(own), VOID_NO_RIGHT);
    ck_assert_int_eq(verdict(writer), VOID_NO_RIGHT);
    ck_assert_int_eq(verdict(good), VOID_NONE);
    ck_assert(!office(A)->confirmed && !office(B)->confirmed);
    ck_assert(office(D)->confirmed);
}
END_TEST

START_TEST(the_greatest_version_of_a_pack_stands)
{
    world_pack(&world, A, 3);
    world_pack(&world, B, 2);
    eval();
    ck_assert(membership.has_pack);
    ck_assert_uint_eq(membership.pack_version, 3);
    ck_assert_str_eq(membership.pack_name, "mekong");
}
END_TEST

START_TEST(an_office_has_64_nodes_at_most)
{
    unsigned nodes[NODES_PER_OFFICE_MAX + 1];

    nodes[0] = C;
    for (unsigned i = 1; i <= NODES_PER_OFFICE_MAX; i++) {
        nodes[i] = world_node(&world, C);
        world_see(&world, nodes[i], C);
        world_enrol(&world, nodes[i], nodes[i]);
    }
    eval();
    for (unsigned i = 0; i < NODES_PER_OFFICE_MAX; i++) {
        ck_assert_int_eq(change_by(nodes[i], 0, ROLE_WRITE), VOID_NONE);
    }
    ck_assert_int_eq(
        change_by(nodes[NODES_PER_OFFICE_MAX], 0, 0), VOID_NOT_MEMBER);
    ck_assert_int_eq(verdict(world.count - 1), VOID_KEY);
}
END_TEST

START_TEST(one_office_sets_anothers_roles_64_times_at_most)
{
    size_t places[RIGHTS_PER_PAIR_MAX + 1];
    size_t by_other = 0;

    for (size_t i = 0; i <= RIGHTS_PER_PAIR_MAX; i++) {
        places[i] = world_roles(&world, B, D, i % 2 ? ROLE_READ : 3);
    }
    by_other = world_roles(&world, F, D, ROLE_AUDIT);
    eval();
    /* The admission was the first. */
    ck_assert_int_eq(verdict(places[RIGHTS_PER_PAIR_MAX - 2]), VOID_NONE);
    ck_assert_int_eq(verdict(places[RIGHTS_PER_PAIR_MAX - 1]), VOID_NO_RIGHT);
    ck_assert_int_eq(verdict(by_other), VOID_NONE);
}
END_TEST

START_TEST(every_failed_allocation_is_survived)
{
    struct world_retire retire = {.by = C, .target = C, .is_signed = true};
    enum err rc = ERR_NOMEM;

    world_pack(&world, A, 1);
    world_roles(&world, A, C, ROLE_READ);
    world_retire(&world, &retire);
    for (long n = 0; rc != ERR_OK; n++) {
        struct membership m;
        struct membership before;

        memset(&m, 0xee, sizeof(m));
        memset(&before, 0xee, sizeof(before));
        ck_assert_int_lt(n, 500);
        mem_fault_after(n);
        rc = membership_eval(
            &m, &world.corridor, &world.logs, world.controls, world.count);
        mem_fault_after(-1);
        if (rc == ERR_OK) {
            ck_assert_int_gt(n, 10);
            membership_release(&m);
        } else {
            ck_assert_int_eq(rc, ERR_NOMEM);
            ck_assert_mem_eq(&m, &before, sizeof(m));
        }
    }
}
END_TEST

START_TEST(every_reason_has_its_own_sentence)
{
    for (int a = 0; a < VOID_REASON_COUNT; a++) {
        ck_assert_uint_gt(strlen(void_reason_text((enum void_reason)a)), 9);
        for (int b = 0; b < a; b++) {
            ck_assert_str_ne(void_reason_text((enum void_reason)a),
                void_reason_text((enum void_reason)b));
        }
    }
}
END_TEST

START_TEST(logs_that_came_later_are_found_all_the_same)
{
    unsigned second = world_node(&world, C);
    struct log_table all = world.logs;
    uint32_t log = 0;

    world_enrol(&world, C, second);
    /* The last two logs come after the evaluation. */
    world.logs = (struct log_table){0};
    for (size_t i = 0; i < all.count - 2; i++) {
        ck_assert_int_eq(log_table_add(&world.logs, &all.ids[i], &log), ERR_OK);
    }
    eval();
    ck_assert_ptr_null(
        membership_office_of(&membership, world.nodes[second].changes));
    for (size_t i = all.count - 2; i < all.count; i++) {
        ck_assert_int_eq(log_table_add(&world.logs, &all.ids[i], &log), ERR_OK);
    }
    ck_assert_ptr_eq(
        membership_office_of(&membership, world.nodes[second].changes),
        office(C));
    ck_assert_uint_eq(
        membership_cut(&membership, world.nodes[second].log), UINT64_MAX);
    ck_assert_ptr_null(membership_office_of(&membership, log + 1));
    log_table_release(&all);
}
END_TEST

/* Who holds what, by the roles alone. */
static const struct {
    uint8_t roles;
    bool bodies;
    bool keys;
} holders[] = {
    {0, true, true},
    {ROLE_ADMIN, true, true},
    {ROLE_WRITE, true, true},
    {ROLE_READ, true, true},
    {ROLE_RELAY, true, false},
    {ROLE_AUDIT, false, false},
    {ROLE_RELAY | ROLE_AUDIT, true, false},
    {ROLE_ADMIN | ROLE_RELAY, true, false},
    {ROLE_ADMIN | ROLE_AUDIT, false, false},
    {ROLE_READ | ROLE_AUDIT, true, true},
    {ROLE_WRITE | ROLE_RELAY | ROLE_AUDIT, true, true},
    {ROLE_ALL, true, true},
};

START_TEST(bodies_and_keys_are_for_whom_the_roles_say)
{
    struct office office = {.roles = holders[_i].roles};

    ck_assert_msg(office_holds_bodies(&office) == holders[_i].bodies,
        "bodies, roles %u", holders[_i].roles);
    ck_assert_msg(office_holds_keys(&office) == holders[_i].keys,
        "keys, roles %u", holders[_i].roles);
    ck_assert(office_holds_bodies(NULL));
    ck_assert(office_holds_keys(NULL));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("membership");
    TCase *t = tcase_create("membership");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_founder_and_the_admitted_are_members);
    tcase_add_test(t, without_a_founding_statement_there_is_nobody);
    tcase_add_test(t, another_corridors_founding_counts_for_nothing);
    tcase_add_test(t, rights_need_what_gives_them_counted);
    tcase_add_test(t, a_changes_log_needs_a_certificate_counted);
    tcase_add_test(t, a_node_that_starts_without_its_certificate_is_no_author);
    tcase_add_test(t, who_was_not_admitted_is_nobody);
    tcase_add_test(t, only_admins_admit);
    tcase_add_loop_test(t, bodies_and_keys_are_for_whom_the_roles_say, 0,
        (int)(sizeof(holders) / sizeof(holders[0])));
    tcase_add_test(t, roles_are_taken_from_what_the_author_had_not_seen);
    tcase_add_test(t, roles_given_before_a_concurrent_taking_do_not_survive_it);
    tcase_add_test(t, juniors_do_not_act_on_seniors);
    tcase_add_test(t, equals_do_not_act_on_one_another);
    tcase_add_test(t, actions_on_unknown_offices_are_void);
    tcase_add_test(t, an_admin_loses_what_its_roles_lost);
    tcase_add_test(t, a_junior_cannot_take_a_seniors_keys);
    tcase_add_test(t, of_two_nodes_with_a_common_key_the_older_stands);
    tcase_add_test(t, a_certificate_of_another_corridor_is_refused);
    tcase_add_test(t, two_who_admit_at_once_make_a_guest_at_least);
    tcase_add_test(t, a_member_is_not_admitted_again_by_juniors);
    tcase_add_test(t, confirming_is_for_other_admins);
    tcase_add_test(t, the_greatest_version_of_a_pack_stands);
    tcase_add_test(t, an_office_has_64_nodes_at_most);
    tcase_add_test(t, one_office_sets_anothers_roles_64_times_at_most);
    tcase_add_test(t, every_failed_allocation_is_survived);
    tcase_add_test(t, every_reason_has_its_own_sentence);
    tcase_add_test(t, logs_that_came_later_are_found_all_the_same);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
