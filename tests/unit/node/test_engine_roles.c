/* SPDX-License-Identifier: Apache-2.0 */
/* Auditors and relays among engines: who is sent bodies, and what it means
 * that such a node confirms. */
#include <check.h>
#include <stdio.h>

#include "node/serve/engine.h"
#include "node/serve/engine_internal.h"
#include "tests/lib/node/mesh.h"
#include "tests/lib/run.h"

enum { ROLES_RW = ROLE_READ | ROLE_WRITE, MANY = ENGINE_HOLD_ENTRIES_MIN + 10 };

static struct mesh mesh;

static void
setup(void)
{
    mesh_init(&mesh);
    mesh_add(&mesh, "Office 0");
    mesh_found(&mesh, 0);
}

static void
teardown(void)
{
    mesh_release(&mesh);
}

/* The next office, admitted by office 0 with these roles. */
static size_t
admit(uint8_t roles)
{
    char name[40];
    size_t node = 0;

    snprintf(name, sizeof(name), "Office %zu", mesh.node_count);
    node = mesh_add(&mesh, name);
    mesh.roles = roles;
    mesh_admit(&mesh, node, 0);
    return node;
}

static enum err
write_roles(void *context, struct store *store, struct err_msg *msg)
{
    struct dot dot;

    return store_state(store, buf_bytes(context), &dot, msg);
}

/* Office 0 gives another these roles and no others. */
static void
set_roles(size_t node, uint8_t roles)
{
    struct err_msg msg = {{0}};
    struct buf body = {0};

    statement_put_roles(&body, &mesh.nodes[node].node->home.office, roles);
    ck_assert_msg(
        node_write(mesh.nodes[0].node, write_roles, &body, &msg) == ERR_OK,
        "%s", msg.text);
    buf_release(&body);
}

static struct view_stat
stat_of(size_t node)
{
    struct view_stat stat;
    struct view *view = NULL;

    ck_assert_int_eq(
        view_open(&view, mesh.nodes[node].node->store, NULL), ERR_OK);
    ck_assert_int_eq(view_stat(view, &stat, NULL), ERR_OK);
    view_close(view);
    return stat;
}

/* How `at` sees `of`. */
static struct peer_status
status_of(size_t at, size_t of)
{
    struct peer_status status;

    ck_assert_int_eq(engine_peer_status(mesh.nodes[at].engine,
                         &mesh.nodes[of].node->home.node, &status),
        ERR_OK);
    return status;
}

static void
assert_same(size_t a, size_t b, uint64_t records)
{
    struct digest_result one = mesh_digest(&mesh, a);
    struct digest_result two = mesh_digest(&mesh, b);

    ck_assert_uint_eq(one.records, records);
    ck_assert_uint_eq(two.records, records);
    ck_assert(hash_equal(&one.digest, &two.digest));
}

/* A connection for a while, which must not end by itself. */
static void
meet(size_t from, size_t to)
{
    struct mesh_end *end = mesh_dial(&mesh, from, to, false);

    mesh_pass(&mesh, 2000);
    ck_assert_ptr_nonnull(end->call);
    engine_hang_up(end->call, BYE_DONE);
    mesh_settle(&mesh);
}

START_TEST(an_auditor_is_sent_headers_at_once_and_never_bodies)
{
    struct mesh_end *end = NULL;
    size_t auditor = 0;

    mesh_write(&mesh, 0, 5);
    auditor = admit(ROLE_AUDIT);
    ck_assert_uint_eq(stat_of(auditor).absent, 5);
    end = mesh_dial(&mesh, auditor, 0, false);
    mesh_write(&mesh, 0, 3);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_nonnull(end->call);
    ck_assert_uint_eq(stat_of(auditor).absent, 8);
    ck_assert_uint_eq(stat_of(auditor).records, 0);
    ck_assert_uint_eq(stat_of(auditor).unapplied, 0);
    ck_assert_uint_eq(stat_of(auditor).entries, stat_of(0).entries);
}
END_TEST

