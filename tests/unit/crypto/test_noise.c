/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/noise.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/keys.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

/* Two parties with fixed keys, and what each said. */
struct pair {
    struct secret_key psk;
    struct secret_key statics[2]; /* the dialler's, the listener's */
    struct secret_key ephemerals[2];
    struct public_key publics[2];
    struct bytes prologue;
    struct noise_handshake dialler;
    struct noise_handshake listener;
    struct buf first;
    struct buf second;
    struct buf payload;
};

static struct pair pair;

static void
begin_dialler(void)
{
    const struct noise_options options = {.prologue = pair.prologue,
        .psk = &pair.psk,
        .local_static = &pair.statics[0],
        .ephemeral = &pair.ephemerals[0],
        .remote_static = &pair.publics[1]};

    noise_init_dialler(&pair.dialler, &options);
}

static void
begin_listener(void)
{
    const struct noise_options options = {.prologue = pair.prologue,
        .psk = &pair.psk,
        .local_static = &pair.statics[1],
        .ephemeral = &pair.ephemerals[1]};

    noise_init_listener(&pair.listener, &options);
}

static void
setup(void)
{
    memset(&pair, 0, sizeof(pair));
    memset(pair.psk.bytes, 1, 32);
    memset(pair.statics[0].bytes, 2, 32);
    memset(pair.statics[1].bytes, 3, 32);
    memset(pair.ephemerals[0].bytes, 4, 32);
    memset(pair.ephemerals[1].bytes, 5, 32);
    keys_box_public(&pair.publics[0], &pair.statics[0]);
    keys_box_public(&pair.publics[1], &pair.statics[1]);
    pair.prologue = bytes_text("corridor/1");
    begin_dialler();
    begin_listener();
}

static void
teardown(void)
{
    buf_release(&pair.first);
    buf_release(&pair.second);
    buf_release(&pair.payload);
}

static void
run_first(void)
{
    ck_assert_int_eq(
        noise_write(&pair.dialler, bytes_text("hello"), &pair.first), ERR_OK);
}

static void
run_both(void)
{
    run_first();
    ck_assert_int_eq(
        noise_read(&pair.listener, buf_bytes(&pair.first), &pair.payload),
        ERR_OK);
    ck_assert_int_eq(
        noise_write(&pair.listener, bytes_text("and you"), &pair.second),
        ERR_OK);
}

START_TEST(two_parties_agree_and_know_each_other)
{
    struct noise_cipher ciphers[4];
    struct hash hashes[2];

    run_both();
    ck_assert(bytes_equal(buf_bytes(&pair.payload), bytes_text("hello")));
    ck_assert_uint_eq(pair.first.size, 5 + NOISE_FIRST_OVERHEAD);
    ck_assert_uint_eq(pair.second.size, 7 + NOISE_SECOND_OVERHEAD);
    ck_assert_mem_eq(pair.listener.rs.bytes, pair.publics[0].bytes, 32);
    buf_clear(&pair.payload);
    ck_assert_int_eq(
        noise_read(&pair.dialler, buf_bytes(&pair.second), &pair.payload),
        ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&pair.payload), bytes_text("and you")));
    noise_split(&pair.dialler, &ciphers[0], &ciphers[1], &hashes[0]);
    noise_split(&pair.listener, &ciphers[2], &ciphers[3], &hashes[1]);
    ck_assert_mem_eq(ciphers[0].key.bytes, ciphers[3].key.bytes, 32);
    ck_assert_mem_eq(ciphers[1].key.bytes, ciphers[2].key.bytes, 32);
    ck_assert_mem_ne(ciphers[0].key.bytes, ciphers[1].key.bytes, 32);
    ck_assert(hash_equal(&hashes[0], &hashes[1]));
    ck_assert(bytes_are_zero(bytes_of(&pair.dialler, sizeof(pair.dialler))));
    ck_assert(bytes_are_zero(bytes_of(&pair.listener, sizeof(pair.listener))));
}
END_TEST

