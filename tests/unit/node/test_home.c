/* SPDX-License-Identifier: Apache-2.0 */
#include "node/home.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/home_ini.h"
#include "node/node.h"
#include "storage/disk.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static const char words[] = "a passphrase";

/* A directory of the test's own, and homes in it. */
static struct scratch scratch;
static char place[SCRATCH_PATH_BYTES];

static void
setup(void)
{
    scratch_make(&scratch);
    scratch_path(place, &scratch, "home");
}

static void
teardown(void)
{
    scratch_remove(&scratch);
}

static struct home_options
options(void)
{
    struct home_options made = {.path = place,
        .office_name = "Labour section; Vientiane # 1",
        .node_name = "ໂນດ",
        .country = "LA",
        .type = "labour_section",
        .passphrase = bytes_text(words),
        .is_cheap = true};

    return made;
}

START_TEST(a_home_is_loaded_as_it_was_made)
{
    struct home_options in = options();
    struct home home;
    struct node_secrets secrets;
    struct node_public public;
    struct secret_key office;
    struct public_key key;

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&home, place, NULL), ERR_OK);
    ck_assert_str_eq(home.office_name, in.office_name);
    ck_assert_str_eq(home.node_name, in.node_name);
    ck_assert_str_eq(home.country, "LA");
    ck_assert_str_eq(home.type, "labour_section");
    ck_assert(!home.has_corridor);
    ck_assert_int_eq(
        home_open_node(&secrets, &home, in.passphrase, NULL), ERR_OK);
    node_secrets_public(&public, &secrets);
    ck_assert(node_id_equal(&public.sign, &home.node));
    ck_assert_int_eq(
        home_open_office(&office, &home, in.passphrase, NULL), ERR_OK);
    keys_sign_public(&key, &office);
    ck_assert_mem_eq(key.bytes, home.office.bytes, 32);
}
END_TEST

START_TEST(its_files_are_for_their_owner_alone)
{
    static const char *const names[] = {
        "", "/home.ini", "/node.key", "/office.key"};
    struct home_options in = options();
    char path[SCRATCH_PATH_BYTES * 2];
    struct stat info;

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", place, names[i]);
        ck_assert_int_eq(stat(path, &info), 0);
        ck_assert_uint_eq(info.st_mode & 077, 0);
    }
}
END_TEST

START_TEST(a_corridor_is_kept)
{
    struct home_options in = options();
    struct home home;
    struct home again;

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&home, place, NULL), ERR_OK);
    home.has_corridor = true;
    memset(home.corridor.bytes, 7, 32);
    snprintf(home.corridor_name, sizeof(home.corridor_name), "Mekong");
    ck_assert_int_eq(home_save(&home, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&again, place, NULL), ERR_OK);
    ck_assert(again.has_corridor);
    ck_assert(corridor_id_equal(&again.corridor, &home.corridor));
    ck_assert_str_eq(again.corridor_name, "Mekong");
}
END_TEST

START_TEST(a_second_home_is_not_made_over_the_first)
{
    struct home_options in = options();
    struct err_msg msg = {{0}};

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_make(&in, &msg), ERR_EXISTS);
    ck_assert_ptr_nonnull(strstr(msg.text, "exists already"));
}
END_TEST

START_TEST(an_office_has_one_key_on_two_nodes)
{
    struct home_options in = options();
    char second[SCRATCH_PATH_BYTES];
    char key[SCRATCH_PATH_BYTES];
    struct home one;
    struct home two;

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    scratch_path(second, &scratch, "second");
    scratch_path(key, &scratch, "home/office.key");
    in.path = second;
    in.office_key = key;
    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&one, place, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&two, second, NULL), ERR_OK);
    ck_assert(office_id_equal(&one.office, &two.office));
    ck_assert(!node_id_equal(&one.node, &two.node));
}
END_TEST