START_TEST(what_an_auditor_confirms_is_no_sync)
{
    size_t auditor = admit(ROLE_AUDIT);
    size_t reader = admit(ROLES_RW);
    struct mesh_end *one = mesh_dial(&mesh, auditor, 0, false);
    struct mesh_end *two = mesh_dial(&mesh, reader, 0, false);
    struct peer_status status;

    mesh_write(&mesh, 0, 3);
    mesh_pass(&mesh, 2000);
    ck_assert_ptr_nonnull(one->call);
    ck_assert_ptr_nonnull(two->call);
    status = status_of(0, auditor);
    ck_assert(status.lacks_bodies);
    ck_assert(status.has_headers);
    ck_assert(!status.is_synced);
    ck_assert_uint_eq(status.waiting, 0);
    ck_assert_uint_eq(status.confirmed_ms, 0);
    status = status_of(0, reader);
    ck_assert(!status.lacks_bodies);
    ck_assert(!status.has_headers);
    ck_assert(status.is_synced);
    ck_assert_uint_gt(status.confirmed_ms, 0);
    /* The other way the auditor is told the truth too. */
    ck_assert(status_of(auditor, 0).is_synced);
}
END_TEST

START_TEST(an_auditor_offers_nobody_what_it_has_headers_of)
{
    size_t auditor = admit(ROLE_AUDIT);
    size_t reader = admit(ROLES_RW);
    size_t other = admit(ROLE_AUDIT);

    mesh_write(&mesh, 0, 3);
    meet(auditor, 0);
    /* Nothing comes, and nobody complains. */
    meet(reader, auditor);
    ck_assert_uint_eq(mesh_digest(&mesh, reader).records, 0);
    ck_assert_uint_eq(stat_of(reader).absent, 0);
    ck_assert_uint_eq(status_of(reader, auditor).missing, 0);
    ck_assert_uint_eq(status_of(auditor, reader).waiting, 0);
    /* Auditors pass headers on to one another. */
    meet(other, auditor);
    ck_assert_uint_eq(stat_of(other).absent, 3);
    meet(reader, 0);
    assert_same(0, reader, 3);
}
END_TEST

/* Or the reader would wait for it until it is found to be quiet. */
START_TEST(an_auditor_is_not_asked_for_changes)
{
    size_t auditor = admit(ROLE_AUDIT);
    size_t reader = admit(ROLES_RW);
    struct mesh_end *one = NULL;
    struct mesh_end *two = NULL;

    mesh_write(&mesh, 0, MANY);
    meet(auditor, 0);
    one = mesh_dial(&mesh, reader, auditor, false);
    mesh_pass(&mesh, 100);
    two = mesh_dial(&mesh, reader, 0, false);
    mesh_pass(&mesh, ENGINE_QUIET_MS - 1000);
    ck_assert_ptr_nonnull(one->call);
    ck_assert_ptr_nonnull(two->call);
    ck_assert(!one->call->is_sender);
    ck_assert_uint_eq(two->call->held_count, 0);
    assert_same(0, reader, MANY);
}
END_TEST

START_TEST(a_relay_brings_together_two_that_never_meet)
{
    size_t relay = admit(ROLE_RELAY);
    size_t reader = admit(ROLES_RW);

    for (int i = 0; i < 3; i++) {
        mesh_write(&mesh, 0, 10);
        mesh_write(&mesh, reader, 10);
        meet(relay, 0);
        meet(reader, relay);
        meet(relay, 0);
    }
    assert_same(0, reader, 60);
    ck_assert_uint_eq(stat_of(relay).records, 0);
    ck_assert_uint_eq(stat_of(relay).absent, 0);
    ck_assert(status_of(0, relay).confirmed_ms > 0);
}
END_TEST

START_TEST(a_reader_made_auditor_gets_no_bodies_from_then_on)
{
    size_t reader = admit(ROLES_RW);
    struct mesh_end *end = mesh_dial(&mesh, reader, 0, false);

    mesh_write(&mesh, 0, 4);
    mesh_pass(&mesh, 1000);
    ck_assert_uint_eq(mesh_digest(&mesh, reader).records, 4);
    set_roles(reader, ROLE_AUDIT);
    mesh_write(&mesh, 0, 4);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_null(end->call); /* it begins anew */
    ck_assert_int_eq(mesh.nodes[reader].reason, BYE_DONE);
    meet(reader, 0);
    ck_assert_uint_eq(stat_of(reader).absent, 4);
    ck_assert_uint_eq(mesh_digest(&mesh, reader).records, 4);
    ck_assert(!status_of(0, reader).is_synced);
}
END_TEST

