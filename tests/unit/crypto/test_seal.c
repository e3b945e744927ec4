/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known answers were computed by a program of their own in Python:
 * BLAKE2b of hashlib, ChaCha20-Poly1305 of the package cryptography under
 * HChaCha20 written from draft-irtf-cfrg-xchacha-03 and checked with its
 * vector A.3.1.
 */
#include "crypto/seal.h"

#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "tests/lib/run.h"

enum { HEADER = 64, UNSEALED = 40, PADDED = 96, BODY = PADDED + 16 };

/* One change: the inputs of the known answers. */
struct change {
    struct secret_key content;
    struct corridor_id corridor;
    struct node_id node;
    struct seal_place place;
    uint8_t header[HEADER]; /* 40 bytes without a seal, then the seal */
    uint8_t padded[PADDED];
    struct hash r;
    struct seal seal;
    uint8_t body[BODY];
};

static void
change_init(struct change *change)
{
    memset(change, 0, sizeof(*change));
    memset(change->content.bytes, 0x11, 32);
    memset(change->corridor.bytes, 0xc0, 32);
    memset(change->node.bytes, 0xa1, 32);
    change->place = (struct seal_place){.corridor = &change->corridor,
        .node = &change->node,
        .log_kind = 1,
        .position = 70000,
        .kind = 1};
    for (size_t i = 0; i < UNSEALED; i++) {
        change->header[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < PADDED; i++) {
        change->padded[i] = (uint8_t)(7 * i);
    }
}

static void
change_seal(struct change *change)
{
    struct buf buf = {0};

    change_init(change);
    seal_opening(&change->r, &change->content, &change->place,
        bytes_of(change->header, UNSEALED));
    seal_compute(&change->seal, &change->r, &change->place,
        bytes_of(change->padded, PADDED));
    memcpy(change->header + UNSEALED, change->seal.bytes, SEAL_BYTES);
    ck_assert_int_eq(seal_body(&buf, &change->content, &change->place,
                         bytes_of(change->header, HEADER), &change->seal,
                         bytes_of(change->padded, PADDED)),
        ERR_OK);
    ck_assert_uint_eq(buf.size, BODY);
    memcpy(change->body, buf.data, BODY);
    buf_release(&buf);
}

/* Open as the change stands; on refusal nothing may have been appended. */
static enum err
change_open(const struct change *change)
{
    const struct seal_open_options options = {.content = &change->content,
        .place = &change->place,
        .header = bytes_of(change->header, HEADER),
        .header_unsealed = bytes_of(change->header, UNSEALED),
        .seal = &change->seal};
    struct buf buf = {0};
    enum err rc = ERR_OK;

    buf_put_text(&buf, "before");
    rc = seal_body_open(&buf, &options, bytes_of(change->body, BODY));
    if (rc == ERR_OK) {
        ck_assert_uint_eq(buf.size, 6 + PADDED);
        ck_assert_mem_eq(buf.data + 6, change->padded, PADDED);
    } else {
        ck_assert_uint_eq(buf.size, 6);
        ck_assert_int_eq(buf_err(&buf), ERR_OK);
    }
    buf_wipe(&buf);
    return rc;
}

static void
check_hex(const void *bytes, size_t size, const char *hex)
{
    uint8_t expected[128];

    ck_assert_uint_eq(strlen(hex), 2 * size);
    ck_assert(hex_decode(hex, 2 * size, expected, size));
    ck_assert_mem_eq(bytes, expected, size);
}

START_TEST(opening_seal_and_body_are_the_known_ones)
{
    struct change change;
    struct hash commitment = {{0}};

    change_seal(&change);
    seal_commitment(&commitment, &change.content);
    check_hex(commitment.bytes, 32,
        "d4ffaeeac45aa41825e0bc3f875570af061acbf0b950ad752ff0f9463fe13ad5");
    check_hex(change.r.bytes, 32,
        "993188991e0f3763ece879b34d8afa14d42999a8727f64d9b9d1d70609a1681a");
    check_hex(change.seal.bytes, SEAL_BYTES,
        "c50450d642383f6ccf476028ff9b3ce5c17a7b0d518d1453");
    check_hex(change.body, BODY,
        "2b5fafb20cacca104848564257957fbe62be95f8f2c11a1d8e6c721fc9a826de"
        "715e6b39898be3d5301dcff9471d8f11264cbc0d7fa2edd3fae72e84999eaf04"
        "261ce4c15f5d3a8c3e47ff8c586d13a87f68ad03795b0c764eab1033612852bf"
        "66d490f26f555dfcb897f0af063895a1");
}
END_TEST

START_TEST(a_sealed_body_opens)
{
    struct change change;

    change_seal(&change);
    ck_assert_int_eq(change_open(&change), ERR_OK);
}
END_TEST

/* Flip each bit of `size` bytes at `part` of the change in turn. */
static void
check_flips(struct change *change, uint8_t *part, size_t size)
{
    for (size_t bit = 0; bit < 8 * size; bit++) {
        part[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_msg(change_open(change) == ERR_BAD_SIGNATURE,
            "flipped bit %zu was accepted", bit);
        part[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(change_open(change), ERR_OK);
}

START_TEST(every_flipped_bit_is_refused)
{
    struct change change;

    change_seal(&change);
    check_flips(&change, change.body, BODY);
    check_flips(&change, change.header, HEADER);
    check_flips(&change, change.seal.bytes, SEAL_BYTES);
    check_flips(&change, change.content.bytes, 32);
    check_flips(&change, change.corridor.bytes, 32);
    check_flips(&change, change.node.bytes, 32);
}
END_TEST

START_TEST(another_place_is_refused)
{
    struct change change;

    change_seal(&change);
    change.place.position++;
    ck_assert_int_eq(change_open(&change), ERR_BAD_SIGNATURE);
    change.place.position--;
    change.place.log_kind = 0;
    ck_assert_int_eq(change_open(&change), ERR_BAD_SIGNATURE);
    change.place.log_kind = 1;
    change.place.kind = 2;
    ck_assert_int_eq(change_open(&change), ERR_BAD_SIGNATURE);
    change.place.kind = 1;
    ck_assert_int_eq(change_open(&change), ERR_OK);
}
END_TEST

/*
 * A writer that seals one text and encrypts another under that seal: the tag
 * holds, the seal does not.
 */
START_TEST(a_text_that_the_seal_does_not_commit_to_is_refused)
{
    struct change change;
    uint8_t other[PADDED];
    struct buf buf = {0};

    change_seal(&change);
    memcpy(other, change.padded, PADDED);
    other[0] ^= 1;
    ck_assert_int_eq(seal_body(&buf, &change.content, &change.place,
                         bytes_of(change.header, HEADER), &change.seal,
                         bytes_of(other, PADDED)),
        ERR_OK);
    memcpy(change.body, buf.data, BODY);
    ck_assert_int_eq(change_open(&change), ERR_BAD_SIGNATURE);
    buf_release(&buf);
}
END_TEST

/* A header whose seal-less part is not the one the opening was made of. */
START_TEST(another_unsealed_header_is_refused)
{
    struct change change;
    struct buf buf = {0};

    change_seal(&change);
    const struct seal_open_options options = {.content = &change.content,
        .place = &change.place,
        .header = bytes_of(change.header, HEADER),
        .header_unsealed = bytes_of(change.header, UNSEALED - 1),
        .seal = &change.seal};
    ck_assert_int_eq(
        seal_body_open(&buf, &options, bytes_of(change.body, BODY)),
        ERR_BAD_SIGNATURE);
    ck_assert_uint_eq(buf.size, 0);
    buf_release(&buf);
}
END_TEST

START_TEST(every_shorter_body_is_refused)
{
    struct change change;
    struct buf buf = {0};

    change_seal(&change);
    const struct seal_open_options options = {.content = &change.content,
        .place = &change.place,
        .header = bytes_of(change.header, HEADER),
        .header_unsealed = bytes_of(change.header, UNSEALED),
        .seal = &change.seal};
    for (size_t size = 0; size < BODY; size++) {
        uint8_t *copy = mem_copy(change.body, size);

        ck_assert_ptr_nonnull(copy);
        ck_assert_int_eq(seal_body_open(&buf, &options, bytes_of(copy, size)),
            ERR_BAD_SIGNATURE);
        mem_free(copy);
    }
    ck_assert_uint_eq(buf.size, 0);
    buf_release(&buf);
}
END_TEST

/* Seal and open with keys derived once; the same as deriving each time. */
static void
check_sizes(struct change *change, struct bytes header, struct bytes padded)
{
    const struct seal_body_options options = {
        .place = &change->place, .header = header, .seal = &change->seal};
    const struct seal_open_options open_options = {.place = &change->place,
        .header = header,
        .header_unsealed = header,
        .seal = &change->seal};
    struct seal_keys keys = {0};
    struct hash r = {{0}};
    struct buf body = {0};
    struct buf again = {0};
    struct buf text = {0};

    seal_keys_init(&keys, &change->content);
    seal_opening(&change->r, &change->content, &change->place, header);
    seal_opening_with(&r, &keys, &change->place, header);
    ck_assert(hash_equal(&r, &change->r));
    seal_compute(&change->seal, &r, &change->place, padded);
    ck_assert_int_eq(seal_body_with(&body, &keys, &options, padded), ERR_OK);
    ck_assert_int_eq(seal_body(&again, &change->content, &change->place, header,
                         &change->seal, padded),
        ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&body), buf_bytes(&again)));
    ck_assert_int_eq(
        seal_body_open_with(&text, &keys, &open_options, buf_bytes(&body)),
        ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&text), padded));
    buf_release(&body);
    buf_release(&again);
    buf_release(&text);
    seal_keys_wipe(&keys);
    ck_assert(bytes_are_zero(bytes_of(&keys, sizeof(keys))));
}

