/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files as docs/storage.md describes them, read by that description alone:
 * rows by their bytes, and what is sealed by the storage key.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/cursor.h"
#include "crypto/base/num.h"
#include "crypto/flat.h"
#include "crypto/hash.h"
#include "storage/index.h"
#include "storage/store.h"
#include "storage/store_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;
static struct txn *txn;
static struct record_id a_case;
static struct buf row;

static void
setup(void)
{
    struct fixture_options options = {.offices = 1};
    bool left = false;

    row = (struct buf){0};
    fixture_make(&f, &options);
    a_case = fixture_case(&f, 0, "A summary");
    fixture_begin(&f, 0);
    ck_assert_int_eq(store_put_note(f.offices[0].store, bytes_text("name"),
                         bytes_text("value"), &f.msg),
        ERR_OK);
    ck_assert_int_eq(store_import_put(f.offices[0].store, bytes_text("row 1"),
                         &(struct imported){FIXTURE_CASE, a_case}, &f.msg),
        ERR_OK);
    ck_assert_int_eq(
        store_index(f.offices[0].store, 10, &left, &f.msg), ERR_OK);
    fixture_commit(&f, 0);
    fixture_desk(&f, 0, &a_case, "A desk");
    ck_assert_int_eq(
        txn_begin(&txn, store_env(f.offices[0].store), false, &f.msg), ERR_OK);
}

static void
teardown(void)
{
    txn_abort(txn);
    buf_release(&row);
    fixture_release(&f);
}

static struct bytes
get(enum table table, struct bytes key)
{
    struct bytes value = {0};

    ck_assert_int_eq(txn_get(txn, table, key, &value, &f.msg), ERR_OK);
    return value;
}

static const struct secret_key *
storage_key(void)
{
    return &f.offices[0].secrets.storage;
}

/* "At rest": 24 bytes of nonce, the ciphertext, 16 of tag. */
static void
open_rest(const struct secret_key *key, struct bytes ad, struct bytes sealed)
{
    buf_clear(&row);
    ck_assert_int_eq(seal_rest_open(&row, key, ad, sealed), ERR_OK);
}

static struct secret_key
table_key(void)
{
    struct secret_key key;

    open_rest(storage_key(), bytes_text("corridor/table-key"),
        get(TABLE_META, bytes_text("table-key")));
    ck_assert_uint_eq(row.size, 32);
    memcpy(key.bytes, row.data, 32);
    return key;
}

START_TEST(meta_names_format_and_owner)
{
    struct bytes value = get(TABLE_META, bytes_text("format"));

    ck_assert(bytes_equal(value, bytes_of("\0\0\0\1", 4)));
    value = get(TABLE_META, bytes_text("owner"));
    ck_assert_uint_eq(value.size, 64);
    ck_assert_mem_eq(value.data, f.corridor.bytes, 32);
    ck_assert_mem_eq(value.data + 32, f.offices[0].node.bytes, 32);
    value = get(TABLE_META, bytes_text("touched"));
    ck_assert_uint_eq(value.size, 8);
}
END_TEST

START_TEST(a_row_of_logs_is_the_documented_one)
{
    struct key key = key_u32(1);
    struct bytes value = get(TABLE_LOGS, key_bytes(&key));
    struct cursor cursor = cursor_init(value);

    /* Log 1 is our changes log: three changes, under one head. */
    ck_assert_mem_eq(
        cursor_take(&cursor, 32).data, f.offices[0].node.bytes, 32);
    ck_assert_uint_eq(cursor_u8(&cursor), LOG_CHANGES);
    ck_assert_uint_eq(cursor_u64(&cursor), fixture_stat(&f, 0).entries);
    ck_assert_uint_eq(cursor_u64(&cursor), 3);
    cursor_take(&cursor, 2 * 32); /* 3 = 1 + 2: two perfect subtrees */
    ck_assert_uint_eq(cursor_u8(&cursor), 1); /* a head, no target */
    ck_assert_uint_eq(cursor_u64(&cursor), 3);
    cursor_take(&cursor, 32 + 64);
    ck_assert_uint_eq(cursor_u8(&cursor), 0); /* none awaited */
    /* The author: [log, applied, time, rank, other log, its size]. */
    ck_assert_uint_eq(cbor_get_array(&cursor), 6);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 1);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 3);
    cbor_get_uint(&cursor);
    cbor_get_uint(&cursor);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 0);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 5);
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
}
END_TEST

