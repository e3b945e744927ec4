/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/link.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/keys.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

/* Two ends of one link, after a handshake with keys that are numbers. */
struct pair {
    struct link dialler;
    struct link listener;
    struct buf bytes; /* on their way */
};

static struct secret_key
secret_of(uint8_t byte)
{
    struct secret_key key;

    memset(key.bytes, byte, sizeof(key.bytes));
    return key;
}

static void
begin(struct noise_handshake *dialler, struct noise_handshake *listener)
{
    struct secret_key psk = secret_of(1);
    struct secret_key statics[2] = {secret_of(2), secret_of(3)};
    struct secret_key ephemerals[2] = {secret_of(4), secret_of(5)};
    struct public_key remote = {{0}};
    struct noise_options options = {.prologue = bytes_text("test"),
        .psk = &psk,
        .local_static = &statics[0],
        .ephemeral = &ephemerals[0],
        .remote_static = &remote};

    keys_box_public(&remote, &statics[1]);
    noise_init_dialler(dialler, &options);
    options.local_static = &statics[1];
    options.ephemeral = &ephemerals[1];
    options.remote_static = NULL;
    noise_init_listener(listener, &options);
}

/* Both handshakes, done. */
static void
shake_hands(struct noise_handshake *dialler, struct noise_handshake *listener)
{
    struct buf message = {0};
    struct buf payload = {0};

    begin(dialler, listener);
    ck_assert_int_eq(noise_write(dialler, bytes_of(NULL, 0), &message), ERR_OK);
    ck_assert_int_eq(
        noise_read(listener, buf_bytes(&message), &payload), ERR_OK);
    buf_clear(&message);
    ck_assert_int_eq(
        noise_write(listener, bytes_of(NULL, 0), &message), ERR_OK);
    ck_assert_int_eq(
        noise_read(dialler, buf_bytes(&message), &payload), ERR_OK);
    buf_release(&message);
    buf_release(&payload);
}

static void
pair_setup(struct pair *pair)
{
    struct noise_handshake hs[2];
    struct hash hashes[2];

    memset(pair, 0, sizeof(*pair));
    link_init(&pair->dialler);
    link_init(&pair->listener);
    shake_hands(&hs[0], &hs[1]);
    ck_assert_int_eq(link_open(&pair->dialler, &hs[0], &hashes[0]), ERR_OK);
    ck_assert_int_eq(link_open(&pair->listener, &hs[1], &hashes[1]), ERR_OK);
    ck_assert(hash_equal(&hashes[0], &hashes[1]));
}

static void
pair_release(struct pair *pair)
{
    link_release(&pair->dialler);
    link_release(&pair->listener);
    buf_release(&pair->bytes);
}

/* A join frame of `size` bytes, all told, to be sent. */
static void
put_frame(struct link *link, size_t size)
{
    uint8_t payload[CERT_BYTES_MAX] = {0};

    ck_assert_uint_le(size - FRAME_HEAD_BYTES, sizeof(payload));
    frame_put(
        &link->frames, FRAME_JOIN, bytes_of(payload, size - FRAME_HEAD_BYTES));
}

static const struct size_row {
    size_t plain;
    bool is_hello;
    bool is_transport;
} size_rows[] = {
    {0, false, false},
    {111, false, false},
    {112, true, false},
    {113, false, false},
    {239, false, false},
    {240, true, true},
    {241, false, false},
    {496, true, true},
    {1008, true, true},
    {2032, true, true},
    {4080, true, true},
    {8176, true, true},
    {16368, true, true},
    {32752, true, true},
    {65518, false, false},
    {65519, false, true},
    {65520, false, false},
};

START_TEST(messages_have_few_sizes)
{
    const struct size_row *row = &size_rows[_i];

    ck_assert_msg(link_is_size(row->plain, true) == row->is_hello &&
                      link_is_size(row->plain, false) == row->is_transport,
        "%zu", row->plain);
}
END_TEST

