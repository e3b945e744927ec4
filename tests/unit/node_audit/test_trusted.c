/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that are given to a check. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/keys.h"
#include "node/audit/trusted.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static const struct corridor_id corridor = {{0xc0, 1, 2, 3}};

static void
make_log_key(struct note_key *out, uint8_t seed_byte, uint8_t kind)
{
    struct secret_key seed = {{seed_byte}};
    struct public_key public;
    struct log_id log = {.kind = kind};

    keys_sign_public(&public, &seed);
    memcpy(log.node.bytes, public.bytes, 32);
    log_key(out, &corridor, &log);
}

static void
put_vkey(struct buf *out, const struct note_key *key)
{
    note_key_format(out, key);
    buf_put_u8(out, '\0');
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

START_TEST(a_key_may_be_given_as_a_word)
{
    struct trusted trusted = {0};
    struct note_key key;
    struct buf vkey = {0};
    struct err_msg msg = {""};

    make_log_key(&key, 1, LOG_CHANGES);
    put_vkey(&vkey, &key);
    for (int i = 0; i < 2; i++) { /* twice is once */
        ck_assert_int_eq(
            trusted_add(&trusted, (const char *)vkey.data, &msg), ERR_OK);
        ck_assert_uint_eq(trusted.count, 1);
    }
    ck_assert_int_eq(trusted.items[0].name.role, KEY_OF_LOG);
    ck_assert_int_eq(trusted.items[0].name.log.kind, LOG_CHANGES);
    ck_assert(trusted_has_corridor(&trusted, &corridor));
    ck_assert_ptr_nonnull(trusted_find(&trusted, bytes_text(key.name), key.id));
    ck_assert_ptr_null(
        trusted_find(&trusted, bytes_text(key.name), key.id ^ 1));
    buf_release(&vkey);
    trusted_release(&trusted);
}
END_TEST

/* A file of keys as "corridor audit key" prints it. */
static void
put_file(struct buf *out)
{
    struct note_key key;
    struct public_key cosign = {{7}};

    for (uint8_t kind = 0; kind < 2; kind++) {
        make_log_key(&key, 1, kind);
        buf_put_text(out, "# Labour Section, node server, a log\n");
        note_key_format(out, &key);
        buf_put_u8(out, '\n');
    }
    cosigner_key(&key, &corridor, &(struct node_id){{1}}, &cosign);
    buf_put_text(out, "\n# its cosigner\n");
    note_key_format(out, &key);
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

static enum err
add_file(struct trusted *out, const struct scratch *scratch, struct bytes bytes)
{
    char path[SCRATCH_PATH_BYTES];
    struct err_msg msg = {""};
    enum err rc = ERR_OK;

    scratch_path(path, scratch, "keys");
    ck_assert_int_eq(disk_write(path, bytes, false, &msg), ERR_OK);
    *out = (struct trusted){0};
    rc = trusted_add(out, path, &msg);
    ck_assert(rc == ERR_OK || rc == ERR_NOMEM || strlen(msg.text) > 0);
    return rc;
}

START_TEST(a_file_may_hold_keys_and_lines_for_people)
{
    struct scratch scratch;
    struct trusted trusted;
    struct buf file = {0};

    scratch_make(&scratch);
    put_file(&file);
    ck_assert_int_eq(add_file(&trusted, &scratch, buf_bytes(&file)), ERR_OK);
    ck_assert_uint_eq(trusted.count, 3);
    ck_assert_int_eq(trusted.items[2].name.role, KEY_OF_COSIGNER);
    trusted_release(&trusted);
    buf_release(&file);
    scratch_remove(&scratch);
}
END_TEST

/* Typed on another system, by an editor that marks and indents. */
START_TEST(marks_and_blanks_around_keys_do_not_count)
{
    struct scratch scratch;
    struct trusted trusted;
    struct buf file = {0};
    struct buf typed = {0};

    scratch_make(&scratch);
    put_file(&file);
    buf_put_text(&typed, "\xef\xbb\xbf");
    for (size_t i = 0; i < file.size; i++) {
        if (file.data[i] == '\n') {
            buf_put_text(&typed, " \t\r");
        }
        buf_put_u8(&typed, file.data[i]);
        if (file.data[i] == '\n') {
            buf_put_text(&typed, "\t ");
        }
    }
    ck_assert_int_eq(add_file(&trusted, &scratch, buf_bytes(&typed)), ERR_OK);
    ck_assert_uint_eq(trusted.count, 3);
    trusted_release(&trusted);
    buf_release(&typed);
    buf_release(&file);
    scratch_remove(&scratch);
}
END_TEST

START_TEST(a_slip_in_a_file_is_told_by_its_line)
{
    struct scratch scratch;
    struct trusted trusted = {0};
    struct buf file = {0};
    struct err_msg msg = {""};
    char path[SCRATCH_PATH_BYTES];

    scratch_make(&scratch);
    scratch_path(path, &scratch, "keys");
    put_file(&file);
    *(char *)strstr((char *)file.data, "/changes") = '-';
    ck_assert_int_eq(disk_write(path, buf_bytes(&file), false, &msg), ERR_OK);
    ck_assert_int_eq(trusted_add(&trusted, path, &msg), ERR_CONFIG);
    ck_assert_msg(strstr(msg.text, "keys: line 4: ") != NULL, "%s", msg.text);
    trusted_release(&trusted);
    buf_release(&file);
    scratch_remove(&scratch);
}
END_TEST

START_TEST(a_cosigner_s_key_names_its_corridor_too)
{
    const struct corridor_id other = {{0xc1}};
    struct public_key cosign = {{7}};
    struct trusted trusted = {0};
    struct note_key key;
    struct buf vkey = {0};

    cosigner_key(&key, &corridor, &(struct node_id){{1}}, &cosign);
    put_vkey(&vkey, &key);
    ck_assert_int_eq(
        trusted_add(&trusted, (const char *)vkey.data, NULL), ERR_OK);
    ck_assert(trusted_has_corridor(&trusted, &corridor));
    ck_assert(!trusted_has_corridor(&trusted, &other));
    buf_release(&vkey);
    trusted_release(&trusted);
}
END_TEST

/* A flipped bit is refused, or stands in what is for people alone. */
START_TEST(no_flipped_bit_makes_another_key)
{
    struct scratch scratch;
    struct trusted whole;
    struct trusted bent;
    struct buf file = {0};
    size_t refused = 0;

    scratch_make(&scratch);
    put_file(&file);
    ck_assert_int_eq(add_file(&whole, &scratch, buf_bytes(&file)), ERR_OK);
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (add_file(&bent, &scratch, buf_bytes(&file)) == ERR_OK) {
            ck_assert_uint_eq(bent.count, whole.count);
            for (size_t i = 0; i < whole.count; i++) {
                ck_assert_str_eq(
                    bent.items[i].key.name, whole.items[i].key.name);
                ck_assert_mem_eq(bent.items[i].key.key.bytes,
                    whole.items[i].key.key.bytes, 32);
            }
        } else {
            refused++;
        }
        trusted_release(&bent);
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_uint_gt(refused, 2000);
    trusted_release(&whole);
    buf_release(&file);
    scratch_remove(&scratch);
}
END_TEST

static const char *const bad[] = {
    "",
    "no key",
    "a+b+c",
    "/nowhere/at/all",
    "/",
    "/dev/null",
    /* An Ed25519 key of no log of a corridor. */
    ("example.com/behind-the-sofa+aa6d56cc+"
     "ARpNcXzsGKD8Ef/9NUNq8KHgQ2bXRgaWWYqQdHpIHqGZ"),
};

START_TEST(what_is_no_key_is_refused_with_a_sentence)
{
    struct trusted trusted = {0};
    struct err_msg msg = {""};

    ck_assert_int_ne(trusted_add(&trusted, bad[_i], &msg), ERR_OK);
    ck_assert_uint_gt(strlen(msg.text), 0);
    ck_assert_uint_eq(trusted.count, 0);
}
END_TEST

START_TEST(a_log_key_that_is_another_nodes_is_refused)
{
    struct trusted trusted = {0};
    struct note_key key;
    struct public_key other = {{9}};
    struct buf vkey = {0};
    struct err_msg msg = {""};

    make_log_key(&key, 1, LOG_CHANGES);
    ck_assert_int_eq(
        note_key_make(&key, key.name, NOTE_ED25519, &other), ERR_OK);
    put_vkey(&vkey, &key);
    ck_assert_int_eq(
        trusted_add(&trusted, (const char *)vkey.data, &msg), ERR_CONFIG);
    buf_release(&vkey);
}
END_TEST

START_TEST(names_have_one_form)
{
    static const struct {
        const char *name;
        enum key_role role;
    } rows[] = {
        {"control", KEY_OF_LOG},
        {"changes", KEY_OF_LOG},
        {"cosigner", KEY_OF_COSIGNER},
        {"changes/", KEY_OF_OTHER},
        {"change", KEY_OF_OTHER},
        {"", KEY_OF_OTHER},
    };
    const char *hex = "00112233445566778899aabbccddeeff"
                      "00112233445566778899aabbccddeeff";

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_name out;
        char name[256];

        snprintf(name, sizeof(name), "corridor.internal/%s/%s/%s", hex, hex,
            rows[i].name);
        key_name_parse(&out, bytes_text(name));
        ck_assert_int_eq(out.role, rows[i].role);
        name[40] = (char)(name[40] == 'a' ? 'A' : 'g');
        key_name_parse(&out, bytes_text(name));
        ck_assert_int_eq(out.role, KEY_OF_OTHER);
    }
}
END_TEST

START_TEST(a_file_of_keys_survives_each_failing_allocation)
{
    struct scratch scratch;
    struct trusted trusted;
    struct buf file = {0};
    enum err rc = ERR_NOMEM;

    scratch_make(&scratch);
    put_file(&file);
    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = add_file(&trusted, &scratch, buf_bytes(&file));
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
        mem_fault_after(-1);
        trusted_release(&trusted);
    }
    buf_release(&file);
    scratch_remove(&scratch);
}
END_TEST

static Suite *
trusted_suite(void)
{
    Suite *suite = suite_create("trusted");
    TCase *keys = tcase_create("keys");

    tcase_add_test(keys, a_key_may_be_given_as_a_word);
    tcase_add_test(keys, a_file_may_hold_keys_and_lines_for_people);
    tcase_add_test(keys, marks_and_blanks_around_keys_do_not_count);
    tcase_add_test(keys, a_slip_in_a_file_is_told_by_its_line);
    tcase_add_test(keys, a_cosigner_s_key_names_its_corridor_too);
    tcase_add_test(keys, no_flipped_bit_makes_another_key);
    tcase_add_loop_test(keys, what_is_no_key_is_refused_with_a_sentence, 0,
        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(keys, a_log_key_that_is_another_nodes_is_refused);
    tcase_add_test(keys, names_have_one_form);
    tcase_add_test(keys, a_file_of_keys_survives_each_failing_allocation);
    suite_add_tcase(suite, keys);
    return suite;
}

int
main(void)
{
    return run_suite(trusted_suite());
}
