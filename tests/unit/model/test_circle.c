/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "tests/lib/model/world.h"
#include "tests/lib/run.h"

/*
 * Node n of office n: the founder F, an admin A without content, a writer W,
 * a reader R, a relay L, and a firewall office P that may write.
 */
enum { F, A, W, R, L, P, MAIN_NODES };

static const struct circle_name everyone = {.kind = CIRCLE_EVERYONE};
static const struct circle_name link_circle = {.kind = CIRCLE_LINK};

static struct world world;
static struct membership membership;

static void
setup(void)
{
    static const uint8_t roles[MAIN_NODES] = {ROLE_ALL, ROLE_ADMIN,
        ROLE_READ | ROLE_WRITE, ROLE_READ, ROLE_RELAY, ROLE_READ | ROLE_WRITE};

    world_init(&world);
    memset(&membership, 0, sizeof(membership));
    world.is_firewall[P] = true;
    for (unsigned i = 0; i < MAIN_NODES; i++) {
        world_node(&world, i);
    }
    world_found(&world, F, 1);
    for (unsigned i = A; i < MAIN_NODES; i++) {
        world_join(&world, F, i, roles[i]);
    }
    world_meet(&world);
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

/* A generation sealed to `count` nodes from F, W, R, L, P on. */
static size_t
circle_to(
    unsigned by, struct circle_name name, const unsigned *nodes, size_t count)
{
    struct world_circle circle = {
        .by = by, .name = name, .nodes = nodes, .node_count = count};

    return world_circle(&world, &circle);
}

static size_t
turn(unsigned by, size_t former, const unsigned *nodes, size_t count)
{
    struct world_circle circle = {.by = by,
        .name = world.controls[former].statement.circle,
        .nodes = nodes,
        .node_count = count,
        .has_former = true,
        .former = former};

    return world_circle(&world, &circle);
}

static uint32_t
generation_of(size_t control)
{
    uint32_t out = 0;

    ck_assert(
        membership_generation(&membership, world.controls[control].dot, &out));
    return out;
}

static bool
opens(size_t control, unsigned node)
{
    return membership_opens(&membership, generation_of(control),
        &world.nodes[node].cert.keys.sign, world_clock(&world, node));
}

static bool
is_current(size_t control)
{
    uint32_t current = 0;

    return membership_current(&membership,
               &world.controls[control].statement.circle, &current) &&
           current == generation_of(control);
}

START_TEST(admins_make_link_and_everyone_and_offices_their_own)
{
    size_t good[] = {circle_to(F, link_circle, (unsigned[]){F, A, L}, 3),
        circle_to(A, everyone, (unsigned[]){F, W, R}, 3),
        circle_to(W, world_office_circle(&world, W), (unsigned[]){W}, 1),
        circle_to(L, world_office_circle(&world, L), (unsigned[]){L}, 1),
        circle_to(P, world_office_circle(&world, P), (unsigned[]){P}, 1)};
    size_t bad[] = {circle_to(W, link_circle, (unsigned[]){W}, 1),
        circle_to(R, everyone, (unsigned[]){R}, 1),
        circle_to(A, world_office_circle(&world, W), (unsigned[]){W}, 1)};

    eval();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_int_eq(verdict(good[i]), VOID_NONE);
        ck_assert(is_current(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t out = 0;

        ck_assert_int_eq(verdict(bad[i]), VOID_NO_RIGHT);
        ck_assert(!membership_generation(
            &membership, world.controls[bad[i]].dot, &out));
    }
    ck_assert_uint_eq(membership.generation_count, 5);
}
END_TEST

START_TEST(named_circles_are_of_a_later_version)
{
    struct circle_name name = {.kind = CIRCLE_NAMED, .name = "claims"};
    size_t place = circle_to(F, name, (unsigned[]){F}, 1);

    eval();
    ck_assert_int_eq(verdict(place), VOID_UNKNOWN);
}
END_TEST

START_TEST(firewall_offices_are_never_in_everyone)
{
    size_t place = circle_to(F, everyone, (unsigned[]){F, W, P}, 3);
    size_t other =
        circle_to(W, world_office_circle(&world, W), (unsigned[]){W, P}, 2);
    size_t link = circle_to(F, link_circle, (unsigned[]){F, P}, 2);
    size_t later = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t seals = world_seals(&world, F, later, (unsigned[]){P}, 1);

    eval();
    ck_assert_int_eq(verdict(place), VOID_FIREWALL);
    ck_assert_int_eq(verdict(other), VOID_FIREWALL);
    ck_assert_int_eq(verdict(link), VOID_NONE);
    ck_assert_int_eq(verdict(later), VOID_NONE);
    ck_assert_int_eq(verdict(seals), VOID_FIREWALL);
    world_see(&world, P, F);
    ck_assert(opens(link, P));
    ck_assert(!opens(later, P));
    ck_assert(membership_in_circle(
        &membership, &link_circle, &world.nodes[P].cert.keys.sign));
    ck_assert(!membership_in_circle(
        &membership, &everyone, &world.nodes[P].cert.keys.sign));
}
END_TEST

START_TEST(membership_of_circles_follows_roles)
{
    static const struct {
        unsigned node;
        bool in_everyone;
    } rows[] = {
        {F, true}, {A, false}, {W, true}, {R, true}, {L, false}, {P, false}};

    eval();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct node_id *node = &world.nodes[rows[i].node].cert.keys.sign;
        struct circle_name own = world_office_circle(&world, rows[i].node);
        struct circle_name other = world_office_circle(&world, 20);

        ck_assert(membership_in_circle(&membership, &link_circle, node));
        ck_assert(membership_in_circle(&membership, &everyone, node) ==
                  rows[i].in_everyone);
        ck_assert(membership_in_circle(&membership, &own, node));
        ck_assert(!membership_in_circle(&membership, &other, node));
    }
}
END_TEST

START_TEST(a_generation_opens_to_whom_a_counted_entry_sealed_it)
{
    size_t made = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t sealed = 0;

    eval();
    ck_assert(opens(made, F));
    ck_assert(!opens(made, W)); /* it has not counted it */
    world_see(&world, W, F);
    world_see(&world, R, F);
    ck_assert(opens(made, W));
    ck_assert(!opens(made, R));
    sealed = world_seals(&world, W, made, (unsigned[]){R}, 1);
    eval();
    ck_assert_int_eq(verdict(sealed), VOID_NONE);
    ck_assert(!opens(made, R));
    world_see(&world, R, W);
    ck_assert(opens(made, R));
}
END_TEST

START_TEST(the_maker_holds_what_it_made)
{
    size_t made = circle_to(A, everyone, (unsigned[]){W}, 1);

    eval();
    ck_assert(opens(made, A));
    ck_assert_int_eq(verdict(made), VOID_NONE);
}
END_TEST

START_TEST(only_holders_seal_a_generation_to_others)
{
    size_t made = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t early = world_seals(&world, W, made, (unsigned[]){R}, 1);
    size_t stranger = 0;
    size_t good = 0;

    world_see(&world, W, F);
    world_see(&world, R, F);
    stranger = world_seals(&world, R, made, (unsigned[]){R}, 1);
    good = world_seals(&world, W, made, (unsigned[]){R}, 1);
    eval();
    ck_assert_int_eq(verdict(early), VOID_KEY); /* it did not count it */
    ck_assert_int_eq(verdict(stranger), VOID_KEY);
    ck_assert_int_eq(verdict(good), VOID_NONE);
    world_see(&world, R, W);
    ck_assert(opens(made, R));
}
END_TEST

START_TEST(a_box_for_an_outsider_opens_nothing_and_spoils_the_generation)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t second = circle_to(F, everyone, (unsigned[]){F, W, L}, 3);

    eval();
    ck_assert_int_eq(verdict(second), VOID_NONE);
    ck_assert(is_current(first));
    world_see(&world, L, F);
    world_see(&world, W, F);
    ck_assert(!opens(second, L));
    ck_assert(opens(second, W));
}
END_TEST

