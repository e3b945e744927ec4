/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published vectors of other patterns, run through the same symmetric
 * state: a small interpreter of patterns takes the place of noise.c.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/keys.h"
#include "crypto/noise_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

/*
 * Tokens of the two messages: e, s; a = ee, b = es, c = se, d = ss; p = psk.
 * `known` tells whose static key is known beforehand, in this order.
 */
static const struct pattern {
    const char *protocol_name;
    const char *known; /* i, r */
    const char *messages[2];
    bool has_psk;
} patterns[] = {
    {"Noise_IK_25519_ChaChaPoly_SHA256", "r", {"ebsd", "eac"}, false},
    {"Noise_KK_25519_ChaChaPoly_SHA256", "ir", {"ebd", "eac"}, false},
    {"Noise_IKpsk1_25519_ChaChaPoly_SHA256", "r", {"ebsdp", "eac"}, true},
    {"Noise_IKpsk2_25519_ChaChaPoly_SHA256", "r", {"ebsd", "eacp"}, true},
    {"Noise_IKpsk0_25519_ChaChaPoly_SHA256", "r", {"pebsd", "eac"}, true},
};

/* A vector: its file, its number there, and its pattern. */
static const struct {
    const char *file;
    size_t index;
    size_t pattern;
} rows[] = {
    {"noise/cacophony.json", 0, 0},
    {"noise/cacophony.json", 1, 1},
    {"noise/cacophony.json", 2, 2},
    {"noise/cacophony.json", 3, 3},
    {"noise/noise-c-basic.json", 0, 1},
    {"noise/noise-c-basic.json", 1, 0},
    {"noise/snow.json", 0, 1},
    {"noise/snow.json", 1, 0},
    {"noise/psk0.json", 0, 4},
};

static void
get_32(const json_t *vector, const char *name, uint8_t out[32])
{
    struct buf buf = {0};

    vectors_hex(vector, name, &buf);
    ck_assert_uint_eq(buf.size, 32);
    memcpy(out, buf.data, 32);
    buf_release(&buf);
}

struct party {
    struct noise_handshake hs;
    struct secret_key psk;
    const struct pattern *pattern;
};

static void
get_psk(const json_t *vector, const char *name, struct secret_key *out)
{
    json_t *psks = json_object_get(vector, name);
    json_t *holder = json_object();

    ck_assert_uint_eq(json_array_size(psks), 1);
    json_object_set(holder, "psk", json_array_get(psks, 0));
    get_32(holder, "psk", out->bytes);
    json_decref(holder);
}

static void
party_init(struct party *party, const struct pattern *pattern,
    const json_t *vector, bool is_dialler)
{
    struct noise_handshake *hs = &party->hs;
    struct buf prologue = {0};
    struct secret_key statics[2];
    struct public_key publics[2];

    *party = (struct party){.pattern = pattern};
    hs->is_dialler = is_dialler;
    get_32(vector, "init_static", statics[0].bytes);
    get_32(vector, "resp_static", statics[1].bytes);
    keys_box_public(&publics[0], &statics[0]);
    keys_box_public(&publics[1], &statics[1]);
    hs->s = statics[is_dialler ? 0 : 1];
    get_32(
        vector, is_dialler ? "init_ephemeral" : "resp_ephemeral", hs->e.bytes);
    if (pattern->has_psk) {
        get_psk(vector, is_dialler ? "init_psks" : "resp_psks", &party->psk);
    }
    vectors_hex(
        vector, is_dialler ? "init_prologue" : "resp_prologue", &prologue);
    noise_start(hs, pattern->protocol_name);
    noise_mix_hash(hs, buf_bytes(&prologue));
    for (const char *who = pattern->known; *who != '\0'; who++) {
        const struct public_key *key = &publics[*who == 'i' ? 0 : 1];

        noise_mix_hash(hs, bytes_of(key->bytes, 32));
        if ((*who == 'r') == is_dialler) {
            hs->rs = *key;
        }
    }
    buf_release(&prologue);
}

/* es and se name the initiator's key first. */
static enum err
mix_agreement(struct noise_handshake *hs, char token)
{
    bool own_is_static = token == 'd' || token == (hs->is_dialler ? 'c' : 'b');
    bool theirs_is_static =
        token == 'd' || token == (hs->is_dialler ? 'b' : 'c');

    return noise_mix_agreement(hs, own_is_static ? &hs->s : &hs->e,
        theirs_is_static ? &hs->rs : &hs->re);
}

static enum err
mix_ephemeral(struct party *party, const struct public_key *e)
{
    noise_mix_hash(&party->hs, bytes_of(e->bytes, 32));
    if (party->pattern->has_psk) {
        noise_mix_key(&party->hs, e->bytes);
    }
    return ERR_OK;
}

static enum err
write_token(struct party *party, char token, struct buf *out)
{
    struct public_key key = {{0}};

    switch (token) {
    case 'e':
        keys_box_public(&key, &party->hs.e);
        buf_put(out, key.bytes, 32);
        return mix_ephemeral(party, &key);
    case 's':
        keys_box_public(&key, &party->hs.s);
        return noise_encrypt_and_hash(&party->hs, bytes_of(key.bytes, 32), out);
    case 'p':
        noise_mix_key_and_hash(&party->hs, &party->psk);
        return ERR_OK;
    default:
        return mix_agreement(&party->hs, token);
    }
}

