/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the engine lets in, and whom no longer. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/engine.h"
#include "node/serve/engine_internal.h"
#include "sync/wire/session_internal.h"
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

static bool
is_connected(size_t at, size_t of)
{
    struct peer_status status;

    ck_assert_int_eq(engine_peer_status(mesh.nodes[at].engine,
                         &mesh.nodes[of].node->home.node, &status),
        ERR_OK);
    return status.is_connected;
}

/* The head of a log that office 0 holds in full, as a cut. */
static struct cut
cut_of(size_t node, enum log_kind kind)
{
    struct cut cut = {.log = {.node = mesh.nodes[node].node->home.node,
                          .kind = (uint8_t)kind}};
    struct head head;
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, mesh.nodes[0].node->store, NULL), ERR_OK);
    ck_assert_int_eq(view_head(view, &cut.log, &head, NULL), ERR_OK);
    view_close(view);
    cut.size = head.size;
    cut.root = head.root;
    return cut;
}

static enum err
write_statement(void *context, struct store *store, struct err_msg *msg)
{
    struct buf body = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_encode(&body, context);
    rc = store_state(store, buf_bytes(&body), &dot, msg);
    buf_release(&body);
    return rc;
}

static void
retire(size_t node)
{
    struct cut cuts[2] = {cut_of(node, LOG_CONTROL), cut_of(node, LOG_CHANGES)};
    struct statement statement = {.type = STATEMENT_RETIRE,
        .office = mesh.nodes[node].node->home.office,
        .cuts = cuts,
        .cut_count = 2};
    struct err_msg msg = {{0}};

    ck_assert_msg(node_write(mesh.nodes[0].node, write_statement, &statement,
                      &msg) == ERR_OK,
        "%s", msg.text);
}

START_TEST(a_retired_office_is_cut_off_within_its_session)
{
    struct mesh_end *end = NULL;

    make_corridor(2);
    end = mesh_dial(&mesh, 1, 0, false);
    mesh_write(&mesh, 1, 1);
    mesh_pass(&mesh, 1000);
    ck_assert(is_connected(0, 1));
    retire(1);
    mesh_settle(&mesh);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[1].reason, BYE_DENIED);
    /* What it writes afterwards comes nowhere. */
    mesh_write(&mesh, 1, 1);
    end = mesh_dial(&mesh, 1, 0, false);
    mesh_settle(&mesh);
    ck_assert_ptr_null(end->call);
    ck_assert_uint_eq(mesh_digest(&mesh, 0).records, 1);
    /* Nor is it called. */
    end = mesh_dial(&mesh, 0, 1, false);
    ck_assert_ptr_null(end->call);
}
END_TEST

static struct secret_key
newest_link_secret(size_t node)
{
    struct secret_key secret;
    struct view *view = NULL;

    ck_assert_int_eq(
        view_open(&view, mesh.nodes[node].node->store, NULL), ERR_OK);
    ck_assert_uint_eq(view_link_secrets(view, &secret, 1), 1);
    view_close(view);
    return secret;
}

/* What it knew is used no more, by those neither who cannot renew it. */
START_TEST(circles_are_renewed_when_an_office_is_retired)
{
    struct secret_key old;
    struct secret_key host;
    struct secret_key other;

    make_corridor(3);
    mesh_dial(&mesh, 1, 0, false);
    mesh_dial(&mesh, 2, 0, false);
    mesh_write(&mesh, 1, 1);
    mesh_pass(&mesh, 1000);
    old = newest_link_secret(1);
    retire(1);
    mesh_pass(&mesh, 1000);
    mesh_write(&mesh, 2, 1);
    mesh_write(&mesh, 0, 1);
    mesh_pass(&mesh, 1000);
    assert_same(0, 2, 3);
    host = newest_link_secret(0);
    other = newest_link_secret(2);
    ck_assert_mem_eq(host.bytes, other.bytes, sizeof(host.bytes));
    ck_assert_mem_ne(host.bytes, old.bytes, sizeof(host.bytes));
    ck_assert_uint_eq(mesh_digest(&mesh, 1).records, 1);
}
END_TEST

