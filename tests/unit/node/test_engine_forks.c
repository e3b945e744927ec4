/* SPDX-License-Identifier: Apache-2.0 */
/* Forks, heads and vouches, between engines with real stores. */
#include <check.h>

#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"
#include "storage/vouch.h"
#include "sync/wire/session_internal.h"
#include "tests/lib/node/mesh.h"
#include "tests/lib/run.h"

/* Three offices; `twin` is a copy of b's home. */
static struct {
    struct mesh mesh;
    size_t a;
    size_t b;
    size_t c;
    size_t twin;
} f;

/* Call, exchange what there is, hang up. */
static void
meet(size_t from, size_t to)
{
    struct mesh_end *end = mesh_dial(&f.mesh, from, to, true);

    mesh_pass(&f.mesh, 20000);
    ck_assert_ptr_null(end->call);
}

static void
setup(void)
{
    mesh_init(&f.mesh);
    f.a = mesh_add(&f.mesh, "A");
    mesh_found(&f.mesh, f.a);
    f.b = mesh_add(&f.mesh, "B");
    mesh_admit(&f.mesh, f.b, f.a);
    f.c = mesh_add(&f.mesh, "C");
    mesh_admit(&f.mesh, f.c, f.a);
    mesh_write(&f.mesh, f.b, 1);
    meet(f.b, f.a);
    meet(f.c, f.a);
    f.twin = mesh_copy(&f.mesh, f.b);
}

static void
teardown(void)
{
    mesh_release(&f.mesh);
}

static struct log_id
changes_of(size_t node)
{
    return (struct log_id){f.mesh.nodes[node].node->home.node, LOG_CHANGES};
}

static struct view *
view_of(size_t node)
{
    struct view *view = NULL;

    ck_assert_int_eq(
        view_open(&view, f.mesh.nodes[node].node->store, NULL), ERR_OK);
    return view;
}

/* Does the node hold evidence against b's changes log, and nothing else? */
static bool
knows(size_t node)
{
    struct log_id log = changes_of(f.b);
    struct evidence evidence;
    struct view *view = view_of(node);
    enum err rc = view_evidence_of(view, &log, &evidence, NULL);

    if (rc == ERR_OK) {
        ck_assert_int_eq(
            evidence_verify(&evidence, view_corridor(view)), ERR_OK);
        ck_assert_uint_eq(f.mesh.nodes[node].engine->limit_count, 1);
    }
    view_close(view);
    return rc == ERR_OK;
}

/* Are the two in step at the end of a call? */
static bool
is_in_step(size_t from, size_t to)
{
    size_t before = f.mesh.nodes[from].synced;

    meet(from, to);
    return f.mesh.nodes[from].synced > before;
}

/* b writes so many, which a gets; its twin so many, which c gets. */
static void
fork_log(unsigned of_b, unsigned of_twin)
{
    mesh_write(&f.mesh, f.b, of_b);
    meet(f.b, f.a);
    mesh_write(&f.mesh, f.twin, of_twin);
    meet(f.twin, f.c);
    ck_assert(!knows(f.a) && !knows(f.c));
}

static const struct fork_row {
    const char *name;
    unsigned of_b;
    unsigned of_twin;
    bool is_from_a;
} fork_rows[] = {
    {"equal sizes", 1, 1, true},
    {"equal sizes, the other calls", 2, 2, false},
    {"the caller has more", 3, 1, true},
    {"the caller has less", 1, 3, true},
    {"much more", 1, 30, false},
};

START_TEST(who_holds_one_version_and_meets_the_other_finds_out)
{
    const struct fork_row *row = &fork_rows[_i];
    size_t from = row->is_from_a ? f.a : f.c;
    size_t to = row->is_from_a ? f.c : f.a;

    fork_log(row->of_b, row->of_twin);
    meet(from, to);
    ck_assert_msg(knows(f.a) && knows(f.c), "%s", row->name);
    ck_assert_msg(is_in_step(from, to), "%s: not in step", row->name);
}
END_TEST