static const struct choice_row {
    size_t left;
    size_t size;
} choice_rows[] = {
    {1, 240},   /* the least of all, whatever it wastes */
    {238, 240}, /* full */
    {239, 240}, /* 255 of 494 wasted: rather one full and one more */
    {439, 240}, /* 55 wasted, an eighth is 54 */
    {440, 496}, /* 54 wasted, an eighth is 55 */
    {494, 496},
    {29111, 16368}, /* 3639 wasted, an eighth is 3638 */
    {29112, 32752}, /* 3638 wasted, an eighth is 3639 */
    {65517, 65519},
    {65518, 65519},
    {1000000, 65519},
};

START_TEST(the_least_size_that_wastes_little_is_chosen)
{
    const struct choice_row *row = &choice_rows[_i];

    ck_assert_msg(link_size_for(row->left) == row->size, "%zu: %zu", row->left,
        link_size_for(row->left));
}
END_TEST

START_TEST(a_flush_wastes_at_most_an_eighth_and_one_small_message)
{
    for (size_t left = 1; left < 140000; left += 1 + left / 50) {
        size_t sent = 0;
        size_t rest = left;

        while (rest > 0) {
            size_t size = link_size_for(rest);

            ck_assert(link_is_size(size, false));
            sent += size;
            rest -= rest < size - 2 ? rest : size - 2;
        }
        ck_assert_msg(sent <= left + left / 8 + 240 + 2 * 10, "%zu", left);
    }
}
END_TEST

START_TEST(a_hello_is_padded_and_unpadded)
{
    struct buf plain = {0};
    struct bytes data = {0};

    ck_assert_int_eq(link_pad_hello(&plain, bytes_text("data")), ERR_OK);
    ck_assert_uint_eq(plain.size, LINK_HELLO_BYTES_MIN);
    ck_assert_mem_eq(plain.data, "\0\4data\0", 7);
    ck_assert_int_eq(link_unpad(&data, buf_bytes(&plain), true), ERR_OK);
    ck_assert(bytes_equal(data, bytes_text("data")));
    ck_assert_int_eq(
        link_unpad(&data, buf_bytes(&plain), false), ERR_MALFORMED);
    for (size_t i = 6; i < plain.size; i++) {
        plain.data[i] = 1;
        ck_assert_int_eq(
            link_unpad(&data, buf_bytes(&plain), true), ERR_MALFORMED);
        plain.data[i] = 0;
    }
    num_store_u16(plain.data, LINK_HELLO_BYTES_MIN - 2);
    ck_assert_int_eq(link_unpad(&data, buf_bytes(&plain), true), ERR_OK);
    ck_assert_uint_eq(data.size, LINK_HELLO_BYTES_MIN - 2);
    num_store_u16(plain.data, LINK_HELLO_BYTES_MIN - 1);
    ck_assert_int_eq(link_unpad(&data, buf_bytes(&plain), true), ERR_MALFORMED);
    buf_release(&plain);
}
END_TEST