/* 832 is the longest header whose additional data stays on the stack. */
START_TEST(any_size_of_header_and_text_opens)
{
    static const size_t headers[] = {0, 1, 831, 832, 833, 1024, 70000};
    static const size_t texts[] = {0, 1, 32, 255, 256, 48 * 1024};
    static const uint8_t zeros[70000] = {0};
    struct change change;

    change_init(&change);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            check_sizes(&change, bytes_of(zeros, headers[i]),
                bytes_of(zeros, texts[j]));
        }
    }
}
END_TEST

static enum err
seal_and_open(struct change *change, struct bytes header)
{
    const struct seal_open_options options = {.content = &change->content,
        .place = &change->place,
        .header = header,
        .header_unsealed = header,
        .seal = &change->seal};
    struct bytes padded = bytes_of(change->padded, PADDED);
    struct buf body = {0};
    struct buf text = {0};
    enum err rc = seal_body(
        &body, &change->content, &change->place, header, &change->seal, padded);

    ck_assert_int_eq(rc == ERR_OK, body.size != 0);
    if (rc == ERR_OK) {
        rc = seal_body_open(&text, &options, buf_bytes(&body));
        ck_assert_int_eq(rc == ERR_OK, text.size != 0);
    }
    buf_release(&body);
    buf_wipe(&text);
    return rc;
}

