/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/grant.h"
#include "tests/lib/model/world.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

/*
 * Node n of office n: the founder F, writers W and V, a relay L, and the
 * firewall offices P and Q; W2 is W's second node. Everybody has an office
 * circle, and everyone one generation, sealed to F, W and V.
 */
enum { F, W, V, L, P, Q, W2, MAIN_NODES };

static struct world world;
static struct membership membership;
static size_t own[MAIN_NODES]; /* the office circles, in controls */
static size_t everyone;
static size_t link_circle;

static void
make_circles(void)
{
    struct world_circle circle = {.by = F,
        .name = {.kind = CIRCLE_EVERYONE},
        .nodes = (unsigned[]){F, W, V},
        .node_count = 3};

    everyone = world_circle(&world, &circle);
    circle.name.kind = CIRCLE_LINK;
    link_circle = world_circle(&world, &circle);
    for (unsigned i = 0; i < W2; i++) {
        circle.by = i;
        circle.name = world_office_circle(&world, i);
        circle.nodes = i == W ? (unsigned[]){W, W2} : &i;
        circle.node_count = i == W ? 2 : 1;
        own[i] = world_circle(&world, &circle);
    }
    own[W2] = own[W];
}

static void
setup(void)
{
    world_init(&world);
    memset(&membership, 0, sizeof(membership));
    world.is_firewall[P] = true;
    world.is_firewall[Q] = true;
    for (unsigned i = 0; i < MAIN_NODES; i++) {
        world_node(&world, i == W2 ? W : i);
    }
    world_found(&world, F, 1);
    for (unsigned i = W; i < W2; i++) {
        world_join(&world, F, i, i == L ? ROLE_RELAY : ROLE_READ | ROLE_WRITE);
    }
    world_see(&world, W2, W);
    world_enrol(&world, W2, W2);
    world_meet(&world);
    make_circles();
    world_meet(&world);
    world_eval(&world, NULL, &membership);
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

/* What a node counts of control logs, and so many changes of another. */
static struct vclock
clock_of(unsigned node, unsigned other, uint64_t changes)
{
    struct vclock clock = {0};

    ck_assert_int_eq(vclock_copy(&clock, world_clock(&world, node)), ERR_OK);
    if (changes > 0) {
        ck_assert_int_eq(
            vclock_raise(&clock, world.nodes[other].changes, changes), ERR_OK);
    }
    return clock;
}

/* The key that a node made in its changes log at 5. */
static struct key_info
key_of(unsigned node, enum schema_class class)
{
    struct key_info key = {
        .key = {world.nodes[node].changes, 5}, .class = (uint8_t) class};

    return key;
}

static struct key_grant
grant_to(unsigned by, uint64_t position, size_t generation)
{
    struct key_grant grant = {.entry = {world.nodes[by].changes, position},
        .generation = world.controls[generation].dot};

    return grant;
}

/* Add a grant by an entry that counts so many changes of `seen`. */
static enum void_reason
add(struct key_info *key, const struct key_grant *grant, unsigned by,
    unsigned seen, uint64_t changes)
{
    struct vclock clock = clock_of(by, seen, changes);
    enum void_reason reason = VOID_REASON_COUNT;
    size_t before = key->grant_count;

    ck_assert_int_eq(
        key_grant_add(key, &membership, grant, &clock, &reason), ERR_OK);
    ck_assert_uint_eq(key->grant_count, before + (reason == VOID_NONE));
    vclock_release(&clock);
    return reason;
}

static bool
opens(
    const struct key_info *key, unsigned node, unsigned seen, uint64_t changes)
{
    struct vclock clock = clock_of(node, seen, changes);
    bool result =
        key_opens(key, &membership, world.nodes[node].changes, &clock);

    vclock_release(&clock);
    return result;
}

START_TEST(its_maker_opens_a_key)
{
    struct key_info key = key_of(W, CLASS_CASE);

    ck_assert(opens(&key, W, W, 0));
    ck_assert(key_opens(
        &key, &membership, world.nodes[W].log, world_clock(&world, W)));
    ck_assert(!opens(&key, W2, W, 6));
    ck_assert(!opens(&key, F, W, 6));
}
END_TEST

START_TEST(a_counted_grant_opens_it_to_the_circle)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant grant = grant_to(W, 5, everyone);

    ck_assert_int_eq(add(&key, &grant, W, W, 5), VOID_NONE);
    ck_assert(!opens(&key, V, W, 5)); /* the grant itself is at 5 */
    ck_assert(opens(&key, V, W, 6));
    ck_assert(opens(&key, F, W, 6));
    ck_assert(!opens(&key, L, W, 6));
    ck_assert(!opens(&key, P, W, 6));
    ck_assert(!opens(&key, W2, W, 6)); /* everyone is sealed to W alone */
    grant = grant_to(W, 7, own[W]);
    ck_assert_int_eq(add(&key, &grant, W, W, 7), VOID_NONE);
    ck_assert(opens(&key, W2, W, 8));
    key_info_release(&key);
}
END_TEST