START_TEST(other_logs_go_on_in_the_same_session)
{
    struct mesh_end *end = NULL;
    struct digest_result ours;
    struct digest_result theirs;

    fork_log(1, 2);
    end = mesh_dial(&f.mesh, f.a, f.c, false);
    mesh_pass(&f.mesh, 3000);
    ck_assert(knows(f.a) && knows(f.c));
    mesh_write(&f.mesh, f.a, 3);
    mesh_write(&f.mesh, f.c, 100);
    mesh_pass(&f.mesh, 3000);
    ck_assert_ptr_nonnull(end->call);
    ck_assert(end->call->was_synced);
    /* They differ in what they had taken of the forked log, no more. */
    ours = mesh_digest(&f.mesh, f.a);
    theirs = mesh_digest(&f.mesh, f.c);
    ck_assert_uint_eq(ours.records + 1, theirs.records);
    /* Evidence has come: no doubt is left that could end it. */
    mesh_pass(&f.mesh, 2 * ENGINE_DOUBT_MS);
    ck_assert_ptr_nonnull(end->call);
    ck_assert_uint_eq(end->call->doubt_count, 0);
    /* Nor is it to hold back what a cut may let it send. */
    ck_assert_uint_eq(end->other->call->session->reconcile.held_count, 0);
}
END_TEST

START_TEST(evidence_reaches_who_met_neither_version)
{
    size_t d = mesh_add(&f.mesh, "D");
    struct mesh_end *end = NULL;

    mesh_admit(&f.mesh, d, f.a);
    fork_log(1, 1);
    meet(f.a, f.c);
    meet(d, f.a);
    ck_assert(knows(d));
    /* And the twin, which is not turned away for it. */
    end = mesh_dial(&f.mesh, f.twin, f.a, false);
    mesh_pass(&f.mesh, 3000);
    ck_assert(knows(f.twin));
    ck_assert_ptr_nonnull(end->call);
}
END_TEST

/* The first entry that `to` lacks of b's changes log, as whoever wrote it
 * would send it, and no more: a head is kept that is not reached. */
static void
hand_over_one(size_t from, size_t to)
{
    struct log_id log = changes_of(f.b);
    struct store *store = f.mesh.nodes[to].node->store;
    struct view *view = view_of(to);
    struct view_range range = {.log = &log, .bytes_max = 1};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;
    struct view_log held;
    uint32_t number = 0;
    uint64_t end = 0;

    ck_assert(log_table_find(view_logs(view), &log, &number));
    ck_assert_int_eq(view_log(view, number, &held), ERR_OK);
    range.from = held.stored;
    view_close(view);
    view = view_of(from);
    ck_assert_int_eq(view_batch(view, &range, &batch, &end, NULL), ERR_OK);
    ck_assert_uint_eq(end, range.from + 1);
    view_close(view);
    ck_assert_int_eq(store_begin(store, f.mesh.now_ms, NULL), ERR_OK);
    ck_assert_int_eq(
        store_accept(store, buf_bytes(&batch), &result, NULL), ERR_OK);
    ck_assert_int_eq(store_commit(store, NULL), ERR_OK);
    buf_release(&batch);
    mesh_restart(&f.mesh, to);
}

/* Of what it signed the author shows everybody a part only, and to each
 * another one: no head is reached where they differ. */
START_TEST(heads_that_are_not_reached_show_a_fork)
{
    mesh_write(&f.mesh, f.b, 3);
    mesh_write(&f.mesh, f.twin, 3);
    hand_over_one(f.b, f.a);
    hand_over_one(f.twin, f.c);
    meet(f.a, f.c);
    ck_assert(knows(f.a) && knows(f.c));
}
END_TEST