START_TEST(a_wrong_passphrase_opens_nothing)
{
    struct home_options in = options();
    struct err_msg msg = {{0}};
    struct home home;
    struct node_secrets secrets = {0};
    struct secret_key office = {{0}};

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&home, place, NULL), ERR_OK);
    ck_assert_int_eq(
        home_open_node(&secrets, &home, bytes_text("another"), &msg),
        ERR_DENIED);
    ck_assert_str_eq(msg.text, "node.key: wrong passphrase");
    ck_assert_int_eq(
        home_open_office(&office, &home, bytes_text("another"), NULL),
        ERR_DENIED);
    ck_assert(bytes_are_zero(bytes_of(&secrets, sizeof(secrets))));
}
END_TEST

START_TEST(an_office_key_on_its_stick_is_asked_for)
{
    struct home_options in = options();
    struct err_msg msg = {{0}};
    struct home home;
    struct secret_key office;
    char path[SCRATCH_PATH_BYTES * 2];

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&home, place, NULL), ERR_OK);
    snprintf(path, sizeof(path), "%s/office.key", place);
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(
        home_open_office(&office, &home, in.passphrase, &msg), ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(msg.text, "stick"));
}
END_TEST

START_TEST(a_home_is_locked_by_one_at_a_time)
{
    struct home_options in = options();
    struct home one;
    struct home two;

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&one, place, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&two, place, NULL), ERR_OK);
    ck_assert_int_eq(home_lock(&one, NULL), ERR_OK);
    ck_assert_int_eq(home_lock(&two, NULL), ERR_BUSY);
    home_unlock(&one);
    home_unlock(&one);
    ck_assert_int_eq(home_lock(&two, NULL), ERR_OK);
    home_unlock(&two);
}
END_TEST

START_TEST(a_home_that_others_may_write_in_is_not_used)
{
    static const mode_t modes[] = {0720, 0702};
    struct home_options in = options();
    struct home home;

    ck_assert_int_eq(home_make(&in, NULL), ERR_OK);
    ck_assert_int_eq(home_load(&home, place, NULL), ERR_OK);
    ck_assert_int_eq(chmod(place, modes[_i]), 0);
    ck_assert_int_eq(home_lock(&home, NULL), ERR_CONFIG);
    ck_assert_int_eq(chmod(place, 0755), 0);
    ck_assert_int_eq(home_lock(&home, NULL), ERR_OK);
    home_unlock(&home);
}
END_TEST

static const struct {
    const char *office;
    const char *node;
    const char *country;
    const char *type;
} refused[] = {
    {"", "n", "", ""},
    {"o\n", "n", "", ""},
    {"o", "", "", ""},
    {"o", "n", "la", ""},
    {"o", "n", "LAO", ""},
    {"o", "n", "L", ""},
    {"o", "n", "", "Ministry"},
    {"o", "n", "", "a_type_of_more_than_thirty_two_bytes"},
};
enum { REFUSED_COUNT = sizeof(refused) / sizeof(refused[0]) };

START_TEST(names_that_no_certificate_can_carry_are_refused)
{
    struct home_options in = options();

    in.office_name = refused[_i].office;
    in.node_name = refused[_i].node;
    in.country = refused[_i].country;
    in.type = refused[_i].type;
    ck_assert_int_eq(home_make(&in, NULL), ERR_CONFIG);
    ck_assert_int_ne(access(place, F_OK), 0);
}
END_TEST

static struct home
sample(void)
{
    struct home home = {.lock_fd = -1, .has_corridor = true};

    snprintf(home.office_name, sizeof(home.office_name), "x = y");
    snprintf(home.node_name, sizeof(home.node_name), " n ");
    snprintf(home.country, sizeof(home.country), "KH");
    memset(home.office.bytes, 0xa1, 32);
    memset(home.node.bytes, 0xb2, 32);
    memset(home.corridor.bytes, 0xc3, 32);
    snprintf(home.corridor_name, sizeof(home.corridor_name), "c");
    return home;
}

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct home home = {.lock_fd = -1};
    enum err rc = home_ini_decode(&home, bytes);

    return rc == ERR_OK ? home_ini_encode(out, &home) : rc;
}