START_TEST(the_last_generation_that_only_members_hold_is_current)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t second = circle_to(F, everyone, (unsigned[]){F, W, R}, 3);
    uint32_t out = 0;

    eval();
    ck_assert(is_current(second));
    world_roles(&world, F, R, ROLE_RELAY);
    eval();
    ck_assert(is_current(first));
    world_roles(&world, F, W, 0);
    eval();
    ck_assert(!membership_current(&membership, &everyone, &out));
}
END_TEST

/* By the second, R knows the first too, which was not sealed to it. */
START_TEST(what_is_wrapped_for_one_who_left_is_not_used)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t second = turn(F, first, (unsigned[]){F, W, R}, 3);
    uint32_t out = 0;

    eval();
    ck_assert(is_current(second));
    world_roles(&world, F, R, ROLE_RELAY);
    eval();
    ck_assert(!membership_current(&membership, &everyone, &out));
}
END_TEST

/* Else any holder could put an end to a circle, and to the next one. */
START_TEST(seals_for_an_outsider_are_void_and_spoil_nothing)
{
    size_t made = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t seals = 0;

    world_see(&world, W, F);
    seals = world_seals(&world, W, made, (unsigned[]){R, L}, 2);
    eval();
    ck_assert_int_eq(verdict(seals), VOID_KEY);
    ck_assert(is_current(made));
    world_see(&world, R, W);
    ck_assert(!opens(made, R));
}
END_TEST

