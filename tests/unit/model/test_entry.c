/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/entry.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/hash.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

static const char header_text[] = "\x85\x00\x80\xf6\xf6\x58\x18"
                                  "0123456789abcdefghijklmn";

static struct entry
sample(bool has_body)
{
    struct entry entry = {.kind = ENTRY_CHANGE, .has_body = has_body};

    entry.header = bytes_of(header_text, sizeof(header_text) - 1);
    entry.body = bytes_text("a body");
    hash_sha256(&entry.body_hash, entry.body);
    return entry;
}

START_TEST(a_leaf_is_four_bytes_and_two_hashes)
{
    struct entry entry = sample(true);
    struct hash hash = {{0}};
    struct hash leaf_hash = {{0}};
    uint8_t leaf[ENTRY_LEAF_BYTES];
    uint8_t hashed[1 + ENTRY_LEAF_BYTES] = {0};

    entry_leaf(leaf, &entry);
    ck_assert_mem_eq(leaf, "\x01\x01\x00\x00", 4);
    hash_sha256(&hash, entry.header);
    ck_assert_mem_eq(leaf + 4, hash.bytes, 32);
    ck_assert_mem_eq(leaf + 36, entry.body_hash.bytes, 32);
    memcpy(hashed + 1, leaf, sizeof(leaf));
    hash_sha256(&hash, bytes_of(hashed, sizeof(hashed)));
    entry_leaf_hash(&leaf_hash, &entry);
    ck_assert(hash_equal(&leaf_hash, &hash));
}
END_TEST

START_TEST(a_leaf_is_the_same_with_and_without_its_body)
{
    struct entry with = sample(true);
    struct entry without = sample(false);
    struct hash a = {{0}};
    struct hash b = {{0}};

    entry_leaf_hash(&a, &with);
    entry_leaf_hash(&b, &without);
    ck_assert(hash_equal(&a, &b));
    with.kind = ENTRY_ERASE;
    entry_leaf_hash(&a, &with);
    ck_assert(!hash_equal(&a, &b));
}
END_TEST

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct cursor cursor = cursor_init(bytes);
    struct entry entry = {0};
    struct hash hash = {{0}};
    enum err rc = entry_get(&entry, &cursor);

    if (rc != ERR_OK) {
        ck_assert(cursor.failed);
        return rc;
    }
    if (entry.has_body) {
        hash_sha256(&hash, entry.body);
        ck_assert(hash_equal(&hash, &entry.body_hash));
    }
    entry_put(out, &entry);
    return cursor_end(&cursor);
}

START_TEST(entries_travel_with_their_body_or_its_hash)
{
    struct entry entry = sample(_i == 0);
    struct buf out = {0};
    size_t header = sizeof(header_text) - 1;

    entry_put(&out, &entry);
    ck_assert_uint_eq(out.data[0], ENTRY_CHANGE);
    ck_assert_mem_eq(out.data + 1, header_text, header);
    if (_i == 0) {
        ck_assert_uint_eq(out.size, 1 + header + 2 + 6);
        ck_assert_mem_eq(out.data + 1 + header, "\x00\x06", 2);
    } else {
        ck_assert_uint_eq(out.size, 1 + header + 2 + 32);
        ck_assert_mem_eq(out.data + 1 + header, "\xff\xff", 2);
    }
    ck_assert_uint_gt(mutation_run(buf_bytes(&out), recode), 0);
    buf_release(&out);
}
END_TEST

START_TEST(any_kind_and_any_cbor_header_can_travel)
{
    struct prng prng = prng_init(prng_seed(3));
    struct buf out = {0};
    struct buf again = {0};
    uint8_t noise[300];

    for (int i = 0; i < 500; i++) {
        struct buf header = {0};
        struct entry entry = {.kind = (uint8_t)prng_next(&prng)};
        size_t size = prng_below(&prng, sizeof(noise));

        prng_fill(&prng, noise, sizeof(noise));
        cbor_put_array(&header, 2);
        cbor_put_bytes(&header, bytes_of(noise, size));
        cbor_put_uint(&header, prng_next(&prng));
        entry.header = buf_bytes(&header);
        entry.has_body = prng_below(&prng, 2) == 0;
        entry.body = bytes_of(noise, prng_below(&prng, sizeof(noise)));
        prng_fill(&prng, entry.body_hash.bytes, 32);
        buf_clear(&out);
        buf_clear(&again);
        entry_put(&out, &entry);
        ck_assert_int_eq(recode(buf_bytes(&out), &again), ERR_OK);
        ck_assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
        buf_release(&header);
    }
    buf_release(&out);
    buf_release(&again);
}
END_TEST