START_TEST(a_hello_has_a_limit)
{
    struct buf plain = {0};
    uint8_t *data = mem_zalloc(1, LINK_HELLO_DATA_MAX + 1);

    ck_assert_int_eq(
        link_pad_hello(&plain, bytes_of(data, LINK_HELLO_DATA_MAX)), ERR_OK);
    ck_assert_uint_eq(plain.size, LINK_HELLO_BYTES_MAX);
    ck_assert_int_eq(
        link_pad_hello(&plain, bytes_of(data, LINK_HELLO_DATA_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_uint_eq(plain.size, LINK_HELLO_BYTES_MAX);
    mem_free(data);
    buf_release(&plain);
}
END_TEST

START_TEST(a_hello_is_taken_from_any_cuts_of_the_stream)
{
    uint8_t message[LINK_HELLO_BYTES_MIN + NOISE_FIRST_OVERHEAD];
    struct buf stream = {0};

    memset(message, 9, sizeof(message));
    link_put_hello(&stream, bytes_of(message, sizeof(message)));
    buf_put_text(&stream, "rest");
    for (size_t cut = 0; cut <= stream.size; cut++) {
        struct link link;
        struct bytes input = bytes_of(stream.data, cut);
        struct bytes out = {0};
        enum err rc = ERR_OK;

        link_init(&link);
        rc = link_take_hello(&link, &input, NOISE_FIRST_OVERHEAD, &out);
        if (cut < 2 + sizeof(message)) {
            ck_assert_int_eq(rc, ERR_NOT_FOUND);
            ck_assert_uint_eq(input.size, 0);
            input = bytes_of(stream.data + cut, stream.size - cut);
            rc = link_take_hello(&link, &input, NOISE_FIRST_OVERHEAD, &out);
        }
        ck_assert_int_eq(rc, ERR_OK);
        ck_assert(bytes_equal(out, bytes_of(message, sizeof(message))));
        ck_assert_ptr_eq(input.data, stream.data + 2 + sizeof(message));
        link_release(&link);
    }
    buf_release(&stream);
}
END_TEST

START_TEST(a_hello_of_another_length_is_refused_at_once)
{
    for (uint32_t length = 0; length <= NOISE_MESSAGE_BYTES_MAX; length++) {
        uint8_t head[2];
        struct bytes input = bytes_of(head, sizeof(head));
        struct bytes out = {0};
        struct link link;
        bool is_right = length >= NOISE_SECOND_OVERHEAD &&
                        link_is_size(length - NOISE_SECOND_OVERHEAD, true);

        link_init(&link);
        num_store_u16(head, (uint16_t)length);
        ck_assert_int_eq(
            link_take_hello(&link, &input, NOISE_SECOND_OVERHEAD, &out),
            is_right ? ERR_NOT_FOUND : ERR_MALFORMED);
        link_release(&link);
    }
}
END_TEST

/* Give `bytes` to the link in pieces of random sizes. */
static void
receive_in_pieces(struct link *link, struct bytes bytes, struct prng *prng)
{
    while (bytes.size > 0) {
        size_t size = 1 + prng_below(prng, bytes.size < 900 ? bytes.size : 900);

        ck_assert_int_eq(
            link_receive(link, bytes_of(bytes.data, size)), ERR_OK);
        bytes = bytes_of(bytes.data + size, bytes.size - size);
    }
}

START_TEST(frames_arrive_as_they_were_sent)
{
    uint64_t seed = prng_seed(1);
    struct prng prng = prng_init(seed);
    struct buf payload = {0};
    struct pair pair;

    pair_setup(&pair);
    for (int round = 0; round < 40; round++) {
        size_t size = prng_below(&prng, 200000);
        struct frame frame = {0};

        buf_clear(&payload);
        prng_fill(&prng, buf_extend(&payload, size), size);
        buf_clear(&pair.bytes);
        frame_put(&pair.dialler.frames, FRAME_PING, bytes_of(NULL, 0));
        frame_put(&pair.dialler.frames, FRAME_ENTRIES, buf_bytes(&payload));
        ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
        receive_in_pieces(&pair.listener, buf_bytes(&pair.bytes), &prng);
        ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_OK);
        ck_assert_uint_eq(frame.type, FRAME_PING);
        ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_OK);
        link_return(&pair.listener, &frame);
        ck_assert_uint_eq(link_held(&pair.listener), 4 + size);
        ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_OK);
        ck_assert_msg(bytes_equal(frame.payload, buf_bytes(&payload)),
            "CORRIDOR_SEED=%#llx", (unsigned long long)seed);
        ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_NOT_FOUND);
        ck_assert_uint_eq(link_held(&pair.listener), 0);
    }
    buf_release(&payload);
    pair_release(&pair);
}
END_TEST

START_TEST(an_empty_flush_sends_nothing)
{
    struct pair pair;

    pair_setup(&pair);
    ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
    ck_assert_uint_eq(pair.bytes.size, 0);
    put_frame(&pair.dialler, 238);
    ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
    ck_assert_uint_eq(pair.bytes.size, 2 + 240 + NOISE_TAG_BYTES);
    ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
    ck_assert_uint_eq(pair.bytes.size, 2 + 240 + NOISE_TAG_BYTES);
    pair_release(&pair);
}
END_TEST

/* Send one small message through the link; whether it came is returned. */
static enum err
pass_one(struct pair *pair, struct noise_cipher *shadow)
{
    struct buf plain = {0};
    enum err rc = ERR_OK;

    buf_clear(&pair->bytes);
    put_frame(&pair->dialler, 20);
    ck_assert_int_eq(link_flush(&pair->dialler, &pair->bytes), ERR_OK);
    rc = noise_decrypt(
        shadow, bytes_of(pair->bytes.data + 2, pair->bytes.size - 2), &plain);
    if (rc == ERR_OK) {
        rc = link_receive(&pair->listener, buf_bytes(&pair->bytes));
    }
    buf_release(&plain);
    return rc;
}

