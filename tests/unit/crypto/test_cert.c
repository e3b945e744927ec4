/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/keys.h"
#include "tests/lib/run.h"

/* Seeds of 32 equal bytes: the office's 1, the node's 2 to 6. */
static struct secret_key
seed_of(uint8_t byte)
{
    struct secret_key seed = {{0}};

    memset(seed.bytes, byte, sizeof(seed.bytes));
    return seed;
}

static struct cert
sample(void)
{
    struct secret_key office = seed_of(1);
    struct node_secrets secrets = {.sign = seed_of(2),
        .noise = seed_of(3),
        .seal = seed_of(4),
        .cosign = seed_of(5),
        .clock = seed_of(6)};
    struct public_key key = {{0}};
    struct cert cert = {.office_name = "Office of Troms\xc3\xb8",
        .node_name = "desk-1",
        .country = "NO",
        .type = "labour_section",
        .time_ms = 1700000000123};

    memset(cert.corridor.bytes, 0xc0, sizeof(cert.corridor.bytes));
    keys_sign_public(&key, &office);
    memcpy(cert.office.bytes, key.bytes, sizeof(key.bytes));
    node_secrets_public(&cert.keys, &secrets);
    return cert;
}

static enum err
encode(struct buf *out, const struct cert *cert)
{
    struct secret_key office = seed_of(1);
    struct secret_key sign = seed_of(2);

    return cert_encode(out, cert, &office, &sign);
}

/*
 * The sample, put together and signed by a program of its own in Python with
 * the package cryptography, from the layout in docs/protocol.md, "Keys".
 */
static const char sample_hex[] =
    "8359013a8d76636f727269646f722f63657274696669636174652f315820c0c0"
    "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c05820"
    "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
    "58208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9"
    "b39458205dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e01"
    "24b3ef225820ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c0193"
    "69617fecf10b58206e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2"
    "e4fbfccd80505bf158208a875fff1eb38451577acd5afee405456568dd7c89e0"
    "90863a0557bc7af49f17714f6666696365206f662054726f6d73c3b866646573"
    "6b2d31624e4f6e6c61626f75725f73656374696f6e1b0000018bcfe5687b5840"
    "1c2ba6c76d4303cce5718ece69f3e5ba15e4ff29227631d4b3e790541d4cdc89"
    "19d037131eeb62dcf32678c6a6c20473f3472d20bc83cbb2d2d453d79bb92700"
    "58401293763ac3653b3a0d23ed784f246c4f540b2e2a251980e3fc2dfe2f49b1"
    "27d438e40f34fc0b761e5d400c1c913bd6ece884fed841aa8a2111f893a63916"
    "2d03";

START_TEST(the_encoding_is_the_known_one)
{
    uint8_t expected[(sizeof(sample_hex) - 1) / 2];
    struct cert cert = sample();
    struct buf buf = {0};

    ck_assert(hex_decode(
        sample_hex, sizeof(sample_hex) - 1, expected, sizeof(expected)));
    ck_assert_int_eq(encode(&buf, &cert), ERR_OK);
    ck_assert_uint_eq(buf.size, sizeof(expected));
    ck_assert_mem_eq(buf.data, expected, sizeof(expected));
    buf_release(&buf);
}
END_TEST

START_TEST(what_was_encoded_decodes_the_same)
{
    struct cert cert = sample();
    struct cert decoded = {0};
    struct buf buf = {0};

    ck_assert_int_eq(encode(&buf, &cert), ERR_OK);
    ck_assert_int_eq(cert_decode(&decoded, buf_bytes(&buf)), ERR_OK);
    ck_assert(corridor_id_equal(&decoded.corridor, &cert.corridor));
    ck_assert(office_id_equal(&decoded.office, &cert.office));
    ck_assert_mem_eq(&decoded.keys, &cert.keys, sizeof(cert.keys));
    ck_assert_str_eq(decoded.office_name, cert.office_name);
    ck_assert_str_eq(decoded.node_name, cert.node_name);
    ck_assert_str_eq(decoded.country, cert.country);
    ck_assert_str_eq(decoded.type, cert.type);
    ck_assert_uint_eq(decoded.time_ms, cert.time_ms);
    buf_release(&buf);
}
END_TEST

