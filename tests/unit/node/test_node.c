/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static const char words[] = "a passphrase";
static struct scratch scratch;
static char place[SCRATCH_PATH_BYTES];

static void
make_home(const char *type)
{
    struct home_options options = {.path = place,
        .office_name = "Ministry",
        .node_name = "server",
        .country = "LA",
        .type = type,
        .passphrase = bytes_text(words),
        .is_cheap = true};

    ck_assert_int_eq(home_make(&options, NULL), ERR_OK);
}

static void
setup(void)
{
    scratch_make(&scratch);
    scratch_path(place, &scratch, "home");
    make_home("ministry");
}

static void
teardown(void)
{
    scratch_remove(&scratch);
}

static struct node *
open_node(bool has_thread)
{
    struct node_options options = {.home = place,
        .passphrase = bytes_text(words),
        .has_thread = has_thread};
    struct err_msg msg = {{0}};
    struct node *node = NULL;

    ck_assert_msg(node_open(&node, &options, &msg) == ERR_OK, "%s", msg.text);
    return node;
}

static void
found(struct node *node)
{
    struct err_msg msg = {{0}};
    enum err rc = node_found(node, "Mekong", 0, bytes_text(words), &msg);

    ck_assert_msg(rc == ERR_OK, "%s", msg.text);
}

START_TEST(a_founded_corridor_is_there_when_opened_again)
{
    struct node *node = open_node(_i == 1);
    struct corridor_id corridor;
    struct view *view = NULL;
    const struct office *office = NULL;

    ck_assert_ptr_null(node->store);
    found(node);
    corridor = node->home.corridor;
    node_close(node);
    node = open_node(_i == 1);
    ck_assert(corridor_id_equal(&node->home.corridor, &corridor));
    ck_assert_str_eq(node->home.corridor_name, "Mekong");
    ck_assert_int_eq(view_open(&view, node->store, NULL), ERR_OK);
    office = membership_office(view_membership(view), &node->home.office);
    ck_assert_ptr_nonnull(office);
    ck_assert(office->is_founder);
    ck_assert(!office->firewall);
    ck_assert_str_eq(view_membership(view)->name, "Mekong");
    view_close(view);
    node_close(node);
}
END_TEST

START_TEST(a_second_corridor_is_not_founded)
{
    struct node *node = open_node(false);

    found(node);
    ck_assert_int_eq(
        node_found(node, "Other", 0, bytes_text(words), NULL), ERR_EXISTS);
    node_close(node);
}
END_TEST

START_TEST(founding_with_a_wrong_passphrase_leaves_nothing)
{
    struct node *node = open_node(false);

    ck_assert_int_eq(
        node_found(node, "Mekong", 0, bytes_text("wrong"), NULL), ERR_DENIED);
    ck_assert(!node->home.has_corridor);
    ck_assert_ptr_null(node->store);
    node_close(node);
}
END_TEST

/* As after a crash between the founding's commit and home.ini. */
START_TEST(an_unfinished_founding_is_put_aside)
{
    struct node *node = open_node(false);

    found(node);
    node->home.has_corridor = false;
    ck_assert_int_eq(home_save(&node->home, NULL), ERR_OK);
    node_close(node);
    node = open_node(false);
    ck_assert_ptr_null(node->store);
    found(node);
    node_close(node);
    node = open_node(false);
    ck_assert_ptr_nonnull(node->store);
    node_close(node);
}
END_TEST

START_TEST(a_home_is_opened_once_at_a_time)
{
    struct node_options options = {
        .home = place, .passphrase = bytes_text(words)};
    struct node *node = open_node(false);
    struct node *second = NULL;

    ck_assert_int_eq(node_open(&second, &options, NULL), ERR_BUSY);
    node_close(node);
    node_close(open_node(false));
}
END_TEST

static enum err
write_note(void *context, struct store *store, struct err_msg *msg)
{
    return store_put_note(
        store, bytes_text("test"), *(struct bytes *)context, msg);
}

START_TEST(a_write_is_durable_when_it_returns)
{
    struct node *node = open_node(_i == 1);
    struct bytes value = bytes_text("value");
    struct buf got = {0};
    struct view *view = NULL;

    ck_assert_int_eq(node_write(node, write_note, &value, NULL), ERR_NOT_FOUND);
    found(node);
    ck_assert_int_eq(node_write(node, write_note, &value, NULL), ERR_OK);
    node_close(node);
    node = open_node(false);
    ck_assert_int_eq(view_open(&view, node->store, NULL), ERR_OK);
    ck_assert_int_eq(view_note(view, bytes_text("test"), &got, NULL), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&got), value));
    view_close(view);
    buf_release(&got);
    node_close(node);
}
END_TEST

START_TEST(a_locked_node_has_no_secrets_and_signs_nothing)
{
    struct node *node = open_node(false);
    struct buf cert = {0};

    found(node);
    node_lock(node);
    ck_assert_ptr_null(node->secrets);
    ck_assert_ptr_null(node->store);
    ck_assert_int_eq(node_certify(node, &node->home.corridor, bytes_text(words),
                         &cert, NULL),
        ERR_DENIED);
    ck_assert_int_eq(node_open_store(node, false, NULL), ERR_DENIED);
    node_close(node);
}
END_TEST

START_TEST(a_certificate_names_this_node)
{
    struct node *node = open_node(false);
    struct corridor_id corridor = {{9}};
    struct buf encoded = {0};
    struct cert cert;

    ck_assert_int_eq(
        node_certify(node, &corridor, bytes_text(words), &encoded, NULL),
        ERR_OK);
    ck_assert_int_eq(cert_decode(&cert, buf_bytes(&encoded)), ERR_OK);
    ck_assert(corridor_id_equal(&cert.corridor, &corridor));
    ck_assert(node_id_equal(&cert.keys.sign, &node->home.node));
    ck_assert(office_id_equal(&cert.office, &node->home.office));
    ck_assert_str_eq(cert.node_name, "server");
    buf_release(&encoded);
    node_close(node);
}
END_TEST

static Suite *
node_suite(void)
{
    Suite *suite = suite_create("node");
    TCase *tcase = tcase_create("node");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(
        tcase, a_founded_corridor_is_there_when_opened_again, 0, 2);
    tcase_add_test(tcase, a_second_corridor_is_not_founded);
    tcase_add_test(tcase, founding_with_a_wrong_passphrase_leaves_nothing);
    tcase_add_test(tcase, an_unfinished_founding_is_put_aside);
    tcase_add_test(tcase, a_home_is_opened_once_at_a_time);
    tcase_add_loop_test(tcase, a_write_is_durable_when_it_returns, 0, 2);
    tcase_add_test(tcase, a_locked_node_has_no_secrets_and_signs_nothing);
    tcase_add_test(tcase, a_certificate_names_this_node);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(node_suite());
}