static void
make_admin(size_t node)
{
    struct statement statement = {.type = STATEMENT_ROLES,
        .office = mesh.nodes[node].node->home.office,
        .roles = ROLE_ADMIN | ROLE_WRITE | ROLE_READ};
    struct err_msg msg = {{0}};

    ck_assert_msg(node_write(mesh.nodes[0].node, write_statement, &statement,
                      &msg) == ERR_OK,
        "%s", msg.text);
}

/* Office 3 is sealed what it has by one who does not know of the renewal. */
START_TEST(who_was_admitted_beside_a_renewal_is_sealed_the_new_circles)
{
    struct mesh_end *end = NULL;

    make_corridor(3);
    make_admin(1);
    end = mesh_dial(&mesh, 1, 0, false);
    mesh_dial(&mesh, 2, 0, false);
    mesh_write(&mesh, 2, 1);
    mesh_pass(&mesh, 1000);
    mesh_cut(end, true);
    retire(2);
    mesh_add(&mesh, "Office 3");
    mesh_admit(&mesh, 3, 1);
    mesh_dial(&mesh, 1, 0, false);
    mesh_dial(&mesh, 3, 1, false);
    mesh_pass(&mesh, 2000);
    mesh_write(&mesh, 0, 1);
    mesh_write(&mesh, 3, 1);
    mesh_pass(&mesh, 5000);
    assert_same(0, 1, 3);
    assert_same(0, 3, 3);
}
END_TEST

/* The line that it joined with is good for repeating that, not for more. */
START_TEST(a_retired_office_cannot_come_back_by_its_invitation)
{
    struct invitation invitation;
    struct mesh_end *end = NULL;

    make_corridor(1);
    mesh_add(&mesh, "First");
    mesh_invite(&mesh, 0, "", node_wall_ms(NULL) + 3600000, &invitation);
    mesh_prepare_join(&mesh, 1, 0);
    end = mesh_join(&mesh, 1, 0, &invitation);
    mesh_pass(&mesh, 1000);
    mesh_write(&mesh, 1, 1); /* a log to cut */
    mesh_pass(&mesh, 1000);
    mesh_cut(end, true);
    mesh_write(&mesh, 0, 1);
    retire(1);
    end = mesh_join(&mesh, 1, 0, &invitation);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[1].reason, BYE_DENIED);
    ck_assert_uint_eq(mesh_digest(&mesh, 1).records, 1);
    /* Message 2 and a bye: it is not even told a clock. */
    ck_assert_uint_lt(end->received, 512);
}
END_TEST

/* One shows itself, and asks for another who joined before. */
START_TEST(a_joiner_cannot_use_the_certificate_of_another)
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
    mesh_settle(&mesh);
    ck_assert(!mesh.nodes[1].wants_enrol);
    mesh_write(&mesh, 0, 1);
    end = mesh_join(&mesh, 2, 0, &invitation);
    buf_clear(&end->call->session->cert);
    buf_put_bytes(&end->call->session->cert, buf_bytes(&mesh.nodes[1].cert));
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[2].reason, BYE_DENIED);
    ck_assert_uint_eq(mesh_digest(&mesh, 2).records, 0);
}
END_TEST

/* One who holds the link secret, with a certificate that nobody knows. */
static struct mesh_end *
dial_as_stranger(size_t stranger, size_t member)
{
    struct invitation pass;
    struct view *view = NULL;

    memset(&pass, 0, sizeof(pass));
    ck_assert_int_eq(
        view_open(&view, mesh.nodes[member].node->store, NULL), ERR_OK);
    ck_assert_uint_eq(view_link_secrets(view, &pass.secret, 1), 1);
    view_close(view);
    return mesh_join(&mesh, stranger, 0, &pass);
}

