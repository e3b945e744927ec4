/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/engine.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/node/mesh.h"
#include "tests/lib/run.h"

static struct mesh mesh;

static void
setup(void)
{
    mesh_init(&mesh);
}

static void
teardown(void)
{
    mesh_release(&mesh);
}

/* `count` offices in one corridor, in step, without connections. */
static void
make_corridor(size_t count)
{
    char name[40];

    mesh_add(&mesh, "Office 0");
    mesh_found(&mesh, 0);
    for (size_t i = 1; i < count; i++) {
        snprintf(name, sizeof(name), "Office %zu", i);
        mesh_add(&mesh, name);
        mesh_admit(&mesh, i, 0);
    }
    mesh_settle(&mesh);
}

static void
assert_same(size_t a, size_t b, uint64_t records)
{
    struct digest_result one = mesh_digest(&mesh, a);
    struct digest_result two = mesh_digest(&mesh, b);

    ck_assert_uint_eq(one.records, records);
    ck_assert_uint_eq(two.records, records);
    ck_assert(hash_equal(&one.digest, &two.digest));
    ck_assert(bytes_equal(engine_clock(mesh.nodes[a].engine),
        engine_clock(mesh.nodes[b].engine)));
}

static struct peer_status
status_of(size_t at, size_t of)
{
    struct peer_status status;

    ck_assert_int_eq(engine_peer_status(mesh.nodes[at].engine,
                         &mesh.nodes[of].node->home.node, &status),
        ERR_OK);
    return status;
}

START_TEST(an_invited_office_joins_and_both_hold_the_same)
{
    make_corridor(2);
    assert_same(0, 1, 0);
    ck_assert_uint_gt(status_of(0, 1).confirmed_ms, 0);
    ck_assert_uint_gt(status_of(1, 0).confirmed_ms, 0);
}
END_TEST

START_TEST(changes_are_pushed_both_ways_on_an_open_connection)
{
    make_corridor(2);
    mesh_dial(&mesh, 1, 0, false);
    mesh_settle(&mesh);
    mesh_write(&mesh, 0, 3);
    mesh_write(&mesh, 1, 2);
    mesh_pass(&mesh, 2000);
    assert_same(0, 1, 5);
    ck_assert(status_of(0, 1).is_synced);
    ck_assert(status_of(1, 0).is_synced);
    ck_assert_uint_eq(status_of(0, 1).waiting, 0);
}
END_TEST

START_TEST(what_waits_for_a_peer_is_counted)
{
    make_corridor(2);
    mesh_write(&mesh, 0, 3);
    mesh_settle(&mesh);
    ck_assert_uint_ge(status_of(0, 1).waiting, 3);
    ck_assert(!status_of(0, 1).is_connected);
    ck_assert(!status_of(0, 1).is_synced);
    ck_assert_uint_eq(status_of(1, 0).waiting, 0);
}
END_TEST

START_TEST(a_pass_with_nothing_new_is_one_round_trip)
{
    struct mesh_end *end = NULL;

    make_corridor(2);
    mesh_restart(&mesh, 0); /* what is known of peers is read back */
    mesh_restart(&mesh, 1);
    end = mesh_dial(&mesh, 1, 0, true);
    mesh_settle(&mesh);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[1].reason, BYE_DONE);
    ck_assert_uint_le(end->received + end->other->received, 512);
    ck_assert_uint_gt(end->received, 0);
}
END_TEST

START_TEST(a_cut_connection_is_taken_up_where_it_was)
{
    struct mesh_end *end = NULL;

    make_corridor(2);
    mesh_write(&mesh, 0, 40);
    end = mesh_dial(&mesh, 1, 0, false);
    for (int i = 0; i < 3 && end->call != NULL; i++) {
        mesh_cut(end, true);
        end = mesh_dial(&mesh, 1, 0, false);
        mesh_settle(&mesh);
    }
    assert_same(0, 1, 40);
}
END_TEST