/* Decode a copy of exactly that size; a refusal must not touch the output. */
static enum err
decode_copy(struct bytes bytes)
{
    struct cert out;
    struct cert before;
    uint8_t *copy = mem_copy(bytes.data, bytes.size);
    enum err rc = ERR_OK;

    ck_assert_ptr_nonnull(copy);
    memset(&out, 0xee, sizeof(out));
    memset(&before, 0xee, sizeof(before));
    rc = cert_decode(&out, bytes_of(copy, bytes.size));
    if (rc != ERR_OK) {
        ck_assert_mem_eq(&out, &before, sizeof(out));
    }
    mem_free(copy);
    return rc;
}

START_TEST(every_truncation_is_refused)
{
    struct cert cert = sample();
    struct buf buf = {0};

    ck_assert_int_eq(encode(&buf, &cert), ERR_OK);
    for (size_t size = 0; size < buf.size; size++) {
        ck_assert_int_eq(decode_copy(bytes_of(buf.data, size)), ERR_MALFORMED);
    }
    buf_put_u8(&buf, 0);
    ck_assert_int_eq(decode_copy(buf_bytes(&buf)), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
    struct cert cert = sample();
    struct buf buf = {0};

    ck_assert_int_eq(encode(&buf, &cert), ERR_OK);
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_msg(decode_copy(buf_bytes(&buf)) != ERR_OK,
            "flipped bit %zu was accepted", bit);
        buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(decode_copy(buf_bytes(&buf)), ERR_OK);
    buf_release(&buf);
}
END_TEST

/*
 * A certificate as a hostile office could sign it: any texts, any order of
 * signatures, so that only the decoder's own checks stand in its way.
 */
struct forged {
    struct cert cert;
    const char *label;
    struct bytes office_name;
    struct bytes node_name;
    struct bytes country;
    struct bytes type;
    size_t items;
    uint8_t office_seed;
    uint8_t sign_seed;
};

static struct forged
forged_sample(void)
{
    struct forged forged = {.cert = sample(),
        .label = "corridor/certificate/1",
        .office_name = bytes_text("Office"),
        .node_name = bytes_text("node"),
        .country = bytes_text("NO"),
        .type = bytes_text("union"),
        .items = 13,
        .office_seed = 1,
        .sign_seed = 2};

    return forged;
}

/* Text that need not be UTF-8, which cbor_put_text may insist on. */
static void
put_text(struct buf *buf, struct bytes text)
{
    size_t at = buf->size;

    cbor_put_bytes(buf, text);
    ck_assert_int_eq(buf_err(buf), ERR_OK);
    buf->data[at] = (uint8_t)(buf->data[at] ^ 0x40 ^ 0x60);
}

static void
put_body(struct buf *buf, const struct forged *forged)
{
    const struct cert *cert = &forged->cert;
    const uint8_t *parts[] = {cert->corridor.bytes, cert->office.bytes,
        cert->keys.sign.bytes, cert->keys.noise.bytes, cert->keys.seal.bytes,
        cert->keys.cosign.bytes, cert->keys.clock.bytes};

    cbor_put_array(buf, forged->items);
    cbor_put_cstr(buf, forged->label);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        cbor_put_bytes(buf, bytes_of(parts[i], 32));
    }
    put_text(buf, forged->office_name);
    put_text(buf, forged->node_name);
    put_text(buf, forged->country);
    put_text(buf, forged->type);
    cbor_put_uint(buf, cert->time_ms);
    if (forged->items > 13) {
        cbor_put_uint(buf, 1);
    }
}