START_TEST(of_strangers_nothing_is_kept)
{
    struct mesh_end *end = NULL;
    size_t before = 0;

    make_corridor(2);
    mesh_add(&mesh, "Stranger");
    mesh_prepare_join(&mesh, 2, 0);
    before = mesh.nodes[0].engine->peer_count;
    end = dial_as_stranger(2, 1);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_nonnull(end->call);
    ck_assert_int_eq(end->other->call->level, LEVEL_CONTROL);
    ck_assert(end->other->call->is_confirmed);
    ck_assert_uint_eq(mesh.nodes[0].engine->peer_count, before);
}
END_TEST

START_TEST(a_stranger_with_a_former_link_secret_gets_silence)
{
    struct mesh_end *end = NULL;

    make_corridor(3);
    mesh_add(&mesh, "Stranger");
    mesh_prepare_join(&mesh, 3, 0);
    mesh_dial(&mesh, 1, 0, false);
    mesh_write(&mesh, 1, 1);
    mesh_pass(&mesh, 1000);
    end = dial_as_stranger(3, 1);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_nonnull(end->call);
    /* Those who come by it are sent away when it is replaced. */
    retire(1);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_null(end->call);
    ck_assert_int_eq(mesh.nodes[3].reason, BYE_DENIED);
    end = dial_as_stranger(3, 1);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_null(end->call);
    ck_assert_uint_eq(end->received, 0);
    /* A member that has not heard of the new one yet is let in by the old. */
    end = mesh_dial(&mesh, 2, 0, false);
    mesh_pass(&mesh, 1000);
    ck_assert_ptr_nonnull(end->call);
    assert_same(0, 2, 1);
}
END_TEST

/* Message 1 arrives, and nothing more is heard. */
static void
begin_only(struct mesh_end *end)
{
    struct buf first = end->other->inbox;

    end->other->inbox = (struct buf){0};
    engine_receive(end->other->call, buf_bytes(&first));
    buf_release(&first);
}

static size_t
open_calls(struct engine *engine)
{
    struct list *at = engine->calls.next;
    size_t count = 0;

    for (; at != &engine->calls; at = at->next) {
        count += !LIST_ITEM(at, struct call, link)->is_closed;
    }
    return count;
}

START_TEST(those_who_only_begin_keep_few_places)
{
    static const size_t limits[] = {
        ENGINE_STRANGERS_MAX, ENGINE_UNCONFIRMED_MAX};

    make_corridor(2);
    mesh_add(&mesh, "Stranger");
    mesh_prepare_join(&mesh, 2, 0);
    for (size_t i = 0; i < limits[_i] + 3; i++) {
        begin_only(
            _i == 0 ? dial_as_stranger(2, 1) : mesh_dial(&mesh, 1, 0, false));
        ck_assert_uint_eq(open_calls(mesh.nodes[0].engine),
            i < limits[_i] ? i + 1 : limits[_i]);
    }
}
END_TEST

static Suite *
rights_suite(void)
{
    Suite *suite = suite_create("engine rights");
    TCase *tcase = tcase_create("rights");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_retired_office_is_cut_off_within_its_session);
    tcase_add_test(tcase, circles_are_renewed_when_an_office_is_retired);
    tcase_add_test(
        tcase, who_was_admitted_beside_a_renewal_is_sealed_the_new_circles);
    tcase_add_test(tcase, a_retired_office_cannot_come_back_by_its_invitation);
    tcase_add_test(tcase, a_joiner_cannot_use_the_certificate_of_another);
    tcase_add_test(tcase, of_strangers_nothing_is_kept);
    tcase_add_test(tcase, a_stranger_with_a_former_link_secret_gets_silence);
    tcase_add_loop_test(tcase, those_who_only_begin_keep_few_places, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(rights_suite());
}