START_TEST(a_silent_link_is_noticed)
{
    struct mesh_end *end = NULL;

    make_corridor(2);
    end = mesh_dial(&mesh, 1, 0, false);
    mesh_settle(&mesh);
    ck_assert(status_of(0, 1).is_connected);
    mesh_cut(end, false);
    mesh_pass(&mesh, SESSION_DEAD_MS + SESSION_PING_MS);
    ck_assert(!status_of(0, 1).is_connected);
    ck_assert(!status_of(1, 0).is_connected);
}
END_TEST

START_TEST(an_idle_connection_lives_on_by_pings)
{
    make_corridor(2);
    mesh_dial(&mesh, 1, 0, false);
    mesh_pass(&mesh, 10 * SESSION_DEAD_MS);
    ck_assert(status_of(0, 1).is_connected);
    ck_assert(status_of(1, 0).is_connected);
}
END_TEST

START_TEST(of_two_connections_that_of_the_smaller_key_stays)
{
    bool is_first = false;

    make_corridor(2);
    is_first = node_id_compare(&mesh.nodes[0].node->home.node,
                   &mesh.nodes[1].node->home.node) < 0;
    if (_i == 0) {
        mesh_dial(&mesh, 0, 1, false);
        mesh_dial(&mesh, 1, 0, false);
    } else {
        mesh_dial(&mesh, 1, 0, false);
        mesh_settle(&mesh);
        mesh_dial(&mesh, 0, 1, false);
    }
    mesh_settle(&mesh);
    mesh_pass(&mesh, 1000);
    ck_assert(status_of(0, 1).is_connected);
    ck_assert(status_of(1, 0).is_connected);
    ck_assert_int_eq(status_of(0, 1).is_dialler, is_first);
    ck_assert_int_eq(status_of(1, 0).is_dialler, !is_first);
}
END_TEST

/* Copy what the dialler sent first, and send it again from elsewhere. */
START_TEST(a_repeated_first_message_is_answered_with_silence)
{
    struct mesh_end *end = NULL;
    struct mesh_end *raw = NULL;
    struct buf first = {0};

    make_corridor(2);
    end = mesh_dial(&mesh, 1, 0, false);
    buf_put_bytes(&first, buf_bytes(&end->other->inbox));
    mesh_settle(&mesh);
    ck_assert_uint_gt(first.size, 0);
    raw = mesh_dial_raw(&mesh, 0);
    buf_put_bytes(&raw->other->inbox, buf_bytes(&first));
    mesh_settle(&mesh);
    ck_assert_ptr_null(raw->other->call);
    ck_assert_uint_eq(raw->inbox.size, 0);
    ck_assert(status_of(0, 1).is_connected);
    buf_release(&first);
}
END_TEST

START_TEST(noise_of_no_member_is_answered_with_silence)
{
    struct mesh_end *raw = NULL;
    uint8_t junk[2 + 240];

    make_corridor(1);
    raw = mesh_dial_raw(&mesh, 0);
    prng_fill(&mesh.prng, junk, sizeof(junk));
    junk[0] = 0;
    junk[1] = 240 - 32;
    buf_put(&raw->other->inbox, junk, sizeof(junk));
    mesh_settle(&mesh);
    ck_assert_ptr_null(raw->other->call);
    ck_assert_uint_eq(raw->inbox.size, 0);
}
END_TEST

START_TEST(a_half_open_handshake_ends_by_itself)
{
    struct mesh_end *raw = NULL;

    make_corridor(1);
    raw = mesh_dial_raw(&mesh, 0);
    mesh_settle(&mesh);
    ck_assert(!engine_call_is_open(raw->other->call));
    mesh_pass(&mesh, SESSION_HELLO_MS_MAX - 1);
    ck_assert_ptr_nonnull(raw->other->call);
    mesh_pass(&mesh, 1);
    ck_assert_ptr_null(raw->other->call);
}
END_TEST