START_TEST(only_those_who_were_granted_a_key_grant_it_on)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant first = grant_to(W, 5, own[V]);
    struct key_grant by_v = grant_to(V, 0, own[F]);
    struct key_grant by_f = grant_to(F, 0, own[F]);

    ck_assert_int_eq(add(&key, &by_v, V, W, 6), VOID_KEY);
    ck_assert_int_eq(add(&key, &first, W, W, 5), VOID_NONE);
    ck_assert_int_eq(add(&key, &by_f, F, W, 6), VOID_KEY);
    ck_assert_int_eq(add(&key, &by_v, V, W, 5), VOID_KEY);
    ck_assert_int_eq(add(&key, &by_v, V, W, 6), VOID_NONE);
    ck_assert(opens(&key, F, V, 1));
    key_info_release(&key);
}
END_TEST

START_TEST(an_offices_nodes_grant_one_anothers_keys)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant grant = grant_to(W2, 0, own[V]);

    ck_assert_int_eq(add(&key, &grant, W2, W, 5), VOID_KEY);
    ck_assert_int_eq(add(&key, &grant, W2, W, 6), VOID_NONE);
    key_info_release(&key);
}
END_TEST

START_TEST(the_generation_must_be_counted_and_valid)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct world_circle circle = {.by = V,
        .name = world_office_circle(&world, V),
        .nodes = (unsigned[]){V},
        .node_count = 1};
    struct world_circle bad = {.by = W,
        .name = {.kind = CIRCLE_EVERYONE},
        .nodes = (unsigned[]){W},
        .node_count = 1};
    size_t newer = world_circle(&world, &circle);
    struct key_grant grant = grant_to(W, 5, newer);
    struct key_grant to_void = grant_to(W, 6, world_circle(&world, &bad));

    eval();
    ck_assert_int_eq(add(&key, &grant, W, W, 5), VOID_KEY);
    world_see(&world, W, V);
    ck_assert_int_eq(add(&key, &grant, W, W, 5), VOID_NONE);
    ck_assert_int_eq(add(&key, &to_void, W, W, 6), VOID_KEY);
    key_info_release(&key);
}
END_TEST

START_TEST(no_file_is_granted_to_a_firewall_office)
{
    static const struct {
        enum schema_class class;
        unsigned by;
        unsigned to;
        enum void_reason expected;
    } rows[] = {{CLASS_PUBLIC, W, P, VOID_NONE},
        {CLASS_MEMBERS, W, P, VOID_FIREWALL}, {CLASS_CASE, W, P, VOID_FIREWALL},
        {CLASS_SEALED, W, P, VOID_FIREWALL}, {CLASS_SEALED, W, V, VOID_NONE},
        {CLASS_SEALED, P, P, VOID_NONE}, {CLASS_CASE, P, V, VOID_NONE},
        {CLASS_CASE, P, Q, VOID_FIREWALL}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_info key = key_of(rows[i].by, rows[i].class);
        struct key_grant grant = grant_to(rows[i].by, 5, own[rows[i].to]);

        ck_assert_msg(
            add(&key, &grant, rows[i].by, rows[i].by, 5) == rows[i].expected,
            "row %zu", i);
        key_info_release(&key);
    }
}
END_TEST

START_TEST(nothing_is_granted_to_the_links_circle)
{
    struct key_info key = key_of(F, CLASS_PUBLIC);
    struct key_grant grant = grant_to(F, 5, link_circle);

    ck_assert_int_eq(add(&key, &grant, F, F, 5), VOID_FIREWALL);
}
END_TEST