START_TEST(new_evidence_is_said_at_once_to_all)
{
    size_t d = mesh_add(&f.mesh, "D");

    mesh_admit(&f.mesh, d, f.a);
    fork_log(1, 1);
    mesh_dial(&f.mesh, d, f.a, false);
    mesh_pass(&f.mesh, 15000);
    mesh_dial(&f.mesh, f.c, f.a, false);
    mesh_settle(&f.mesh); /* no time passes */
    ck_assert(knows(f.a) && knows(d));
}
END_TEST

START_TEST(a_node_learns_that_it_is_forked_and_stops)
{
    struct peer_status status;

    fork_log(1, 1);
    meet(f.a, f.c);
    meet(f.b, f.a);
    ck_assert(knows(f.b));
    ck_assert(engine_is_forked(f.mesh.nodes[f.b].engine));
    ck_assert(!engine_is_forked(f.mesh.nodes[f.a].engine));
    ck_assert_int_eq(mesh_try_write(&f.mesh, f.b), ERR_FORK);
    /* What others write still comes. */
    mesh_write(&f.mesh, f.a, 1);
    mesh_dial(&f.mesh, f.b, f.a, false);
    mesh_pass(&f.mesh, 3000);
    ck_assert_int_eq(engine_peer_status(f.mesh.nodes[f.b].engine,
                         &f.mesh.nodes[f.a].node->home.node, &status),
        ERR_OK);
    ck_assert_uint_eq(status.missing, 0);
    ck_assert(status.is_connected && !status.is_synced);
}
END_TEST

START_TEST(a_rolled_back_node_that_wrote_learns_it_by_itself)
{
    mesh_write(&f.mesh, f.b, 2);
    meet(f.b, f.a);
    mesh_write(&f.mesh, f.twin, 1);
    meet(f.twin, f.a);
    ck_assert(knows(f.a) && knows(f.twin));
    ck_assert_int_eq(mesh_try_write(&f.mesh, f.twin), ERR_FORK);
}
END_TEST

START_TEST(a_restart_forgets_no_fork)
{
    struct log_id log = changes_of(f.b);

    fork_log(1, 1);
    meet(f.a, f.c);
    mesh_restart(&f.mesh, f.a);
    ck_assert_uint_eq(marks_limit(f.mesh.nodes[f.a].engine, &log), 0);
    ck_assert(is_in_step(f.a, f.c));
    mesh_write(&f.mesh, f.a, 1);
    ck_assert(is_in_step(f.a, f.c));
}
END_TEST

/* How the node sees the other's changes log vouched for. */
static struct vouching
vouching_of(size_t node, size_t author)
{
    struct log_id log = changes_of(author);
    struct vouching out = {0};
    struct view *view = view_of(node);

    ck_assert_int_eq(view_vouch(view, &log, &out, NULL), ERR_OK);
    view_close(view);
    return out;
}

START_TEST(who_is_in_step_vouches_and_says_so)
{
    struct vouching vouching;

    mesh_write(&f.mesh, f.b, 4);
    mesh_dial(&f.mesh, f.b, f.a, false);
    mesh_pass(&f.mesh, 1000);
    vouching = vouching_of(f.b, f.b);
    ck_assert_uint_eq(vouching.size, 5);
    ck_assert_uint_eq(vouching.offices, 1);
    /* What grows is vouched for again after a while, not at once. */
    mesh_write(&f.mesh, f.b, 1);
    mesh_pass(&f.mesh, 30000);
    ck_assert_uint_eq(vouching_of(f.b, f.b).size, 5);
    mesh_pass(&f.mesh, ENGINE_COSIGN_MS);
    ck_assert_uint_eq(vouching_of(f.b, f.b).size, 6);
}
END_TEST

START_TEST(vouches_are_passed_on)
{
    mesh_write(&f.mesh, f.b, 4);
    meet(f.b, f.a);
    meet(f.c, f.a);
    meet(f.c, f.a);
    meet(f.b, f.a);
    ck_assert_uint_eq(vouching_of(f.b, f.b).size, 5);
    ck_assert_uint_eq(vouching_of(f.b, f.b).offices, 2);
}
END_TEST