START_TEST(what_a_retired_maker_knows_is_not_used)
{
    struct world_retire retire = {.by = F, .target = A};
    size_t first = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t second = 0;

    world_see(&world, A, F);
    second = circle_to(A, everyone, (unsigned[]){F, W}, 2);
    world_see(&world, F, A);
    eval();
    ck_assert(is_current(second));
    world_retire(&world, &retire);
    eval();
    ck_assert_int_eq(verdict(second), VOID_NONE);
    ck_assert(is_current(first));
}
END_TEST

START_TEST(a_later_generation_opens_the_former_ones)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t second = turn(F, first, (unsigned[]){F, W}, 2);
    size_t branch = turn(F, first, (unsigned[]){F}, 1);
    size_t third = turn(F, second, (unsigned[]){F, R}, 2);

    eval();
    ck_assert_int_eq(verdict(third), VOID_NONE);
    world_see(&world, R, F);
    ck_assert(opens(third, R));
    ck_assert(opens(second, R));
    ck_assert(opens(first, R));
    ck_assert(!opens(branch, R));
    world_see(&world, W, F);
    ck_assert(!opens(third, W));
    ck_assert(opens(second, W) && opens(first, W));
    ck_assert(opens(branch, F));
}
END_TEST

START_TEST(a_former_is_of_the_same_circle_counted_and_held)
{
    size_t mine =
        circle_to(W, world_office_circle(&world, W), (unsigned[]){W}, 1);
    size_t made = circle_to(F, everyone, (unsigned[]){F}, 1);
    size_t uncounted = turn(A, made, (unsigned[]){W}, 1);
    struct world_circle other = {.by = F,
        .name = link_circle,
        .nodes = (unsigned[]){F},
        .node_count = 1,
        .has_former = true,
        .former = made};
    size_t of_other = world_circle(&world, &other);
    size_t not_held = 0;

    world_see(&world, A, F);
    not_held = turn(A, made, (unsigned[]){W}, 1);
    eval();
    ck_assert_int_eq(verdict(mine), VOID_NONE);
    ck_assert_int_eq(verdict(uncounted), VOID_KEY);
    ck_assert_int_eq(verdict(of_other), VOID_KEY);
    ck_assert_int_eq(verdict(not_held), VOID_KEY);
}
END_TEST