static enum err
decode_forged(const struct forged *forged)
{
    struct secret_key seeds[2] = {
        seed_of(forged->office_seed), seed_of(forged->sign_seed)};
    struct buf body = {0};
    struct buf buf = {0};
    enum err rc = ERR_OK;

    put_body(&body, forged);
    cbor_put_array(&buf, 3);
    cbor_put_bytes(&buf, buf_bytes(&body));
    for (size_t i = 0; i < 2; i++) {
        struct signature signature = {{0}};

        keys_sign(&signature, &seeds[i], buf_bytes(&body));
        cbor_put_bytes(&buf, bytes_of(signature.bytes, 64));
    }
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    rc = decode_copy(buf_bytes(&buf));
    buf_release(&body);
    buf_release(&buf);
    return rc;
}

START_TEST(wrong_signers_are_refused)
{
    struct forged forged = forged_sample();

    ck_assert_int_eq(decode_forged(&forged), ERR_OK);
    forged.office_seed = 9;
    ck_assert_int_eq(decode_forged(&forged), ERR_BAD_SIGNATURE);
    forged.office_seed = 1;
    forged.sign_seed = 9;
    ck_assert_int_eq(decode_forged(&forged), ERR_BAD_SIGNATURE);
    forged.office_seed = 2;
    forged.sign_seed = 1;
    ck_assert_int_eq(decode_forged(&forged), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(another_version_is_told_from_malformed)
{
    struct forged forged = forged_sample();

    forged.label = "corridor/certificate/2";
    ck_assert_int_eq(decode_forged(&forged), ERR_VERSION);
    forged.items = 14;
    ck_assert_int_eq(decode_forged(&forged), ERR_VERSION);
    forged.label = "corridor/certificate/1";
    ck_assert_int_eq(decode_forged(&forged), ERR_MALFORMED);
    forged.items = 12;
    ck_assert_int_eq(decode_forged(&forged), ERR_MALFORMED);
}
END_TEST

/* Both the encoder and the decoder must say `expected` of a name. */
static void
check_name(struct bytes name, enum err expected)
{
    struct forged forged = forged_sample();
    struct cert cert = sample();
    struct buf buf = {0};
    bool has_nul = name.size != 0 && memchr(name.data, 0, name.size) != NULL;

    forged.office_name = name;
    ck_assert_int_eq(decode_forged(&forged), expected);
    forged = forged_sample();
    forged.node_name = name;
    ck_assert_int_eq(decode_forged(&forged), expected);
    if (name.size >= sizeof(cert.office_name) || has_nul) {
        return;
    }
    memset(cert.office_name, 0, sizeof(cert.office_name));
    memcpy(cert.office_name, name.data, name.size);
    ck_assert_int_eq(encode(&buf, &cert), expected);
    cert = sample();
    memset(cert.node_name, 0, sizeof(cert.node_name));
    memcpy(cert.node_name, name.data, name.size);
    ck_assert_int_eq(encode(&buf, &cert), expected);
    buf_release(&buf);
}

START_TEST(names_have_1_to_128_bytes)
{
    uint8_t name[CERT_NAME_BYTES_MAX + 1];

    memset(name, 'n', sizeof(name));
    check_name(bytes_of(name, 0), ERR_MALFORMED);
    check_name(bytes_of(name, 1), ERR_OK);
    check_name(bytes_of(name, CERT_NAME_BYTES_MAX - 1), ERR_OK);
    check_name(bytes_of(name, CERT_NAME_BYTES_MAX), ERR_OK);
    check_name(bytes_of(name, CERT_NAME_BYTES_MAX + 1), ERR_MALFORMED);
}
END_TEST

START_TEST(a_name_that_has_no_end_is_refused)
{
    struct cert cert = sample();
    struct buf buf = {0};

    memset(cert.node_name, 'n', sizeof(cert.node_name));
    ck_assert_int_eq(encode(&buf, &cert), ERR_MALFORMED);
    ck_assert_uint_eq(buf.size, 0);
}
END_TEST

static const struct {
    const char *name;
    size_t size;
    enum err expected;
} names[] = {
    {"Bureau d'Immigration \xe2\x80\x93 Li\xc3\xa8ge", 29, ERR_OK},
    {"\xd9\x85\xd9\x83\xd8\xaa\xd8\xa8", 8, ERR_OK},           /* Arabic */
    {"\xe0\xa4\xa8\xe0\xa5\x87", 6, ERR_OK},                   /* Devanagari */
    {"a\x1f", 2, ERR_MALFORMED},                               /* last C0 */
    {"a b", 3, ERR_OK},                                        /* space */
    {"a\n", 2, ERR_MALFORMED}, {"\x1b[31m", 5, ERR_MALFORMED}, /* escape */
    {"a\0b", 3, ERR_MALFORMED},                                /* NUL */
    {"a~", 2, ERR_OK},                                         /* before DEL */
    {"a\x7f", 2, ERR_MALFORMED},                               /* DEL */
    {"a\xc2\x80", 3, ERR_MALFORMED},                           /* first C1 */
    {"a\xc2\x9f", 3, ERR_MALFORMED},                           /* last C1 */
    {"a\xc2\xa0", 3, ERR_OK},                                  /* U+00A0 */
    {"a\xe2\x80\xa7", 4, ERR_OK},                              /* U+2027 */
    {"a\xe2\x80\xa8", 4, ERR_MALFORMED},                       /* U+2028 */
    {"a\xe2\x80\xaa", 4, ERR_MALFORMED},                       /* U+202A */
    {"a\xe2\x80\xae", 4, ERR_MALFORMED},                       /* U+202E */
    {"a\xe2\x80\xaf", 4, ERR_OK},                              /* U+202F */
    {"a\xe2\x81\xa5", 4, ERR_OK},                              /* U+2065 */
    {"a\xe2\x81\xa6", 4, ERR_MALFORMED},                       /* U+2066 */
    {"a\xe2\x81\xa9", 4, ERR_MALFORMED},                       /* U+2069 */
    {"a\xe2\x81\xaa", 4, ERR_OK},                              /* U+206A */
    {"\xed\xa0\x80", 3, ERR_MALFORMED},                        /* a surrogate */
    {"\xc0\xaf", 2, ERR_MALFORMED},                            /* overlong */
    {"\xe2\x80", 2, ERR_MALFORMED},                            /* cut */
};

START_TEST(names_are_text_without_control_characters)
{
    check_name(bytes_of(names[_i].name, names[_i].size), names[_i].expected);
}
END_TEST

START_TEST(countries_are_two_capitals_or_none)
{
    static const struct {
        const char *country;
        enum err expected;
    } rows[] = {{"", ERR_OK}, {"AZ", ERR_OK}, {"N", ERR_MALFORMED},
        {"NOR", ERR_MALFORMED}, {"no", ERR_MALFORMED}, {"@A", ERR_MALFORMED},
        {"A[", ERR_MALFORMED}, {"N1", ERR_MALFORMED}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forged forged = forged_sample();
        struct cert cert = sample();
        struct buf buf = {0};

        forged.country = bytes_text(rows[i].country);
        ck_assert_int_eq(decode_forged(&forged), rows[i].expected);
        memset(cert.country, 0, sizeof(cert.country));
        memcpy(cert.country, rows[i].country, forged.country.size);
        ck_assert_int_eq(encode(&buf, &cert), rows[i].expected);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(types_are_code_words_of_at_most_32_bytes)
{
    static const struct {
        const char *type;
        enum err expected;
    } rows[] = {{"", ERR_OK}, {"az_", ERR_OK}, {"A", ERR_MALFORMED},
        {"a1", ERR_MALFORMED}, {"a-b", ERR_MALFORMED}, {"`", ERR_MALFORMED},
        {"{", ERR_MALFORMED}, {"abcdefghijklmnopqrstuvwxyzabcdef", ERR_OK},
        {"abcdefghijklmnopqrstuvwxyzabcdefg", ERR_MALFORMED}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forged forged = forged_sample();
        struct cert cert = sample();
        struct buf buf = {0};

        forged.type = bytes_text(rows[i].type);
        ck_assert_int_eq(decode_forged(&forged), rows[i].expected);
        memset(cert.type, 0, sizeof(cert.type));
        memcpy(cert.type, rows[i].type, forged.type.size);
        ck_assert_int_eq(encode(&buf, &cert), rows[i].expected);
        buf_release(&buf);
    }
}
END_TEST

static uint8_t *
key_of(struct cert *cert, size_t which)
{
    uint8_t *keys[] = {cert->office.bytes, cert->keys.sign.bytes,
        cert->keys.noise.bytes, cert->keys.seal.bytes, cert->keys.cosign.bytes,
        cert->keys.clock.bytes};

    return keys[which];
}

/* Each pair of the six keys, and the one that is left signs as it should. */
START_TEST(two_equal_keys_are_refused)
{
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++) {
            struct forged forged = forged_sample();
            struct buf buf = {0};

            memcpy(key_of(&forged.cert, i), key_of(&forged.cert, j), 32);
            if (i == 1) {
                forged.sign_seed = 1;
            }
            ck_assert_int_eq(decode_forged(&forged), ERR_MALFORMED);
            ck_assert_int_eq(encode(&buf, &forged.cert), ERR_MALFORMED);
            buf_release(&buf);
        }
    }
}
END_TEST

START_TEST(agreement_keys_of_small_order_are_refused)
{
    for (size_t which = 2; which <= 3; which++) {
        struct forged forged = forged_sample();
        struct buf buf = {0};

        memset(key_of(&forged.cert, which), 0, 32);
        ck_assert_int_eq(decode_forged(&forged), ERR_MALFORMED);
        ck_assert_int_eq(encode(&buf, &forged.cert), ERR_MALFORMED);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(seeds_of_other_keys_are_refused)
{
    struct cert cert = sample();
    struct secret_key office = seed_of(1);
    struct secret_key sign = seed_of(2);
    struct buf buf = {0};

    ck_assert_int_eq(cert_encode(&buf, &cert, &sign, &sign), ERR_DENIED);
    ck_assert_int_eq(cert_encode(&buf, &cert, &office, &office), ERR_DENIED);
    ck_assert_uint_eq(buf.size, 0);
}
END_TEST

START_TEST(beyond_the_greatest_size_is_refused)
{
    uint8_t bytes[CERT_BYTES_MAX + 1] = {0x83};

    ck_assert_int_eq(
        decode_copy(bytes_of(bytes, sizeof(bytes))), ERR_MALFORMED);
}
END_TEST

START_TEST(a_failed_allocation_leaves_the_output_as_it_was)
{
    struct cert cert = sample();
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n++) {
        struct buf buf = {0};

        ck_assert_int_lt(n, 100);
        mem_fault_after(n);
        rc = encode(&buf, &cert);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
        ck_assert_int_eq(rc == ERR_OK, buf.size != 0);
        ck_assert(n > 0 || rc == ERR_NOMEM);
        buf_release(&buf);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cert");
    TCase *tcase = tcase_create("cert");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_encoding_is_the_known_one);
    tcase_add_test(tcase, what_was_encoded_decodes_the_same);
    tcase_add_test(tcase, every_truncation_is_refused);
    tcase_add_test(tcase, every_flipped_bit_is_refused);
    tcase_add_test(tcase, wrong_signers_are_refused);
    tcase_add_test(tcase, another_version_is_told_from_malformed);
    tcase_add_test(tcase, names_have_1_to_128_bytes);
    tcase_add_test(tcase, a_name_that_has_no_end_is_refused);
    tcase_add_loop_test(tcase, names_are_text_without_control_characters, 0,
        (int)(sizeof(names) / sizeof(names[0])));
    tcase_add_test(tcase, countries_are_two_capitals_or_none);
    tcase_add_test(tcase, types_are_code_words_of_at_most_32_bytes);
    tcase_add_test(tcase, two_equal_keys_are_refused);
    tcase_add_test(tcase, agreement_keys_of_small_order_are_refused);
    tcase_add_test(tcase, seeds_of_other_keys_are_refused);
    tcase_add_test(tcase, beyond_the_greatest_size_is_refused);
    tcase_add_test(tcase, a_failed_allocation_leaves_the_output_as_it_was);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