START_TEST(an_auditor_made_reader_gets_what_it_lacks)
{
    size_t auditor = admit(ROLE_AUDIT);
    struct mesh_end *end = NULL;

    mesh_write(&mesh, 0, MANY);
    end = mesh_dial(&mesh, auditor, 0, false);
    mesh_pass(&mesh, 1000);
    ck_assert_uint_eq(stat_of(auditor).absent, MANY);
    set_roles(auditor, ROLES_RW);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_null(end->call);
    /* It may not have heard of it yet: two connections at the most. */
    end = mesh_dial(&mesh, auditor, 0, false);
    mesh_pass(&mesh, 2000);
    if (end->call == NULL) {
        end = mesh_dial(&mesh, auditor, 0, false);
        mesh_pass(&mesh, 2000);
    }
    ck_assert_ptr_nonnull(end->call);
    ck_assert_uint_eq(stat_of(auditor).absent, 0);
    assert_same(0, auditor, MANY);
    ck_assert(status_of(0, auditor).is_synced);
    mesh_write(&mesh, auditor, 2);
    mesh_pass(&mesh, 1000);
    assert_same(0, auditor, MANY + 2);
}
END_TEST

/* Office 0 is away, and the one that has the bodies must learn of the role
 * from the very node that is due them. */
START_TEST(who_does_not_know_of_the_new_role_is_told_and_sends)
{
    size_t relay = admit(ROLE_RELAY);
    size_t auditor = admit(ROLE_AUDIT);
    struct mesh_end *end = NULL;

    mesh_write(&mesh, 0, 6);
    meet(relay, 0);
    meet(auditor, relay);
    ck_assert_uint_eq(stat_of(auditor).absent, 6);
    set_roles(auditor, ROLES_RW);
    /* Only the statement comes: the bodies are cut off with the connection. */
    end = mesh_dial(&mesh, auditor, 0, false);
    for (int i = 0; end->call != NULL && i < 1000; i++) {
        mesh_pass(&mesh, 1);
    }
    ck_assert_ptr_null(end->call);
    ck_assert_uint_eq(stat_of(auditor).absent, 6);
    for (int i = 0; i < 3; i++) {
        end = mesh_dial(&mesh, auditor, relay, false);
        mesh_pass(&mesh, 2000);
        if (end->call != NULL) {
            break;
        }
    }
    ck_assert_ptr_nonnull(end->call);
    ck_assert_uint_eq(stat_of(auditor).absent, 0);
    assert_same(0, auditor, 6);
}
END_TEST

START_TEST(holes_outlive_a_restart_and_what_peers_remember)
{
    size_t auditor = admit(ROLE_AUDIT);
    struct mesh_end *end = NULL;

    mesh_write(&mesh, 0, 6);
    meet(auditor, 0);
    meet(auditor, 0); /* both remember clocks of one another by now */
    set_roles(auditor, ROLES_RW);
    end = mesh_dial(&mesh, auditor, 0, false);
    for (int i = 0; end->call != NULL && i < 1000; i++) {
        mesh_pass(&mesh, 1);
    }
    ck_assert_ptr_null(end->call);
    mesh_restart(&mesh, auditor);
    ck_assert_uint_eq(stat_of(auditor).absent, 6);
    meet(auditor, 0);
    ck_assert_uint_eq(stat_of(auditor).absent, 0);
    assert_same(0, auditor, 6);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("node/engine_roles");
    TCase *tcase = tcase_create("engine_roles");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_auditor_is_sent_headers_at_once_and_never_bodies);
    tcase_add_test(tcase, what_an_auditor_confirms_is_no_sync);
    tcase_add_test(tcase, an_auditor_offers_nobody_what_it_has_headers_of);
    tcase_add_test(tcase, an_auditor_is_not_asked_for_changes);
    tcase_add_test(tcase, a_relay_brings_together_two_that_never_meet);
    tcase_add_test(tcase, a_reader_made_auditor_gets_no_bodies_from_then_on);
    tcase_add_test(tcase, an_auditor_made_reader_gets_what_it_lacks);
    tcase_add_test(tcase, who_does_not_know_of_the_new_role_is_told_and_sends);
    tcase_add_test(tcase, holes_outlive_a_restart_and_what_peers_remember);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