START_TEST(a_log_grants_a_key_256_times_at_most)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant grant = grant_to(W, 0, everyone);

    for (size_t i = 0; i < KEY_GRANTS_MAX; i++) {
        grant.entry.position = 5 + i / 2;
        grant.item = i % 2;
        ck_assert_int_eq(add(&key, &grant, W, W, 5), VOID_NONE);
    }
    grant.entry.position++;
    ck_assert_int_eq(add(&key, &grant, W, W, 5), VOID_KEY);
    ck_assert_uint_eq(key.grant_count, KEY_GRANTS_MAX);
    /* Which grants of another log count does not depend on what came first. */
    grant.entry.log = grant_to(F, 5, everyone).entry.log;
    key.key.log = grant.entry.log;
    ck_assert_int_eq(add(&key, &grant, F, F, 5), VOID_NONE);
    ck_assert_uint_eq(key.grant_count, KEY_GRANTS_MAX + 1);
    key_info_release(&key);
}
END_TEST

START_TEST(the_same_grant_again_is_no_other)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant grant = grant_to(W, 5, everyone);
    struct vclock clock = clock_of(W, W, 5);
    enum void_reason reason = VOID_KEY;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            key_grant_add(&key, &membership, &grant, &clock, &reason), ERR_OK);
        ck_assert_int_eq(reason, VOID_NONE);
        ck_assert_uint_eq(key.grant_count, 1);
    }
    vclock_release(&clock);
    key_info_release(&key);
}
END_TEST

START_TEST(a_failed_allocation_leaves_the_key_as_it_was)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant grant = grant_to(W, 5, everyone);
    struct vclock clock = clock_of(W, W, 5);
    enum void_reason reason = VOID_CUT;

    mem_fault_after(0);
    ck_assert_int_eq(
        key_grant_add(&key, &membership, &grant, &clock, &reason), ERR_NOMEM);
    mem_fault_after(-1);
    ck_assert_uint_eq(key.grant_count, 0);
    ck_assert_int_eq(reason, VOID_CUT);
    vclock_release(&clock);
}
END_TEST

START_TEST(an_opening_grant_is_found)
{
    struct key_info key = key_of(W, CLASS_CASE);
    struct key_grant first = grant_to(W, 5, everyone);
    struct key_grant second = grant_to(W, 6, own[V]);
    bool has[64] = {false};
    size_t grant = 99;
    uint32_t generation = 99;
    uint32_t expected = 0;

    ck_assert_int_eq(add(&key, &first, W, W, 5), VOID_NONE);
    ck_assert_int_eq(add(&key, &second, W, W, 5), VOID_NONE);
    ck_assert_uint_le(membership.generation_count, 64);
    ck_assert(!key_find_opening(&key, &membership, has, &grant, &generation));
    ck_assert_uint_eq(grant, 99);
    ck_assert(membership_generation(
        &membership, world.controls[own[V]].dot, &expected));
    has[expected] = true;
    ck_assert(key_find_opening(&key, &membership, has, &grant, &generation));
    ck_assert_uint_eq(grant, 1);
    ck_assert_uint_eq(generation, expected);
    key_info_release(&key);
}
END_TEST

/* Which circle a new key of that class goes to: its place in controls. */
static size_t
default_of(unsigned office, enum schema_class class, uint8_t *out_purpose)
{
    uint32_t generation = 0;

    if (!grant_default(&membership, &world.offices[office], (uint8_t) class,
            &generation, out_purpose)) {
        return SIZE_MAX;
    }
    return membership.generations[generation].control;
}

START_TEST(new_keys_go_to_everyone_or_to_the_office)
{
    static const struct {
        unsigned office;
        enum schema_class class;
        bool is_shared; /* the corridor's policy */
        bool to_everyone;
    } rows[] = {{W, CLASS_PUBLIC, false, true}, {W, CLASS_MEMBERS, false, true},
        {W, CLASS_CASE, false, false}, {W, CLASS_SEALED, false, false},
        {W, CLASS_CASE, true, true}, {W, CLASS_SEALED, true, true},
        {P, CLASS_PUBLIC, true, false}, {P, CLASS_CASE, true, false},
        {L, CLASS_MEMBERS, true, false}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t purpose = 99;
        size_t circle = 0;

        membership.policy = rows[i].is_shared ? POLICY_SHARE_BY_DEFAULT : 0;
        circle = default_of(rows[i].office, rows[i].class, &purpose);
        ck_assert_msg(
            circle == (rows[i].to_everyone ? everyone : own[rows[i].office]),
            "row %zu", i);
        ck_assert_uint_eq(
            purpose, rows[i].to_everyone ? PURPOSE_POLICY : PURPOSE_OWN);
    }
}
END_TEST