START_TEST(the_key_changes_after_4096_messages)
{
    struct noise_cipher shadow;
    struct pair pair;

    pair_setup(&pair);
    shadow = pair.listener.keys->receive;
    for (int round = 0; round < 3; round++) {
        struct noise_cipher stale;

        for (int i = 0; i < 4096; i++) {
            ck_assert_int_eq(pass_one(&pair, &shadow), ERR_OK);
            while (link_held(&pair.listener) > 0) {
                struct frame frame = {0};

                ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_OK);
            }
        }
        stale = shadow;
        noise_rekey(&shadow);
        ck_assert_mem_eq(&shadow, &pair.listener.keys->receive, sizeof(shadow));
        ck_assert_mem_ne(stale.key.bytes, shadow.key.bytes, 32);
    }
    pair_release(&pair);
}
END_TEST

/* Seal a plaintext as it stands, with the length before it. */
static void
seal_plain(struct pair *pair, struct bytes plain)
{
    buf_clear(&pair->bytes);
    buf_put_u16(&pair->bytes, (uint16_t)(plain.size + NOISE_TAG_BYTES));
    ck_assert_int_eq(
        noise_encrypt(&pair->dialler.keys->send, plain, &pair->bytes), ERR_OK);
}

START_TEST(other_sizes_are_refused)
{
    static const size_t wrong[] = {0, 1, 112, 239, 241, 495, 65518};
    uint8_t plain[LINK_PLAIN_BYTES_MAX] = {0};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct pair pair;

        pair_setup(&pair);
        seal_plain(&pair, bytes_of(plain, wrong[i]));
        ck_assert_int_eq(link_receive(&pair.listener, buf_bytes(&pair.bytes)),
            ERR_MALFORMED);
        pair_release(&pair);
    }
}
END_TEST

START_TEST(padding_that_is_not_zero_is_refused)
{
    uint8_t plain[LINK_PLAIN_BYTES_MIN] = {0, 4, FRAME_PING, 0, 0, 0};

    for (size_t i = 5; i < sizeof(plain); i += 39) {
        struct pair pair;

        pair_setup(&pair);
        plain[i] = i > 5;
        seal_plain(&pair, bytes_of(plain, sizeof(plain)));
        ck_assert_int_eq(link_receive(&pair.listener, buf_bytes(&pair.bytes)),
            i > 5 ? ERR_MALFORMED : ERR_OK);
        plain[i] = 0;
        pair_release(&pair);
    }
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
    for (size_t i = 0; i < 8 * (2 + 240 + NOISE_TAG_BYTES); i++) {
        struct pair pair;
        enum err rc = ERR_OK;

        pair_setup(&pair);
        put_frame(&pair.dialler, 20);
        ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
        pair.bytes.data[i / 8] ^= (uint8_t)(1U << i % 8);
        rc = link_receive(&pair.listener, buf_bytes(&pair.bytes));
        /* A length that grew to another size waits for bytes to come. */
        ck_assert_msg(rc == ERR_BAD_SIGNATURE || rc == ERR_MALFORMED ||
                          (i < 16 && link_held(&pair.listener) == 0),
            "bit %zu", i);
        pair_release(&pair);
    }
}
END_TEST

START_TEST(a_direction_ends_after_its_last_message)
{
    struct pair pair;

    pair_setup(&pair);
    pair.dialler.sent = LINK_MESSAGES_MAX - 1;
    pair.listener.received = LINK_MESSAGES_MAX - 1;
    put_frame(&pair.dialler, 20);
    ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
    ck_assert_int_eq(
        link_receive(&pair.listener, buf_bytes(&pair.bytes)), ERR_OK);
    put_frame(&pair.dialler, 20);
    ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_CLOSED);
    ck_assert_int_eq(
        link_receive(&pair.listener, buf_bytes(&pair.bytes)), ERR_CLOSED);
    pair_release(&pair);
}
END_TEST