/* The example on the page: a log of which nothing has come. */
START_TEST(the_row_of_an_empty_log_is_the_documented_one)
{
    static const uint8_t tail[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0, 0, 0, 0, 1, 0};
    struct log_id id = {.kind = LOG_CONTROL};
    struct log_table logs = {0};
    struct log_state state = {.run_next = UINT64_MAX};
    uint8_t expected[33 + sizeof(tail)] = {0};

    memcpy(expected + 33, tail, sizeof(tail));
    ck_assert_int_eq(author_init(&state.author, &logs, &id), ERR_OK);
    ck_assert_int_eq(log_state_encode(&row, &state), ERR_OK);
    ck_assert(
        bytes_equal(buf_bytes(&row), bytes_of(expected, sizeof(expected))));
    author_release(&state.author);
    ck_assert_int_eq(log_state_decode(&state, &logs, buf_bytes(&row)), ERR_OK);
    author_release(&state.author);
    log_table_release(&logs);
}
END_TEST

START_TEST(a_row_of_members_is_the_documented_one)
{
    struct key key = key_u64(1);
    struct bytes value = get(TABLE_MEMBERS, key_bytes(&key));
    struct cursor cursor = cursor_init(value);

    /* The pack, which counts the founding before it. */
    ck_assert_uint_eq(cursor_u64(&cursor), 2); /* rank */
    cursor_u64(&cursor);
    ck_assert_uint_eq(cursor_u8(&cursor), 0);
    ck_assert_uint_eq(cursor_u32(&cursor), 0);
    ck_assert_uint_eq(cursor_u64(&cursor), 0);
    ck_assert_uint_eq(cursor_u32(&cursor), 1); /* one log counted: */
    ck_assert_uint_eq(cursor_u64(&cursor), 1); /* this one, up to itself */
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
}
END_TEST

START_TEST(runs_say_where_a_log_goes_on)
{
    struct key key = key_dot((struct dot){0, 0});
    struct bytes value = get(TABLE_RUNS, key_bytes(&key));

    ck_assert_uint_eq(num_load_u64(value.data), 0);
    key = key_dot((struct dot){1, 0});
    value = get(TABLE_RUNS, key_bytes(&key));
    ck_assert_uint_eq(num_load_u64(value.data), 5);
    ck_assert_uint_eq(txn_count(txn, TABLE_RUNS), 2);
}
END_TEST

/* The content key that entry 0 of our changes log creates. */
static struct secret_key
content_key(void)
{
    struct secret_key table = table_key();
    struct key name = key_dot((struct dot){1, 0});
    struct cursor cursor = cursor_init(get(TABLE_KEYS, key_bytes(&name)));
    struct secret_key key;

    /* Its newest entry is that of arrival 7, the desk. */
    ck_assert_uint_eq(cursor_u64(&cursor), 7 + 1);
    ck_assert_uint_eq(cursor_u8(&cursor), 1);
    open_rest(&table, key_bytes(&name), cursor_take(&cursor, 72));
    ck_assert_uint_eq(row.size, 32);
    memcpy(key.bytes, row.data, 32);
    /* [log, position, class, commitment, grants] */
    ck_assert_uint_eq(cbor_get_array(&cursor), 5);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 1);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 0);
    ck_assert_uint_eq(cbor_get_uint(&cursor), CLASS_CASE);
    return key;
}

START_TEST(a_content_key_opens_with_the_table_key)
{
    struct secret_key key = content_key();
    struct hash commitment;
    struct stored_entry stored;
    struct header header;

    seal_commitment(&commitment, &key);
    ck_assert_int_eq(
        entries_get(txn, (struct dot){1, 0}, &stored, &f.msg), ERR_OK);
    ck_assert_int_eq(
        header_decode(&header, stored.entry.header, LOG_CHANGES, 0), ERR_OK);
    ck_assert(header.creates_key);
    ck_assert(hash_equal(&header.commitment, &commitment));
}
END_TEST

START_TEST(a_record_opens_with_storage_key_and_content_key)
{
    struct secret_key content = content_key();
    struct secret_key tag_key;
    struct secret_key rest;
    uint8_t room[64];
    struct flat item =
        flat_array(room, sizeof(room), 2, "corridor/record/rest/1");
    uint8_t place[19];
    struct hash tag;
    struct bytes value;
    struct cursor cursor;
    size_t size = 0;

    /* Key: two bytes that stand for the kind, then the id. */
    hash_derive_label(&tag_key, storage_key(), "corridor/kind-tag/1");
    hash_blake2b_keyed(&tag, &tag_key, bytes_of("\0\3", 2));
    memcpy(place, tag.bytes, 2);
    memcpy(place + 2, a_case.bytes, 16);
    value = get(TABLE_RECORDS, bytes_of(place, 18));
    cursor = cursor_init(value);
    /* The general half. */
    place[18] = cursor_u8(&cursor);
    ck_assert_uint_eq(place[18], 0);
    ck_assert_uint_eq(cursor_u32(&cursor), 1);
    ck_assert_uint_eq(cursor_u64(&cursor), 0);
    size = cursor_u32(&cursor);
    flat_32(&item, content.bytes);
    hash_derive(&rest, storage_key(), flat_bytes(&item));
    open_rest(
        &rest, bytes_of(place, sizeof(place)), cursor_take(&cursor, size));
    ck_assert_uint_gt(row.size, 0);
    /* The sealed half stands under another key. */
    ck_assert_uint_eq(cursor_u8(&cursor), 1);
    ck_assert_uint_eq(cursor_u32(&cursor), 1);
    ck_assert_uint_eq(cursor_u64(&cursor), 1);
    size = cursor_u32(&cursor);
    cursor_take(&cursor, size);
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
}
END_TEST