START_TEST(a_circle_has_256_generations_at_most)
{
    size_t last = 0;

    for (size_t i = 0; i <= GENERATIONS_PER_CIRCLE_MAX; i++) {
        last = circle_to(W, world_office_circle(&world, W), (unsigned[]){W}, 1);
    }
    circle_to(F, everyone, (unsigned[]){F}, 1);
    eval();
    ck_assert_int_eq(verdict(last - 1), VOID_NONE);
    ck_assert_int_eq(verdict(last), VOID_NO_RIGHT);
    ck_assert_int_eq(verdict(last + 1), VOID_NONE);
    ck_assert_uint_eq(
        membership.generation_count, GENERATIONS_PER_CIRCLE_MAX + 1);
}
END_TEST

/* Open all that the node can; the secrets must be those of the world. */
static size_t
open_keyring(unsigned node, bool *has)
{
    struct keyring_options options = {.controls = world.controls,
        .node = &world.nodes[node].cert.keys.sign,
        .seal = &world.nodes[node].secrets.seal};
    struct secret_key secrets[64];
    size_t count = 0;

    ck_assert_uint_le(membership.generation_count, 64);
    ck_assert_int_eq(keyring_open(secrets, has, &membership, &options), ERR_OK);
    for (size_t i = 0; i < membership.generation_count; i++) {
        struct secret_key expected = {{0}};

        if (has[i]) {
            world_secret(&expected, 9, membership.generations[i].control);
            ck_assert_mem_eq(&secrets[i], &expected, sizeof(expected));
            count++;
        }
    }
    return count;
}

START_TEST(a_keyring_opens_boxes_and_chains)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F}, 1);
    size_t second = turn(F, first, (unsigned[]){F}, 1);
    size_t third = turn(F, second, (unsigned[]){F, R}, 2);
    size_t alone = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    bool has[64];

    eval();
    ck_assert_uint_eq(open_keyring(F, has), 4);
    ck_assert_uint_eq(open_keyring(R, has), 3);
    ck_assert(!has[generation_of(alone)]);
    ck_assert_uint_eq(open_keyring(W, has), 1);
    ck_assert(has[generation_of(alone)]);
    ck_assert(!has[generation_of(third)]);
    ck_assert_uint_eq(open_keyring(L, has), 0);
}
END_TEST

/* A statement's boxes and wrapped secret are the maker's word: break them. */
static struct statement *
statement_at(size_t control)
{
    return &world.controls[control].statement;
}

START_TEST(a_false_box_is_skipped_and_another_may_open)
{
    size_t made = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t again = world_seals(&world, F, made, (unsigned[]){W}, 1);
    bool has[64];

    eval();
    for (size_t i = 0; i < 2; i++) {
        statement_at(made)->seals[i].boxed[40] ^= 1;
    }
    ck_assert_uint_eq(open_keyring(W, has), 1);
    ck_assert_uint_eq(open_keyring(F, has), 0);
    /* A box that opens, to a secret that is not the generation's. */
    ck_assert_int_eq(
        seal_box(statement_at(again)->seals[0].boxed,
            &world.nodes[W].cert.keys.seal, &world.nodes[F].secrets.sign),
        ERR_OK);
    ck_assert_uint_eq(open_keyring(W, has), 0);
}
END_TEST

START_TEST(a_false_chain_ends_the_way_down)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F}, 1);
    size_t second = turn(F, first, (unsigned[]){F}, 1);
    size_t third = turn(F, second, (unsigned[]){F, R}, 2);
    bool has[64];

    eval();
    statement_at(second)->wrapped[3] ^= 1;
    ck_assert_uint_eq(open_keyring(R, has), 2);
    ck_assert(has[generation_of(third)] && has[generation_of(second)]);
    ck_assert_uint_eq(open_keyring(F, has), 3); /* it has a box of each */
    ck_assert(has[generation_of(first)]);
}
END_TEST