/* The state after a failure holds nothing, and the output is as it was. */
static void
check_failed(const struct noise_handshake *hs, size_t size)
{
    ck_assert_uint_eq(pair.payload.size, size);
    ck_assert_uint_eq(hs->step, 3);
    ck_assert(bytes_are_zero(bytes_of(hs->ck.bytes, 32)));
    ck_assert(bytes_are_zero(bytes_of(hs->k.bytes, 32)));
    ck_assert(bytes_are_zero(bytes_of(hs->s.bytes, 32)));
    ck_assert(bytes_are_zero(bytes_of(hs->e.bytes, 32)));
}

/* Feed a copy of exactly that size to a new listener or dialler. */
static enum err
read_again(bool is_dialler, struct bytes message)
{
    struct noise_handshake hs = pair.dialler;
    uint8_t *copy = mem_copy(message.data, message.size);
    size_t before = pair.payload.size;
    enum err rc = ERR_OK;

    ck_assert_ptr_nonnull(copy);
    if (!is_dialler) {
        begin_listener();
        hs = pair.listener;
    }
    rc = noise_read(&hs, bytes_of(copy, message.size), &pair.payload);
    if (rc != ERR_OK) {
        check_failed(&hs, before);
    } else {
        buf_truncate(&pair.payload, before);
    }
    mem_free(copy);
    return rc;
}

static void
check_mutants(bool is_dialler, struct buf *message, size_t overhead)
{
    for (size_t size = 0; size < message->size; size++) {
        ck_assert_int_eq(read_again(is_dialler, bytes_of(message->data, size)),
            size < overhead ? ERR_MALFORMED : ERR_BAD_SIGNATURE);
    }
    for (size_t bit = 0; bit < 8 * message->size; bit++) {
        message->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            read_again(is_dialler, buf_bytes(message)), ERR_BAD_SIGNATURE);
        message->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(read_again(is_dialler, buf_bytes(message)), ERR_OK);
}

START_TEST(every_mutant_of_the_first_message_is_refused)
{
    run_first();
    check_mutants(false, &pair.first, NOISE_FIRST_OVERHEAD);
}
END_TEST

START_TEST(every_mutant_of_the_second_message_is_refused)
{
    run_both();
    check_mutants(true, &pair.second, NOISE_SECOND_OVERHEAD);
}
END_TEST

START_TEST(another_psk_prologue_or_listener_is_refused)
{
    run_first();
    pair.psk.bytes[31] ^= 1;
    ck_assert_int_eq(
        read_again(false, buf_bytes(&pair.first)), ERR_BAD_SIGNATURE);
    pair.psk.bytes[31] ^= 1;
    pair.prologue = bytes_text("corridor/2");
    ck_assert_int_eq(
        read_again(false, buf_bytes(&pair.first)), ERR_BAD_SIGNATURE);
    pair.prologue = bytes_text("corridor/1");
    pair.statics[1].bytes[8] ^= 1;
    ck_assert_int_eq(
        read_again(false, buf_bytes(&pair.first)), ERR_BAD_SIGNATURE);
    pair.statics[1].bytes[8] ^= 1;
    ck_assert_int_eq(read_again(false, buf_bytes(&pair.first)), ERR_OK);
}
END_TEST

/* Any point of small order agrees on zero with everybody. */
START_TEST(an_agreement_on_zero_is_refused)
{
    uint8_t message[NOISE_FIRST_OVERHEAD] = {0};

    ck_assert_int_eq(read_again(false, bytes_of(message, sizeof(message))),
        ERR_BAD_SIGNATURE);
    memset(pair.publics[1].bytes, 0, 32);
    begin_dialler();
    ck_assert_int_eq(
        noise_write(&pair.dialler, bytes_text("hello"), &pair.first),
        ERR_BAD_SIGNATURE);
    ck_assert_uint_eq(pair.first.size, 0);
    check_failed(&pair.dialler, 0);
}
END_TEST

static const int limit_offsets[] = {-1, 0, 1};