START_TEST(without_a_current_generation_there_is_no_default)
{
    struct world_retire retire = {.by = F, .target = V};
    uint8_t purpose = 99;

    ck_assert_uint_eq(default_of(20, CLASS_CASE, &purpose), SIZE_MAX);
    world_retire(&world, &retire);
    eval();
    ck_assert_uint_eq(default_of(W, CLASS_MEMBERS, &purpose), SIZE_MAX);
    ck_assert_uint_eq(purpose, 99);
    ck_assert_uint_eq(default_of(W, CLASS_CASE, &purpose), own[W]);
}
END_TEST

static void
sample(struct key_info *out)
{
    struct key_grant grant = grant_to(W, 5, everyone);

    *out = key_of(W, CLASS_SEALED);
    memset(out->commitment.bytes, 0xab, 32);
    ck_assert_int_eq(add(out, &grant, W, W, 5), VOID_NONE);
    grant.entry.position = UINT32_MAX;
    grant.item = ENTRY_GRANTS_MAX - 1;
    grant.mode = GRANT_BOXED;
    grant.purpose = PURPOSE_EMERGENCY;
    grant.has_expiry = true;
    grant.expiry_ms = UINT64_MAX;
    ck_assert_int_eq(add(out, &grant, W, W, 5), VOID_NONE);
}

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct key_info key = {0};
    enum err rc = key_info_decode(&key, bytes);

    if (rc == ERR_OK) {
        rc = key_info_encode(out, &key);
    }
    key_info_release(&key);
    return rc;
}

START_TEST(a_keys_stored_form_comes_back)
{
    struct key_info key;
    struct key_info back = {0};
    struct buf buf = {0};

    sample(&key);
    ck_assert_int_eq(key_info_encode(&buf, &key), ERR_OK);
    ck_assert_int_eq(key_info_decode(&back, buf_bytes(&buf)), ERR_OK);
    ck_assert_uint_eq(back.key.log, key.key.log);
    ck_assert_uint_eq(back.key.position, 5);
    ck_assert_uint_eq(back.class, CLASS_SEALED);
    ck_assert_mem_eq(&back.commitment, &key.commitment, 32);
    ck_assert_uint_eq(back.grant_count, 2);
    ck_assert_uint_eq(back.grants[1].expiry_ms, UINT64_MAX);
    ck_assert_uint_eq(back.grants[1].item, ENTRY_GRANTS_MAX - 1);
    ck_assert(back.grants[1].has_expiry && !back.grants[0].has_expiry);
    ck_assert_uint_ge(mutation_run(buf_bytes(&buf), recode), buf.size);
    mem_fault_after(0);
    ck_assert_int_eq(key_info_decode(&back, buf_bytes(&buf)), ERR_NOMEM);
    mem_fault_after(-1);
    key_info_release(&key);
    key_info_release(&back);
    buf_release(&buf);
}
END_TEST

START_TEST(a_key_without_grants_comes_back)
{
    struct key_info key = key_of(W, CLASS_PUBLIC);
    struct buf buf = {0};

    ck_assert_int_eq(key_info_encode(&buf, &key), ERR_OK);
    ck_assert_uint_ge(mutation_run(buf_bytes(&buf), recode), buf.size);
    buf_release(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("grant");
    TCase *t = tcase_create("grant");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, its_maker_opens_a_key);
    tcase_add_test(t, a_counted_grant_opens_it_to_the_circle);
    tcase_add_test(t, only_those_who_were_granted_a_key_grant_it_on);
    tcase_add_test(t, an_offices_nodes_grant_one_anothers_keys);
    tcase_add_test(t, the_generation_must_be_counted_and_valid);
    tcase_add_test(t, no_file_is_granted_to_a_firewall_office);
    tcase_add_test(t, nothing_is_granted_to_the_links_circle);
    tcase_add_test(t, a_log_grants_a_key_256_times_at_most);
    tcase_add_test(t, the_same_grant_again_is_no_other);
    tcase_add_test(t, a_failed_allocation_leaves_the_key_as_it_was);
    tcase_add_test(t, an_opening_grant_is_found);
    tcase_add_test(t, new_keys_go_to_everyone_or_to_the_office);
    tcase_add_test(t, without_a_current_generation_there_is_no_default);
    tcase_add_test(t, a_keys_stored_form_comes_back);
    tcase_add_test(t, a_key_without_grants_comes_back);
    suite_add_tcase(suite, t);
    return run_suite(suite);
}