START_TEST(what_is_held_has_a_limit)
{
    struct buf payload = {0};
    enum err rc = ERR_OK;
    size_t held = 0;
    struct pair pair;

    pair_setup(&pair);
    memset(buf_extend(&payload, 60000), 0, 60000);
    while (rc == ERR_OK) {
        ck_assert_uint_le(held, LINK_HELD_BYTES_MAX);
        held = link_held(&pair.listener);
        buf_clear(&pair.bytes);
        frame_put(&pair.dialler.frames, FRAME_ENTRIES, buf_bytes(&payload));
        ck_assert_int_eq(link_flush(&pair.dialler, &pair.bytes), ERR_OK);
        rc = link_receive(&pair.listener, buf_bytes(&pair.bytes));
    }
    ck_assert_int_eq(rc, ERR_TOO_BIG);
    ck_assert_uint_gt(held, LINK_HELD_BYTES_MAX - 2 * LINK_PLAIN_BYTES_MAX);
    buf_release(&payload);
    pair_release(&pair);
}
END_TEST

/* Open, send and receive; ERR_NOMEM if an allocation failed. */
static enum err
exchange(struct pair *pair, struct noise_handshake hs[2])
{
    struct hash hash;
    struct bytes bytes = {0};
    enum err rc = link_open(&pair->dialler, &hs[0], &hash);

    if (rc == ERR_OK) {
        rc = link_open(&pair->listener, &hs[1], &hash);
    }
    if (rc == ERR_OK) {
        put_frame(&pair->dialler, 500);
        put_frame(&pair->dialler, 500);
        rc = link_flush(&pair->dialler, &pair->bytes);
    }
    bytes = buf_bytes(&pair->bytes);
    if (rc == ERR_OK) {
        rc = link_receive(&pair->listener, bytes_of(bytes.data, 10));
    }
    if (rc == ERR_OK) {
        rc = link_receive(
            &pair->listener, bytes_of(bytes.data + 10, bytes.size - 10));
    }
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    enum err rc = ERR_NOMEM;
    long n = 0;

    for (; rc != ERR_OK; n++) {
        struct pair pair = {0};
        struct noise_handshake hs[2];
        struct frame frame = {0};

        link_init(&pair.dialler);
        link_init(&pair.listener);
        shake_hands(&hs[0], &hs[1]);
        mem_fault_after(n);
        rc = exchange(&pair, hs);
        ck_assert(rc == ERR_OK || (rc == ERR_NOMEM && mem_fault_hit()));
        mem_fault_after(-1);
        if (rc == ERR_OK) {
            ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_OK);
            ck_assert_int_eq(link_frame(&pair.listener, &frame), ERR_OK);
        }
        noise_wipe(&hs[0]);
        noise_wipe(&hs[1]);
        pair_release(&pair);
    }
    ck_assert_int_gt(n, 5);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link");
    TCase *tcase = tcase_create("link");

    tcase_add_loop_test(tcase, messages_have_few_sizes, 0,
        (int)(sizeof(size_rows) / sizeof(size_rows[0])));
    tcase_add_loop_test(tcase, the_least_size_that_wastes_little_is_chosen, 0,
        (int)(sizeof(choice_rows) / sizeof(choice_rows[0])));
    tcase_add_test(
        tcase, a_flush_wastes_at_most_an_eighth_and_one_small_message);
    tcase_add_test(tcase, a_hello_is_padded_and_unpadded);
    tcase_add_test(tcase, a_hello_has_a_limit);
    tcase_add_test(tcase, a_hello_is_taken_from_any_cuts_of_the_stream);
    tcase_add_test(tcase, a_hello_of_another_length_is_refused_at_once);
    tcase_add_test(tcase, frames_arrive_as_they_were_sent);
    tcase_add_test(tcase, an_empty_flush_sends_nothing);
    tcase_add_test(tcase, the_key_changes_after_4096_messages);
    tcase_add_test(tcase, other_sizes_are_refused);
    tcase_add_test(tcase, padding_that_is_not_zero_is_refused);
    tcase_add_test(tcase, every_flipped_bit_is_noticed);
    tcase_add_test(tcase, a_direction_ends_after_its_last_message);
    tcase_add_test(tcase, what_is_held_has_a_limit);
    tcase_add_test(tcase, every_allocation_may_fail);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