/* An entry whose header is one byte string that makes it `size` bytes. */
static void
put_big(struct buf *out, size_t header, size_t body)
{
    uint8_t *room = NULL;

    buf_put_u8(out, ENTRY_CONTROL);
    buf_put_u8(out, 0x59);
    buf_put_u16(out, (uint16_t)(header - 3));
    room = buf_extend(out, header - 3);
    ck_assert_ptr_nonnull(room);
    memset(room, 0, header - 3);
    buf_put_u16(out, (uint16_t)body);
    room = buf_extend(out, body);
    ck_assert_ptr_nonnull(room);
    memset(room, 0, body);
}

static const struct {
    size_t header;
    size_t body;
    enum err rc;
} bigs[] = {
    {ENTRY_HEADER_BYTES_MAX, 0, ERR_OK},
    {ENTRY_HEADER_BYTES_MAX + 1, 0, ERR_MALFORMED},
    {ENTRY_HEADER_BYTES_MAX, ENTRY_BODY_BYTES_MAX, ERR_OK},
    {300, ENTRY_BODY_BYTES_MAX - 1, ERR_OK},
    {300, ENTRY_BODY_BYTES_MAX + 1, ERR_MALFORMED},
    {300, 0xfffe, ERR_MALFORMED},
};

START_TEST(headers_and_bodies_have_limits)
{
    struct buf in = {0};
    struct buf out = {0};

    put_big(&in, bigs[_i].header, bigs[_i].body);
    ck_assert_int_eq(recode(buf_bytes(&in), &out), bigs[_i].rc);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* A header with `boxed` grants after `wrapped` ones. */
static struct header
with_grants(struct buf *out, size_t wrapped, size_t boxed)
{
    struct header header = {0};

    buf_clear(out);
    for (size_t i = 0; i < wrapped + boxed; i++) {
        cbor_put_array(out, 5);
        cbor_put_uint(out, 2);
        cbor_put_uint(out, i);
        cbor_put_uint(out, i < wrapped ? GRANT_WRAPPED : GRANT_BOXED);
        cbor_put_uint(out, PURPOSE_OWN);
        cbor_put_null(out);
    }
    header.has_grants = wrapped + boxed != 0;
    header.grants = buf_bytes(out);
    header.grant_count = wrapped + boxed;
    return header;
}

static const struct {
    size_t wrapped;
    size_t boxed;
    size_t size;
    enum err rc;
} splits[] = {
    {0, 0, 48, ERR_OK},
    {0, 0, 47, ERR_MALFORMED},
    {0, 0, 0, ERR_MALFORMED},
    {2, 1, 2 * 48 + 80 + 48, ERR_OK},
    {2, 1, 2 * 48 + 80 + 47, ERR_MALFORMED},
    {2, 1, 48 + 20, ERR_MALFORMED},
    {0, ENTRY_GRANTS_MAX, ENTRY_GRANTS_MAX * 80 + 100, ERR_OK},
};

START_TEST(a_body_is_wrapped_keys_and_what_they_seal)
{
    struct buf grants = {0};
    struct header header =
        with_grants(&grants, splits[_i].wrapped, splits[_i].boxed);
    static uint8_t body[ENTRY_GRANTS_MAX * 80 + 100];
    struct change_body split = {.sealed = {NULL, 7}};
    const uint8_t *next = body;

    ck_assert_int_eq(
        change_body_split(&split, &header, bytes_of(body, splits[_i].size)),
        splits[_i].rc);
    if (splits[_i].rc != ERR_OK) {
        ck_assert_uint_eq(split.sealed.size, 7);
    } else {
        for (size_t i = 0; i < header.grant_count; i++) {
            ck_assert_ptr_eq(split.wrapped[i].data, next);
            ck_assert_uint_eq(split.wrapped[i].size,
                i < splits[_i].wrapped ? SEAL_WRAPPED_BYTES : SEAL_BOXED_BYTES);
            next += split.wrapped[i].size;
        }
        ck_assert_ptr_eq(split.sealed.data, next);
        ck_assert_ptr_eq(
            split.sealed.data + split.sealed.size, body + splits[_i].size);
    }
    buf_release(&grants);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("entry");
    TCase *tcase = tcase_create("entry");

    tcase_add_test(tcase, a_leaf_is_four_bytes_and_two_hashes);
    tcase_add_test(tcase, a_leaf_is_the_same_with_and_without_its_body);
    tcase_add_loop_test(
        tcase, entries_travel_with_their_body_or_its_hash, 0, 2);
    tcase_add_test(tcase, any_kind_and_any_cbor_header_can_travel);
    tcase_add_loop_test(tcase, headers_and_bodies_have_limits, 0,
        sizeof(bigs) / sizeof(bigs[0]));
    tcase_add_loop_test(tcase, a_body_is_wrapped_keys_and_what_they_seal, 0,
        sizeof(splits) / sizeof(splits[0]));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