START_TEST(handshake_messages_have_65535_bytes_at_the_most)
{
    static const uint8_t payload[NOISE_MESSAGE_BYTES_MAX] = {0};
    size_t most = NOISE_MESSAGE_BYTES_MAX - NOISE_FIRST_OVERHEAD;
    size_t size = most + (size_t)limit_offsets[_i];
    enum err expected = size > most ? ERR_TOO_BIG : ERR_OK;

    ck_assert_int_eq(
        noise_write(&pair.dialler, bytes_of(payload, size), &pair.first),
        expected);
    ck_assert_uint_eq(
        pair.first.size, expected == ERR_OK ? size + NOISE_FIRST_OVERHEAD : 0);
    if (expected != ERR_OK) {
        buf_clear(&pair.first);
        ck_assert_ptr_nonnull(
            buf_extend(&pair.first, NOISE_MESSAGE_BYTES_MAX + 1));
        memset(pair.first.data, 0, pair.first.size);
    }
    ck_assert_int_eq(read_again(false, buf_bytes(&pair.first)), expected);
    begin_listener();
    pair.listener.step = 1;
    most = NOISE_MESSAGE_BYTES_MAX - NOISE_SECOND_OVERHEAD;
    pair.listener.re = pair.publics[0];
    pair.listener.rs = pair.publics[0];
    size = most + (size_t)limit_offsets[_i];
    ck_assert_int_eq(
        noise_write(&pair.listener, bytes_of(payload, size), &pair.second),
        expected);
}
END_TEST

START_TEST(a_failed_allocation_fails_the_handshake_cleanly)
{
    enum err rc = ERR_NOMEM;
    long n = 0;

    for (n = 0; rc != ERR_OK; n++) {
        teardown();
        setup();
        mem_fault_after(n);
        rc = noise_write(&pair.dialler, bytes_text("hello"), &pair.first);
        if (rc == ERR_OK) {
            rc = noise_read(
                &pair.listener, buf_bytes(&pair.first), &pair.payload);
        } else {
            ck_assert_uint_eq(pair.first.size, 0);
        }
        ck_assert_int_eq(rc, mem_fault_hit() ? ERR_NOMEM : ERR_OK);
        ck_assert_int_eq(rc == ERR_OK, pair.payload.size == 5);
        mem_fault_after(-1);
    }
    ck_assert_int_ge(n, 3);
}
END_TEST

START_TEST(using_a_failed_handshake_is_asserted)
{
    buf_put_u8(&pair.first, 0);
    err_ignore(
        noise_read(&pair.listener, buf_bytes(&pair.first), &pair.payload));
    err_ignore(
        noise_read(&pair.listener, buf_bytes(&pair.first), &pair.payload));
}
END_TEST

START_TEST(splitting_too_early_is_asserted)
{
    struct noise_cipher ciphers[2];

    run_first();
    noise_split(&pair.dialler, &ciphers[0], &ciphers[1], NULL);
}
END_TEST

static void
vector_32(const json_t *vector, const char *name, void *out)
{
    struct buf buf = {0};

    vectors_hex(vector, name, &buf);
    ck_assert_uint_eq(buf.size, 32);
    memcpy(out, buf.data, 32);
    buf_release(&buf);
}

static void
vector_keys(json_t *vector, struct buf *prologue)
{
    json_t *psks = json_object_get(vector, "init_psks");

    json_object_set(vector, "psk", json_array_get(psks, 0));
    vector_32(vector, "psk", pair.psk.bytes);
    vector_32(vector, "init_static", pair.statics[0].bytes);
    vector_32(vector, "resp_static", pair.statics[1].bytes);
    vector_32(vector, "init_ephemeral", pair.ephemerals[0].bytes);
    vector_32(vector, "resp_ephemeral", pair.ephemerals[1].bytes);
    vector_32(vector, "init_remote_static", pair.publics[1].bytes);
    vectors_hex(vector, "init_prologue", prologue);
    pair.prologue = buf_bytes(prologue);
}

struct vector_message {
    struct buf payload;
    struct buf ciphertext;
    struct buf written;
    struct buf read;
};