static enum err
read_token(struct party *party, char token, struct cursor *message)
{
    struct buf opened = {0};
    enum err rc = ERR_OK;

    switch (token) {
    case 'e':
        cursor_copy(message, party->hs.re.bytes, 32);
        return mix_ephemeral(party, &party->hs.re);
    case 's':
        rc = noise_decrypt_and_hash(
            &party->hs, cursor_take(message, 48), &opened);
        ck_assert_uint_eq(opened.size, 32);
        memcpy(party->hs.rs.bytes, opened.data, 32);
        buf_release(&opened);
        return rc;
    case 'p':
        noise_mix_key_and_hash(&party->hs, &party->psk);
        return ERR_OK;
    default:
        return mix_agreement(&party->hs, token);
    }
}

struct exchange {
    struct buf payload;
    struct buf ciphertext;
    struct buf written;
    struct buf read;
};

static void
exchange_init(struct exchange *exchange, const json_t *message)
{
    *exchange = (struct exchange){0};
    vectors_hex(message, "payload", &exchange->payload);
    vectors_hex(message, "ciphertext", &exchange->ciphertext);
}

static void
exchange_end(struct exchange *exchange)
{
    ck_assert(bytes_equal(
        buf_bytes(&exchange->written), buf_bytes(&exchange->ciphertext)));
    ck_assert(
        bytes_equal(buf_bytes(&exchange->read), buf_bytes(&exchange->payload)));
    buf_release(&exchange->payload);
    buf_release(&exchange->ciphertext);
    buf_release(&exchange->written);
    buf_release(&exchange->read);
}

static void
handshake_message(struct party *writer, struct party *reader,
    const char *tokens, const json_t *message)
{
    struct exchange exchange;
    struct cursor cursor;

    exchange_init(&exchange, message);
    for (const char *token = tokens; *token != '\0'; token++) {
        ck_assert_int_eq(
            write_token(writer, *token, &exchange.written), ERR_OK);
    }
    ck_assert_int_eq(noise_encrypt_and_hash(&writer->hs,
                         buf_bytes(&exchange.payload), &exchange.written),
        ERR_OK);
    cursor = cursor_init(buf_bytes(&exchange.written));
    for (const char *token = tokens; *token != '\0'; token++) {
        ck_assert_int_eq(read_token(reader, *token, &cursor), ERR_OK);
    }
    ck_assert_int_eq(
        noise_decrypt_and_hash(&reader->hs,
            cursor_take(&cursor, cursor_left(&cursor)), &exchange.read),
        ERR_OK);
    exchange_end(&exchange);
}

/* After the handshake the turns go on: ciphers[0] is the initiator's. */
static void
transport_messages(const json_t *messages, const struct noise_handshake *hs)
{
    struct noise_cipher sending[2] = {0};
    struct noise_cipher receiving[2] = {0};

    noise_split_keys(hs, &sending[0].key, &sending[1].key);
    memcpy(receiving, sending, sizeof(sending));
    for (size_t i = 2; i < json_array_size(messages); i++) {
        struct exchange exchange;

        exchange_init(&exchange, json_array_get(messages, i));
        ck_assert_int_eq(noise_encrypt(&sending[i % 2],
                             buf_bytes(&exchange.payload), &exchange.written),
            ERR_OK);
        ck_assert_int_eq(noise_decrypt(&receiving[i % 2],
                             buf_bytes(&exchange.written), &exchange.read),
            ERR_OK);
        exchange_end(&exchange);
    }
}

static void
check_hash(const json_t *vector, const struct noise_handshake *hs)
{
    uint8_t expected[32];

    if (json_object_get(vector, "handshake_hash") != NULL) {
        get_32(vector, "handshake_hash", expected);
        ck_assert_mem_eq(hs->h.bytes, expected, 32);
    }
}

START_TEST(every_vector_comes_out_to_the_byte)
{
    const struct pattern *pattern = &patterns[rows[_i].pattern];
    json_t *file = vectors_json(rows[_i].file);
    json_t *vectors = json_object_get(file, "vectors");
    json_t *vector = json_array_get(vectors, rows[_i].index);
    json_t *messages = json_object_get(vector, "messages");
    struct party dialler;
    struct party listener;

    ck_assert_str_eq(
        vectors_text(vector, "protocol_name"), pattern->protocol_name);
    ck_assert_uint_ge(json_array_size(messages), 4);
    party_init(&dialler, pattern, vector, true);
    party_init(&listener, pattern, vector, false);
    handshake_message(
        &dialler, &listener, pattern->messages[0], json_array_get(messages, 0));
    handshake_message(
        &listener, &dialler, pattern->messages[1], json_array_get(messages, 1));
    ck_assert(hash_equal(&dialler.hs.h, &listener.hs.h));
    check_hash(vector, &dialler.hs);
    transport_messages(messages, &listener.hs);
    json_decref(file);
}
END_TEST

/* So that no vector of a file is left out unseen. */
START_TEST(every_vector_of_the_files_is_run)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *file = vectors_json(rows[i].file);
        size_t count = json_array_size(json_object_get(file, "vectors"));
        size_t run = 0;

        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            run += strcmp(rows[j].file, rows[i].file) == 0;
        }
        ck_assert_uint_eq(run, count);
        json_decref(file);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("noise_vectors");
    TCase *tcase = tcase_create("vectors");

    tcase_add_loop_test(tcase, every_vector_comes_out_to_the_byte, 0,
        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, every_vector_of_the_files_is_run);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