START_TEST(a_wrapped_secret_is_that_of_the_former)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F}, 1);
    size_t second = 0;
    struct secret_key former = {{0}};
    struct secret_key secret = {{0}};
    struct keyring_wrap_options options = {
        .former_secret = &former, .secret = &secret};
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
    struct hash commitment = {{0}};
    bool has[64];

    eval();
    second = turn(F, first, (unsigned[]){R}, 1);
    world_secret(&former, 9, (unsigned)first);
    world_secret(&secret, 9, (unsigned)second);
    options.former = generation_of(first);
    keyring_wrap(wrapped, &commitment, &membership, &options);
    ck_assert_mem_eq(wrapped, statement_at(second)->wrapped, sizeof(wrapped));
    ck_assert_mem_eq(
        &commitment, &statement_at(second)->commitment, sizeof(commitment));
    eval();
    ck_assert_uint_eq(open_keyring(R, has), 2);
    /* It opens, but to what is not the former's secret. */
    options.former_secret = &world.nodes[F].secrets.sign;
    keyring_wrap(statement_at(second)->wrapped,
        &statement_at(second)->commitment, &membership, &options);
    ck_assert_uint_eq(open_keyring(R, has), 1);
}
END_TEST

START_TEST(the_links_secret_is_derived)
{
    struct secret_key generation = {{1}};
    struct secret_key link = {{0}};
    struct secret_key expected = {{0}};

    keyring_link_secret(&link, &generation);
    hash_derive_label(&expected, &generation, "corridor/link/1");
    ck_assert_mem_eq(&link, &expected, sizeof(link));
    ck_assert_mem_ne(&link, &generation, sizeof(link));
}
END_TEST

START_TEST(every_failed_allocation_is_survived)
{
    size_t first = circle_to(F, everyone, (unsigned[]){F, W}, 2);
    size_t second = turn(F, first, (unsigned[]){F, W, R}, 3);
    enum err rc = ERR_NOMEM;

    world_seals(&world, F, second, (unsigned[]){R}, 1);
    for (long n = 0; rc != ERR_OK; n++) {
        struct membership m = {0};

        ck_assert_int_lt(n, 500);
        mem_fault_after(n);
        rc = membership_eval(
            &m, &world.corridor, &world.logs, world.controls, world.count);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
        membership_release(&m);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("circle");
    TCase *t = tcase_create("circle");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, admins_make_link_and_everyone_and_offices_their_own);
    tcase_add_test(t, named_circles_are_of_a_later_version);
    tcase_add_test(t, firewall_offices_are_never_in_everyone);
    tcase_add_test(t, membership_of_circles_follows_roles);
    tcase_add_test(t, a_generation_opens_to_whom_a_counted_entry_sealed_it);
    tcase_add_test(t, the_maker_holds_what_it_made);
    tcase_add_test(t, only_holders_seal_a_generation_to_others);
    tcase_add_test(
        t, a_box_for_an_outsider_opens_nothing_and_spoils_the_generation);
    tcase_add_test(t, the_last_generation_that_only_members_hold_is_current);
    tcase_add_test(t, what_is_wrapped_for_one_who_left_is_not_used);
    tcase_add_test(t, seals_for_an_outsider_are_void_and_spoil_nothing);
    tcase_add_test(t, what_a_retired_maker_knows_is_not_used);
    tcase_add_test(t, a_later_generation_opens_the_former_ones);
    tcase_add_test(t, a_former_is_of_the_same_circle_counted_and_held);
    tcase_add_test(t, a_circle_has_256_generations_at_most);
    tcase_add_test(t, a_keyring_opens_boxes_and_chains);
    tcase_add_test(t, a_false_box_is_skipped_and_another_may_open);
    tcase_add_test(t, a_false_chain_ends_the_way_down);
    tcase_add_test(t, a_wrapped_secret_is_that_of_the_former);
    tcase_add_test(t, the_links_secret_is_derived);
    tcase_add_test(t, every_failed_allocation_is_survived);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