START_TEST(an_altered_ini_is_refused_or_says_what_it_says)
{
    struct home home = sample();
    struct buf text = {0};

    ck_assert_int_eq(home_ini_encode(&text, &home), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&text), recode), 100);
    buf_release(&text);
}
END_TEST

START_TEST(another_format_is_another_version)
{
    struct home home = sample();
    struct buf text = {0};

    ck_assert_int_eq(home_ini_encode(&text, &home), ERR_OK);
    text.data[9] = '2';
    ck_assert_int_eq(home_ini_decode(&home, buf_bytes(&text)), ERR_VERSION);
    buf_release(&text);
}
END_TEST

START_TEST(every_failed_allocation_leaves_no_home)
{
    for (long n = 0;; n++) {
        struct home_options in = options();
        struct home home;
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = home_make(&in, NULL);
        if (!mem_fault_hit()) {
            mem_fault_after(-1);
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
        ck_assert_int_eq(home_load(&home, place, NULL), ERR_NOT_FOUND);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(a_passphrase_file_loses_one_newline)
{
    static const struct {
        const char *text;
        const char *passphrase; /* NULL: refused */
    } rows[] = {{"abc\n", "abc"}, {"abc", "abc"}, {"a\n\n", "a\n"},
        {"\n", NULL}, {"", NULL}};
    char path[SCRATCH_PATH_BYTES * 2];

    scratch_path(path, &scratch, "passphrase");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf got = {0};
        enum err rc = ERR_OK;

        ck_assert_int_eq(
            disk_write(path, bytes_text(rows[i].text), false, NULL), ERR_OK);
        rc = passphrase_get(&got, path, false, NULL);
        if (rows[i].passphrase == NULL) {
            ck_assert_int_eq(rc, ERR_CONFIG);
        } else {
            ck_assert_int_eq(rc, ERR_OK);
            ck_assert(
                bytes_equal(buf_bytes(&got), bytes_text(rows[i].passphrase)));
        }
        buf_wipe(&got);
    }
}
END_TEST

START_TEST(a_new_passphrase_has_a_least_size_from_a_file_too)
{
    static const char *const texts[] = {"1234567\n", "12345678\n"};
    char path[SCRATCH_PATH_BYTES * 2];
    struct buf got = {0};

    scratch_path(path, &scratch, "passphrase");
    ck_assert_int_eq(
        disk_write(path, bytes_text(texts[_i]), false, NULL), ERR_OK);
    ck_assert_int_eq(
        passphrase_get(&got, path, true, NULL), _i == 0 ? ERR_CONFIG : ERR_OK);
    buf_wipe(&got);
}
END_TEST

static Suite *
home_suite(void)
{
    Suite *suite = suite_create("home");
    TCase *tcase = tcase_create("home");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_home_is_loaded_as_it_was_made);
    tcase_add_test(tcase, its_files_are_for_their_owner_alone);
    tcase_add_test(tcase, a_corridor_is_kept);
    tcase_add_test(tcase, a_second_home_is_not_made_over_the_first);
    tcase_add_test(tcase, an_office_has_one_key_on_two_nodes);
    tcase_add_test(tcase, a_wrong_passphrase_opens_nothing);
    tcase_add_test(tcase, an_office_key_on_its_stick_is_asked_for);
    tcase_add_test(tcase, a_home_is_locked_by_one_at_a_time);
    tcase_add_loop_test(
        tcase, a_home_that_others_may_write_in_is_not_used, 0, 2);
    tcase_add_loop_test(tcase, names_that_no_certificate_can_carry_are_refused,
        0, REFUSED_COUNT);
    tcase_add_test(tcase, an_altered_ini_is_refused_or_says_what_it_says);
    tcase_add_test(tcase, another_format_is_another_version);
    tcase_add_test(tcase, every_failed_allocation_leaves_no_home);
    tcase_add_test(tcase, a_passphrase_file_loses_one_newline);
    tcase_add_loop_test(
        tcase, a_new_passphrase_has_a_least_size_from_a_file_too, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(home_suite());
}