START_TEST(terms_are_keyed_hashes_of_folded_values)
{
    struct secret_key index_key;
    struct index_term term;
    uint8_t hash[8];
    struct buf value = {0};
    struct buf text = {0};
    struct index_value folded = {FIXTURE_CASE, FIXTURE_CASE_SUMMARY, {0}};

    hash_derive_label(&index_key, storage_key(), "corridor/index/1");
    buf_put(&text, "\0\3\0\14", 4);
    buf_put_text(&text, "a summary");
    hash_short_keyed(hash, &index_key, buf_bytes(&text));
    cbor_put_array(&value, 2);
    cbor_put_cstr(&value, "A Summary");
    cbor_put_cstr(&value, "en");
    folded.value = buf_bytes(&value);
    index_term(&term, &index_key, &folded);
    ck_assert_mem_eq(term.bytes, hash, 8);
    buf_release(&value);
    buf_release(&text);
}
END_TEST

START_TEST(a_note_opens_under_its_keyed_name)
{
    struct secret_key notes_key;
    struct hash name;
    struct bytes key;

    hash_derive_label(&notes_key, storage_key(), "corridor/notes/1");
    hash_blake2b_keyed(&name, &notes_key, bytes_text("name"));
    key = bytes_of(name.bytes, sizeof(name.bytes));
    open_rest(&notes_key, key, get(TABLE_PEERS, key));
    ck_assert(
        bytes_equal(buf_bytes(&row), bytes_of("\0\4namevalue", 2 + 4 + 5)));
}
END_TEST

START_TEST(an_import_is_noted_under_its_keyed_name)
{
    struct secret_key index_key;
    struct hash name;
    struct bytes value;

    hash_derive_label(&index_key, storage_key(), "corridor/index/1");
    hash_blake2b_keyed(&name, &index_key, bytes_text("row 1"));
    value = get(TABLE_IMPORTS, bytes_of(name.bytes, sizeof(name.bytes)));
    ck_assert_uint_eq(value.size, 18);
    ck_assert_uint_eq(num_load_u16(value.data), FIXTURE_CASE);
    ck_assert_mem_eq(value.data + 2, a_case.bytes, 16);
}
END_TEST

/* Nothing that a person wrote stands in clear. */
START_TEST(no_text_of_a_record_is_in_the_tables)
{
    static const char *const texts[] = {
        "summary", "Summary", "desk", "mou", "name", "value", "row 1"};

    for (int t = TABLE_LOGS; t < TABLE_COUNT; t++) {
        struct scan scan = {0};

        ck_assert_int_eq(scan_open(&scan, txn, (enum table)t, &f.msg), ERR_OK);
        while (scan_next(&scan)) {
            for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                size_t length = strlen(texts[i]);

                for (size_t at = 0; at + length <= scan.value.size; at++) {
                    ck_assert_msg(
                        memcmp(scan.value.data + at, texts[i], length) != 0,
                        "%s holds \"%s\"", TABLES[t].name, texts[i]);
                }
            }
        }
        scan_close(&scan);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("format");
    TCase *tcase = tcase_create("format");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, meta_names_format_and_owner);
    tcase_add_test(tcase, a_row_of_logs_is_the_documented_one);
    tcase_add_test(tcase, the_row_of_an_empty_log_is_the_documented_one);
    tcase_add_test(tcase, a_row_of_members_is_the_documented_one);
    tcase_add_test(tcase, runs_say_where_a_log_goes_on);
    tcase_add_test(tcase, a_content_key_opens_with_the_table_key);
    tcase_add_test(tcase, a_record_opens_with_storage_key_and_content_key);
    tcase_add_test(tcase, terms_are_keyed_hashes_of_folded_values);
    tcase_add_test(tcase, a_note_opens_under_its_keyed_name);
    tcase_add_test(tcase, an_import_is_noted_under_its_keyed_name);
    tcase_add_test(tcase, no_text_of_a_record_is_in_the_tables);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