static struct vector_message
vector_message(json_t *vector, size_t index)
{
    struct vector_message out = {{0}, {0}, {0}, {0}};
    json_t *messages = json_object_get(vector, "messages");

    vectors_hex(json_array_get(messages, index), "payload", &out.payload);
    vectors_hex(json_array_get(messages, index), "ciphertext", &out.ciphertext);
    return out;
}

static void
vector_check(struct vector_message *m)
{
    ck_assert(bytes_equal(buf_bytes(&m->written), buf_bytes(&m->ciphertext)));
    ck_assert(bytes_equal(buf_bytes(&m->read), buf_bytes(&m->payload)));
    buf_release(&m->payload);
    buf_release(&m->ciphertext);
    buf_release(&m->written);
    buf_release(&m->read);
}

static void
vector_handshake(json_t *vector)
{
    struct noise_handshake *parties[2] = {&pair.dialler, &pair.listener};

    begin_dialler();
    begin_listener();
    for (size_t i = 0; i < 2; i++) {
        struct vector_message m = vector_message(vector, i);

        ck_assert_int_eq(
            noise_write(parties[i], buf_bytes(&m.payload), &m.written), ERR_OK);
        ck_assert_int_eq(
            noise_read(parties[1 - i], buf_bytes(&m.written), &m.read), ERR_OK);
        vector_check(&m);
    }
}

START_TEST(the_vector_of_this_pattern_comes_out_to_the_byte)
{
    json_t *file = vectors_json("noise/psk0.json");
    json_t *vector = json_array_get(json_object_get(file, "vectors"), 0);
    size_t count = json_array_size(json_object_get(vector, "messages"));
    struct noise_cipher send[2];
    struct noise_cipher receive[2];
    struct hash hashes[2];
    uint8_t expected[32];
    struct buf prologue = {0};

    vector_keys(vector, &prologue);
    vector_handshake(vector);
    noise_split(&pair.dialler, &send[0], &receive[0], &hashes[0]);
    noise_split(&pair.listener, &send[1], &receive[1], &hashes[1]);
    vector_32(vector, "handshake_hash", expected);
    ck_assert_mem_eq(hashes[0].bytes, expected, 32);
    ck_assert_mem_eq(hashes[1].bytes, expected, 32);
    ck_assert_uint_eq(count, 7);
    for (size_t i = 2; i < count; i++) {
        struct vector_message m = vector_message(vector, i);

        ck_assert_int_eq(
            noise_encrypt(&send[i % 2], buf_bytes(&m.payload), &m.written),
            ERR_OK);
        ck_assert_int_eq(
            noise_decrypt(&receive[1 - i % 2], buf_bytes(&m.written), &m.read),
            ERR_OK);
        vector_check(&m);
    }
    buf_release(&prologue);
    json_decref(file);
}
END_TEST

static TCase *
handshakes(void)
{
    TCase *tcase = tcase_create("handshakes");
    const char *fork = getenv("CK_FORK");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, two_parties_agree_and_know_each_other);
    tcase_add_test(tcase, every_mutant_of_the_first_message_is_refused);
    tcase_add_test(tcase, every_mutant_of_the_second_message_is_refused);
    tcase_add_test(tcase, another_psk_prologue_or_listener_is_refused);
    tcase_add_test(tcase, an_agreement_on_zero_is_refused);
    tcase_add_loop_test(
        tcase, handshake_messages_have_65535_bytes_at_the_most, 0, 3);
    tcase_add_test(tcase, a_failed_allocation_fails_the_handshake_cleanly);
    tcase_add_test(tcase, the_vector_of_this_pattern_comes_out_to_the_byte);
    /* A signal can be expected only of a process of its own. */
    if (fork == NULL || strcmp(fork, "no") != 0) {
        tcase_add_test_raise_signal(
            tcase, using_a_failed_handshake_is_asserted, SIGABRT);
        tcase_add_test_raise_signal(
            tcase, splitting_too_early_is_asserted, SIGABRT);
    }
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("noise");

    suite_add_tcase(suite, handshakes());
    return run_suite(suite);
}