START_TEST(nothing_new_stays_nothing_new)
{
    uint64_t bytes = 0;
    struct mesh_end *end = NULL;

    for (int i = 0; i < 4; i++) {
        meet(f.c, f.a);
    }
    end = mesh_dial(&f.mesh, f.c, f.a, true);
    mesh_pass(&f.mesh, 1000);
    bytes = end->received + end->other->received;
    ck_assert_uint_eq(bytes, 372);
}
END_TEST

/* Whatever allocation fails while two versions meet, those who fail find out
 * when they meet again. */
START_TEST(without_memory_forks_are_found_later)
{
    struct mesh_end *end = NULL;
    bool was_hit = false;

    fork_log(1, _i % 2 == 0 ? 1 : 3);
    mem_fault_after(5 * _i);
    end = mesh_dial(&f.mesh, f.a, f.c, false);
    mesh_pass(&f.mesh, 5000);
    was_hit = mem_fault_hit();
    mem_fault_after(-1);
    ck_assert(was_hit || _i > 50);
    mesh_cut(end, true);
    mesh_settle(&f.mesh);
    meet(f.c, f.a);
    ck_assert(knows(f.a) && knows(f.c));
    ck_assert(is_in_step(f.a, f.c));
}
END_TEST

START_TEST(a_doubt_of_which_nothing_comes_ends_the_session)
{
    const struct head head = {.size = 1}; /* not signed: passed over */
    struct mesh_end *end = mesh_dial(&f.mesh, f.c, f.a, false);
    struct log_id log = changes_of(f.b);

    mesh_pass(&f.mesh, 1000);
    engine_enter(f.mesh.nodes[f.a].engine);
    ck_assert(hear_doubt(end->other->call, &log, &head));
    ck_assert(hear_doubt(end->other->call, &log, &head));
    engine_leave(f.mesh.nodes[f.a].engine);
    ck_assert_uint_eq(end->other->call->doubt_count, 1);
    ck_assert(hear_is_doubtful(end->other->call, &log));
    mesh_pass(&f.mesh, ENGINE_DOUBT_MS - 2000);
    ck_assert_ptr_nonnull(end->call);
    mesh_write(&f.mesh, f.c, 1);
    mesh_pass(&f.mesh, 1500);
    ck_assert_ptr_nonnull(end->call);
    mesh_pass(&f.mesh, 1000);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(f.mesh.nodes[f.a].reason, BYE_REFUSED);
    ck_assert_int_eq(f.mesh.nodes[f.c].reason, BYE_REFUSED);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("engine_forks");
    TCase *tcase = tcase_create("engine_forks");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase,
        who_holds_one_version_and_meets_the_other_finds_out, 0,
        (int)(sizeof(fork_rows) / sizeof(fork_rows[0])));
    tcase_add_test(tcase, other_logs_go_on_in_the_same_session);
    tcase_add_test(tcase, evidence_reaches_who_met_neither_version);
    tcase_add_test(tcase, heads_that_are_not_reached_show_a_fork);
    tcase_add_test(tcase, new_evidence_is_said_at_once_to_all);
    tcase_add_test(tcase, a_node_learns_that_it_is_forked_and_stops);
    tcase_add_test(tcase, a_rolled_back_node_that_wrote_learns_it_by_itself);
    tcase_add_test(tcase, a_restart_forgets_no_fork);
    tcase_add_test(tcase, who_is_in_step_vouches_and_says_so);
    tcase_add_test(tcase, vouches_are_passed_on);
    tcase_add_test(tcase, nothing_new_stays_nothing_new);
    tcase_add_loop_test(tcase, without_memory_forks_are_found_later, 0, 60);
    tcase_add_test(tcase, a_doubt_of_which_nothing_comes_ends_the_session);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