/* Two offices with one line. */
START_TEST(an_invitation_admits_one_office_only)
{
    struct invitation invitation;
    struct mesh_end *end = NULL;

    make_corridor(1);
    mesh_add(&mesh, "First");
    mesh_add(&mesh, "Second");
    mesh_invite(&mesh, 0, "", node_wall_ms(NULL) + 3600000, &invitation);
    mesh_prepare_join(&mesh, 1, 0);
    mesh_prepare_join(&mesh, 2, 0);
    mesh_join(&mesh, 1, 0, &invitation);
    end = mesh_join(&mesh, 2, 0, &invitation);
    mesh_settle(&mesh);
    ck_assert(!mesh.nodes[1].wants_enrol);
    ck_assert(mesh.nodes[2].wants_enrol);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[2].reason, BYE_DENIED);
    mesh_write(&mesh, 0, 1);
    mesh_pass(&mesh, 1000);
    assert_same(0, 1, 1);
}
END_TEST

START_TEST(a_joining_that_was_cut_off_can_be_repeated)
{
    struct invitation invitation;
    struct mesh_end *end = NULL;

    make_corridor(1);
    mesh_add(&mesh, "First");
    mesh_invite(&mesh, 0, "", node_wall_ms(NULL) + 3600000, &invitation);
    mesh_prepare_join(&mesh, 1, 0);
    end = mesh_join(&mesh, 1, 0, &invitation);
    /* The admission is committed; the joiner never hears of it. */
    while (end->call != NULL && mesh.nodes[0].committed < 1) {
        engine_poll(mesh.nodes[0].engine);
        if (end->inbox.size > 0) {
            struct buf taken = end->inbox;
            end->inbox = (struct buf){0};
            engine_receive(end->call, buf_bytes(&taken));
            buf_release(&taken);
        }
        if (end->other->inbox.size > 0) {
            struct buf taken = end->other->inbox;
            end->other->inbox = (struct buf){0};
            engine_receive(end->other->call, buf_bytes(&taken));
            buf_release(&taken);
        }
        writer_drain(mesh.nodes[0].node->writer);
    }
    ck_assert_uint_ge(mesh.nodes[0].committed, 1);
    mesh_cut(end, true);
    mesh_settle(&mesh);
    ck_assert(mesh.nodes[1].wants_enrol);
    mesh_join(&mesh, 1, 0, &invitation);
    mesh_settle(&mesh);
    ck_assert(!mesh.nodes[1].wants_enrol);
    mesh_write(&mesh, 1, 1);
    mesh_pass(&mesh, 1000);
    assert_same(0, 1, 1);
}
END_TEST

START_TEST(an_invitation_for_another_or_run_out_admits_nobody)
{
    static const uint64_t lives[] = {3600000, 0};
    struct invitation invitation;
    struct mesh_end *end = NULL;
    char code[OFFICE_CODE_CHARS + 1];

    make_corridor(1);
    mesh_add(&mesh, "First");
    office_code(code, &mesh.nodes[0].node->home.office);
    mesh_invite(&mesh, 0, _i == 0 ? code : "", node_wall_ms(NULL) + lives[_i],
        &invitation);
    mesh_prepare_join(&mesh, 1, 0);
    end = mesh_join(&mesh, 1, 0, &invitation);
    mesh_settle(&mesh);
    ck_assert(mesh.nodes[1].wants_enrol);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[1].reason, _i == 0 ? BYE_DENIED : BYE_CUT);
}
END_TEST

START_TEST(an_invitation_for_a_code_confirms_its_office)
{
    struct invitation invitation;
    const struct office *office = NULL;
    struct view *view = NULL;
    char code[OFFICE_CODE_CHARS + 1];

    make_corridor(1);
    mesh_add(&mesh, "First");
    office_code(code, &mesh.nodes[1].node->home.office);
    mesh_invite(&mesh, 0, _i == 0 ? code : "", node_wall_ms(NULL) + 3600000,
        &invitation);
    mesh_prepare_join(&mesh, 1, 0);
    mesh_join(&mesh, 1, 0, &invitation);
    mesh_settle(&mesh);
    ck_assert_int_eq(view_open(&view, mesh.nodes[0].node->store, NULL), ERR_OK);
    office = membership_office(
        view_membership(view), &mesh.nodes[1].node->home.office);
    ck_assert_ptr_nonnull(office);
    ck_assert_int_eq(office->confirmed, _i == 0);
    view_close(view);
}
END_TEST