START_TEST(a_failed_allocation_leaves_the_output_as_it_was)
{
    static const uint8_t header[2000] = {0};
    struct bytes view = bytes_of(header, sizeof(header));
    struct change change;
    enum err rc = ERR_NOMEM;
    long n = 0;

    change_init(&change);
    seal_opening(&change.r, &change.content, &change.place, view);
    seal_compute(&change.seal, &change.r, &change.place,
        bytes_of(change.padded, PADDED));
    for (n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = seal_and_open(&change, view);
        ck_assert_int_eq(rc, mem_fault_hit() ? ERR_NOMEM : ERR_OK);
        mem_fault_after(-1);
    }
    /* Additional data and output, twice, and then no fault. */
    ck_assert_int_eq(n, 5);
}
END_TEST

/* Views of sizes that nothing has: they must not be read. */
START_TEST(sizes_beyond_all_limits_are_refused_unread)
{
    struct change change;
    struct buf buf = {0};

    change_init(&change);
    ck_assert_int_eq(seal_body(&buf, &change.content, &change.place,
                         bytes_of(change.header, (size_t)BUF_LIMIT + 1),
                         &change.seal, bytes_of(change.padded, PADDED)),
        ERR_TOO_BIG);
    for (size_t size = SIZE_MAX - 17; size != 0; size++) {
        ck_assert_int_eq(seal_body(&buf, &change.content, &change.place,
                             bytes_of(change.header, HEADER), &change.seal,
                             bytes_of(change.padded, size)),
            ERR_TOO_BIG);
        ck_assert_uint_eq(buf.size, 0);
        buf_clear(&buf);
    }
    buf_release(&buf);
}
END_TEST

static const struct {
    size_t size;
    size_t padded;
} sizes[] = {{0, 32}, {1, 32}, {31, 32}, {32, 32}, {33, 64}, {64, 64}, {65, 96},
    {224, 224}, {225, 256}, {255, 256}, {256, 256}, {257, 272}, {272, 272},
    {273, 288}, {511, 512}, {512, 512}, {513, 544}, {1023, 1024}, {1024, 1024},
    {1025, 1088}, {65535, 65536}, {65536, 65536}, {65537, 67584},
    {67584, 67584}, {67585, 69632}, {48 * 1024, 48 * 1024},
    {48 * 1024 + 1, 50 * 1024}, {SIZE_MAX / 2, SIZE_MAX / 2 + 1}};

START_TEST(sizes_are_padded_as_padme_says)
{
    ck_assert_uint_eq(seal_padded_size(sizes[_i].size), sizes[_i].padded);
}
END_TEST

START_TEST(padding_grows_is_stable_and_wastes_little)
{
    size_t before = 0;

    for (size_t size = 1; size <= 70000; size++) {
        size_t padded = seal_padded_size(size);

        ck_assert_uint_ge(padded, size);
        ck_assert_uint_ge(padded, before);
        ck_assert_uint_eq(seal_padded_size(padded), padded);
        ck_assert(size <= 256 ? padded - size < 32
                              : (padded - size) * 100 < size * 12);
        before = padded;
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("seal");
    TCase *tcase = tcase_create("bodies");

    tcase_add_test(tcase, opening_seal_and_body_are_the_known_ones);
    tcase_add_test(tcase, a_sealed_body_opens);
    tcase_add_test(tcase, every_flipped_bit_is_refused);
    tcase_add_test(tcase, another_place_is_refused);
    tcase_add_test(tcase, a_text_that_the_seal_does_not_commit_to_is_refused);
    tcase_add_test(tcase, another_unsealed_header_is_refused);
    tcase_add_test(tcase, every_shorter_body_is_refused);
    tcase_add_test(tcase, any_size_of_header_and_text_opens);
    tcase_add_test(tcase, a_failed_allocation_leaves_the_output_as_it_was);
    tcase_add_test(tcase, sizes_beyond_all_limits_are_refused_unread);
    tcase_add_loop_test(tcase, sizes_are_padded_as_padme_says, 0,
        (int)(sizeof(sizes) / sizeof(sizes[0])));
    tcase_add_test(tcase, padding_grows_is_stable_and_wastes_little);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