/* The receiver's disk is full for a while: the session waits and goes on. With
 * many changes several batches are on their way by then. */
START_TEST(a_full_disk_puts_batches_off_until_there_is_room)
{
    unsigned count = _i == 0 ? 3 : 700;
    struct mesh_end *end = NULL;

    make_corridor(2);
    end = mesh_dial(&mesh, 1, 0, false);
    mesh_settle(&mesh);
    mesh.nodes[1].faults =
        (struct env_faults){.writes_left = -1, .lasts = true};
    mesh_write(&mesh, 0, count);
    mesh_pass(&mesh, 3 * ENGINE_RETRY_MS);
    ck_assert(mesh.nodes[1].faults.hit);
    ck_assert_ptr_nonnull(end->call);
    ck_assert(!status_of(0, 1).is_synced);
    ck_assert_uint_eq(mesh_digest(&mesh, 1).records, 0);
    mesh.nodes[1].faults.commits_left = -1;
    mesh_pass(&mesh, 2 * ENGINE_RETRY_MS);
    assert_same(0, 1, count);
    ck_assert_ptr_nonnull(end->call);
    ck_assert(status_of(0, 1).is_synced);
}
END_TEST

START_TEST(three_offices_in_a_row_pass_changes_on)
{
    make_corridor(3);
    mesh_dial(&mesh, 1, 0, false);
    mesh_dial(&mesh, 2, 1, false);
    mesh_settle(&mesh);
    mesh_write(&mesh, 0, 2);
    mesh_write(&mesh, 2, 2);
    mesh_pass(&mesh, 5000);
    assert_same(0, 1, 4);
    assert_same(1, 2, 4);
}
END_TEST

/* A node that missed much and meets two that have it gets it about once. */
START_TEST(in_a_mesh_nothing_large_is_sent_twice)
{
    struct mesh_end *one = NULL;
    struct mesh_end *two = NULL;
    uint64_t alone = 0;
    uint64_t both = 0;

    make_corridor(3);
    mesh_dial(&mesh, 1, 0, false);
    mesh_settle(&mesh);
    mesh_write(&mesh, 0, 600);
    mesh_pass(&mesh, 2000);
    assert_same(0, 1, 600);
    one = mesh_dial(&mesh, 2, 0, false);
    two = mesh_dial(&mesh, 2, 1, false);
    mesh_pass(&mesh, 30000);
    assert_same(0, 2, 600);
    alone = one->received > two->received ? one->received : two->received;
    both = one->received + two->received;
    /* Before the two could be told apart, first flights may have met. */
    ck_assert_uint_lt(both - alone, alone / 2);
}
END_TEST

START_TEST(a_sender_that_goes_away_is_replaced)
{
    struct mesh_end *one = NULL;

    make_corridor(3);
    mesh_dial(&mesh, 1, 0, false);
    mesh_write(&mesh, 0, 300);
    mesh_pass(&mesh, 2000);
    one = mesh_dial(&mesh, 2, 0, false);
    mesh_dial(&mesh, 2, 1, false);
    for (int i = 0; i < 12; i++) {
        mesh.steps = 0;
        mesh_pass(&mesh, 0);
        if (i == 0) {
            mesh_cut(one, false);
        }
        mesh_pass(&mesh, 1000);
    }
    assert_same(1, 2, 300);
}
END_TEST

/* Whatever allocation fails, nothing is lost but a connection. */
START_TEST(every_failed_allocation_costs_a_connection_at_most)
{
    uint64_t records = 0;
    bool was_hit = true;

    make_corridor(2);
    for (long n = 0; was_hit; n += n < 64 ? 1 : n / 16) {
        struct mesh_end *end = NULL;

        mesh.steps = 0;
        for (size_t i = 0; i < mesh.end_count; i++) {
            buf_release(&mesh.ends[i].inbox);
        }
        mesh.end_count = 0;
        mesh_write(&mesh, 0, 1);
        records++;
        mem_fault_after(n);
        end = mesh_dial(&mesh, 1, 0, false);
        mesh_pass(&mesh, 1000);
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        if (end->call != NULL && end->other->call != NULL) {
            assert_same(0, 1, records); /* it did not cost even that */
        }
        mesh_cut(end, true);
        mesh_settle(&mesh);
        end = mesh_dial(&mesh, 1, 0, false);
        mesh_pass(&mesh, 1000);
        ck_assert_ptr_nonnull(end->call);
        assert_same(0, 1, records);
        mesh_cut(end, true);
        mesh_settle(&mesh);
    }
    ck_assert_uint_gt(records, 64);
}
END_TEST

START_TEST(a_stopped_engine_says_bye_and_can_start_again)
{
    make_corridor(2);
    mesh_dial(&mesh, 1, 0, false);
    mesh_settle(&mesh);
    mesh_restart(&mesh, 1);
    mesh_settle(&mesh);
    ck_assert_int_eq(mesh.nodes[0].reason, BYE_SHUTDOWN);
    mesh_write(&mesh, 0, 1);
    mesh_dial(&mesh, 0, 1, false);
    mesh_pass(&mesh, 1000);
    assert_same(0, 1, 1);
}
END_TEST

START_TEST(only_so_many_calls_are_taken)
{
    struct engine_call options = {.is_dialler = false};
    struct call *call = NULL;
    struct mesh_end *end = NULL;

    mesh_add(&mesh, "Office 0");
    end = mesh_dial_raw(&mesh, 0);
    ck_assert_ptr_null(end->other->call); /* no corridor yet */
    ck_assert_int_eq(
        engine_open(mesh.nodes[0].engine, &options, &call), ERR_CLOSED);
}
END_TEST

static Suite *
engine_suite(void)
{
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_invited_office_joins_and_both_hold_the_same);
    tcase_add_test(tcase, changes_are_pushed_both_ways_on_an_open_connection);
    tcase_add_test(tcase, what_waits_for_a_peer_is_counted);
    tcase_add_test(tcase, a_pass_with_nothing_new_is_one_round_trip);
    tcase_add_test(tcase, a_cut_connection_is_taken_up_where_it_was);
    tcase_add_test(tcase, a_silent_link_is_noticed);
    tcase_add_test(tcase, an_idle_connection_lives_on_by_pings);
    tcase_add_loop_test(
        tcase, of_two_connections_that_of_the_smaller_key_stays, 0, 2);
    tcase_add_test(tcase, a_repeated_first_message_is_answered_with_silence);
    tcase_add_test(tcase, noise_of_no_member_is_answered_with_silence);
    tcase_add_test(tcase, a_half_open_handshake_ends_by_itself);
    tcase_add_test(tcase, an_invitation_admits_one_office_only);
    tcase_add_test(tcase, a_joining_that_was_cut_off_can_be_repeated);
    tcase_add_loop_test(
        tcase, an_invitation_for_another_or_run_out_admits_nobody, 0, 2);
    tcase_add_loop_test(
        tcase, an_invitation_for_a_code_confirms_its_office, 0, 2);
    tcase_add_loop_test(
        tcase, a_full_disk_puts_batches_off_until_there_is_room, 0, 2);
    tcase_add_test(tcase, three_offices_in_a_row_pass_changes_on);
    tcase_add_test(tcase, in_a_mesh_nothing_large_is_sent_twice);
    tcase_add_test(tcase, a_sender_that_goes_away_is_replaced);
    tcase_add_test(tcase, every_failed_allocation_costs_a_connection_at_most);
    tcase_add_test(tcase, a_stopped_engine_says_bye_and_can_start_again);
    tcase_add_test(tcase, only_so_many_calls_are_taken);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(engine_suite());
}
