/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/change.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <zdict.h>

#include "crypto/base/mem.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

enum {
    SAMPLES = 400,
    SAMPLE_BYTES = 120,
    DICTIONARY_BYTES = 2048,
    NUMBER = 7,
    NUMBER_AT = 4 /* in a dictionary, little-endian, behind its magic */
};

/* A dictionary of the sentences below, and a codec with and without it. */
struct fixture {
    uint8_t dictionary[DICTIONARY_BYTES];
    size_t dictionary_size;
    struct codec *with;
    struct codec *without;
};

static struct fixture f;

static void
sentence(char out[SAMPLE_BYTES + 1], struct prng *prng)
{
    static const char *const words[] = {"worker ", "employer ", "wages ",
        "unpaid ", "passport ", "vessel ", "recruiter ", "contract "};

    memset(out, ' ', SAMPLE_BYTES);
    for (size_t at = 0; at + 12 < SAMPLE_BYTES;) {
        const char *word = words[prng_below(prng, 8)];

        memcpy(out + at, word, strlen(word));
        at += strlen(word);
    }
    out[SAMPLE_BYTES] = '\0';
}

static void
train(void)
{
    struct prng prng = prng_init(1);
    char *samples = calloc(SAMPLES, SAMPLE_BYTES + 1);
    size_t sizes[SAMPLES];

    ck_assert_ptr_nonnull(samples);
    for (size_t i = 0; i < SAMPLES; i++) {
        sentence(samples + i * SAMPLE_BYTES, &prng);
        sizes[i] = SAMPLE_BYTES;
    }
    f.dictionary_size = ZDICT_trainFromBuffer(
        f.dictionary, DICTIONARY_BYTES, samples, sizes, SAMPLES);
    ck_assert(!ZDICT_isError(f.dictionary_size));
    memcpy(f.dictionary + NUMBER_AT, "\x07\0\0\0", 4);
    free(samples);
}

static struct bytes
dictionary(void)
{
    return bytes_of(f.dictionary, f.dictionary_size);
}

static void
setup(void)
{
    f = (struct fixture){.dictionary_size = 0};
    train();
    ck_assert_int_eq(codec_new(&f.with, NUMBER, dictionary()), ERR_OK);
    ck_assert_int_eq(codec_new(&f.without, 0, bytes_of(NULL, 0)), ERR_OK);
}

static void
teardown(void)
{
    codec_free(f.with);
    codec_free(f.without);
    codec_free(NULL);
}

/* Pack and unpack; the padded size. */
static size_t
round_trip(struct codec *codec, struct bytes plain)
{
    struct buf padded = {0};
    struct buf back = {0};
    size_t size = 0;

    buf_put_text(&padded, "before");
    ck_assert_int_eq(codec_pack(codec, &padded, plain), ERR_OK);
    size = padded.size - 6;
    ck_assert_uint_eq(seal_padded_size(size), size);
    buf_put_text(&back, "before");
    ck_assert_int_eq(
        codec_unpack(codec, &back, bytes_of(padded.data + 6, size)), ERR_OK);
    ck_assert_uint_eq(back.size, 6 + plain.size);
    if (plain.size != 0) {
        ck_assert_mem_eq(back.data + 6, plain.data, plain.size);
    }
    buf_release(&padded);
    buf_release(&back);
    return size;
}

START_TEST(what_is_packed_comes_back)
{
    struct prng prng = prng_init(prng_seed(51));
    uint8_t *noise = malloc(CHANGE_PLAIN_BYTES_MAX);
    char text[SAMPLE_BYTES + 1];

    ck_assert_ptr_nonnull(noise);
    prng_fill(&prng, noise, CHANGE_PLAIN_BYTES_MAX);
    for (size_t size = 0; size <= CHANGE_PLAIN_BYTES_MAX;
         size += 1 + size / 3) {
        round_trip(f.with, bytes_of(noise, size));
        round_trip(f.without, bytes_of(noise, size));
    }
    for (int i = 0; i < 50; i++) {
        sentence(text, &prng);
        round_trip(f.with, bytes_text(text));
        round_trip(f.without, bytes_text(text));
    }
    round_trip(f.with, bytes_of(noise, CHANGE_PLAIN_BYTES_MAX));
    memset(noise, 'a', CHANGE_PLAIN_BYTES_MAX);
    round_trip(f.with, bytes_of(noise, CHANGE_PLAIN_BYTES_MAX));
    round_trip(f.without, bytes_of(noise, CHANGE_PLAIN_BYTES_MAX));
    free(noise);
}
END_TEST

START_TEST(small_plaintexts_grow_by_one_byte_only)
{
    uint8_t noise[300];
    struct prng prng = prng_init(3);
    struct buf padded = {0};

    prng_fill(&prng, noise, sizeof(noise));
    ck_assert_uint_eq(round_trip(f.with, bytes_of(NULL, 0)), 32);
    ck_assert_uint_eq(round_trip(f.with, bytes_of(noise, 31)), 32);
    ck_assert_uint_eq(round_trip(f.with, bytes_of(noise, 32)), 64);
    ck_assert_uint_eq(round_trip(f.without, bytes_of(noise, 32)), 64);
    ck_assert_uint_eq(round_trip(f.with, bytes_of(noise, 255)), 256);
    /* Flags, a number, a size of two bytes, a raw block's three. */
    ck_assert_uint_eq(round_trip(f.with, bytes_of(noise, 256)),
        seal_padded_size(1 + 1 + 2 + 3 + 256));
    ck_assert_int_eq(codec_pack(f.with, &padded, bytes_of(noise, 20)), ERR_OK);
    ck_assert_uint_eq(padded.data[0], 11);
    ck_assert_mem_eq(padded.data + 1, noise, 20);
    buf_release(&padded);
}
END_TEST

START_TEST(a_dictionary_saves_bytes)
{
    struct prng prng = prng_init(9);
    char text[SAMPLE_BYTES + 1];

    sentence(text, &prng);
    ck_assert_uint_lt(round_trip(f.with, bytes_text(text)),
        round_trip(f.without, bytes_text(text)));
}
END_TEST

START_TEST(a_plaintext_has_a_limit)
{
    struct buf out = {0};
    uint8_t *zeros = calloc(1, CHANGE_PLAIN_BYTES_MAX + 1);

    ck_assert_ptr_nonnull(zeros);
    round_trip(f.with, bytes_of(zeros, CHANGE_PLAIN_BYTES_MAX));
    ck_assert_int_eq(
        codec_pack(f.with, &out, bytes_of(zeros, CHANGE_PLAIN_BYTES_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_uint_eq(out.size, 0);
    free(zeros);
}
END_TEST

/*
 * Frames by hand. 20: a single segment with one byte of content size; 21: and
 * one byte of dictionary number. Then blocks: three bytes little-endian with
 * size << 3 | type << 1 | last, so 09 00 00 is a last raw block of one byte.
 */
static const struct {
    const char *name;
    size_t size;
    const char *start; /* zeros follow up to the size */
    size_t start_size;
    enum err rc;
} frames[] = {
    {"one byte", 32, "\x20\x01\x09\0\0z", 6, ERR_OK},
    {"nothing", 32, "\x20\x00\x01\0\0", 5, ERR_OK},
    {"two blocks", 32, "\x20\x02\x08\0\0z\x09\0\0z", 10, ERR_OK},
    {"a repeated byte", 32, "\x20\x09\x4b\0\0z", 6, ERR_OK},
    {"a content size of two bytes", 32, "\x60\0\0\x03\x08\0z", 7, ERR_OK},
    {"of four", 288 + 65536, "\xa0\0\x01\x01\0", 5, ERR_MALFORMED},
    {"four that two would do for", 32, "\xa0\xff\0\x01\0\x01\0\0", 8,
        ERR_MALFORMED},
    {"of eight", 32, "\xe0\x01\0\0\0\0\0\0\0\x09\0\0z", 13, ERR_MALFORMED},
    {"a window", 32, "\x40\x58\0\0\x09\0\0z", 8, ERR_MALFORMED},
    {"as it is", 32,
        "\x1a"
        "plain",
        6, ERR_OK},
    {"nothing as it is", 32, "\x1f", 1, ERR_OK},
    {"as it is without zeros", 32,
        "\0"
        "0123456789abcdefghijklmnopqrstu",
        32, ERR_OK},
    {"more zeros than there are", 32,
        "\x1b"
        "plain",
        6, ERR_MALFORMED},
    {"zeros that are part of it", 32,
        "\x19"
        "plain",
        6, ERR_OK},
    {"more zeros than fit", 32, "\x20", 1, ERR_MALFORMED},
    {"as many as a step", 64, "\x40", 1, ERR_MALFORMED},
    {"the greatest as it is", 256,
        "\x05"
        "plain",
        6, ERR_OK},
    {"one step beyond", 288,
        "\x05"
        "plain",
        6, ERR_MALFORMED},
    {"no padding as it is", 6,
        "\0"
        "plain",
        6, ERR_MALFORMED},
    {"a checksum", 32, "\x24\x01\x09\0\0z\0\0\0\0", 10, ERR_MALFORMED},
    {"a reserved bit", 32, "\x28\x01\x09\0\0z", 6, ERR_MALFORMED},
    {"the unused bit", 32, "\x30\x01\x09\0\0z", 6, ERR_MALFORMED},
    {"a reserved block", 32, "\x20\x01\x0f\0\0z", 6, ERR_MALFORMED},
    {"no last block", 32, "\x20\x01\x08\0\0z", 6, ERR_MALFORMED},
    {"more content than said", 32, "\x20\x01\x11\0\0zz", 7, ERR_MALFORMED},
    {"less content than said", 32, "\x20\x02\x09\0\0z", 6, ERR_MALFORMED},
    {"a block beyond the end", 32, "\x20\x40\x01\x02\0z", 6, ERR_MALFORMED},
    {"bytes in the padding", 32, "\x20\x01\x09\0\0z\x01", 7, ERR_MALFORMED},
    {"a second frame", 32, "\x20\x01\x09\0\0z\x20\x01\x09\0\0z", 12,
        ERR_MALFORMED},
    {"with its magic", 32, "\x28\xb5\x2f\xfd\x20\x01\x09\0\0z", 10,
        ERR_MALFORMED},
    {"less padding", 31, "\x20\x01\x09\0\0z", 6, ERR_MALFORMED},
    {"none", 6, "\x20\x01\x09\0\0z", 6, ERR_MALFORMED},
    {"more padding", 64, "\x20\x01\x09\0\0z", 6, ERR_MALFORMED},
    {"another dictionary", 32, "\x21\x07\x01\x09\0\0z", 7, ERR_VERSION},
    {"dictionary 0", 32, "\x21\x00\x01\x09\0\0z", 7, ERR_MALFORMED},
    {"a number of two bytes", 32, "\x22\x00\x01\x01\x09\0\0z", 8, ERR_VERSION},
    {"two that one would do for", 32, "\x22\x07\x00\x01\x09\0\0z", 8,
        ERR_MALFORMED},
    {"a number of four bytes", 32, "\x23\0\0\x01\0\x01\x09\0\0z", 10,
        ERR_VERSION},
    {"four that two would do for", 32, "\x23\xff\xff\0\0\x01\x09\0\0z", 10,
        ERR_MALFORMED},
    {"the greatest content", 32, "\xa0\0\0\x04\0\x02\0\x10z\x03\0\x10z", 13,
        ERR_OK},
    {"one byte beyond it", 32, "\xa0\x01\0\x04\0\x01\0\0", 8, ERR_TOO_BIG},
    {"nothing at all", 0, "", 0, ERR_MALFORMED},
};

START_TEST(a_frame_obeys_each_rule)
{
    struct buf padded = {0};
    struct buf out = {0};
    uint8_t *room = NULL;
    uint32_t number = 77;
    enum err rc = ERR_OK;

    buf_put_u8(&out, 1);
    buf_put(&padded, frames[_i].start, frames[_i].start_size);
    room = buf_extend(&padded, frames[_i].size - frames[_i].start_size);
    ck_assert_ptr_nonnull(room);
    memset(room, 0, frames[_i].size - frames[_i].start_size);
    rc = codec_unpack(f.without, &out, buf_bytes(&padded));
    ck_assert_msg(rc == frames[_i].rc, "%s: %d", frames[_i].name, rc);
    ck_assert(rc == ERR_OK || out.size == 1);
    rc = codec_dictionary_id(&number, buf_bytes(&padded));
    ck_assert(rc == ERR_OK || number == 77);
    ck_assert(frames[_i].rc != ERR_VERSION || rc == ERR_OK);
    buf_release(&padded);
    buf_release(&out);
}
END_TEST

START_TEST(a_frame_tells_its_dictionary)
{
    struct prng prng = prng_init(4);
    char text[SAMPLE_BYTES + 1];
    struct buf padded = {0};
    struct buf out = {0};
    uint32_t number = 0;

    sentence(text, &prng);
    ck_assert_int_eq(codec_pack(f.with, &padded, bytes_text(text)), ERR_OK);
    ck_assert_int_eq(codec_dictionary_id(&number, buf_bytes(&padded)), ERR_OK);
    ck_assert_uint_eq(number, NUMBER);
    ck_assert_int_eq(
        codec_unpack(f.without, &out, buf_bytes(&padded)), ERR_VERSION);
    buf_clear(&padded);
    ck_assert_int_eq(codec_pack(f.without, &padded, bytes_text(text)), ERR_OK);
    ck_assert_int_eq(codec_dictionary_id(&number, buf_bytes(&padded)), ERR_OK);
    ck_assert_uint_eq(number, 0);
    ck_assert_int_eq(
        codec_unpack(f.with, &out, buf_bytes(&padded)), ERR_VERSION);
    ck_assert_uint_eq(out.size, 0);
    buf_release(&padded);
    buf_release(&out);
}
END_TEST

START_TEST(a_dictionary_bears_its_number)
{
    struct codec *codec = NULL;

    ck_assert_int_eq(
        codec_new(&codec, NUMBER + 1, dictionary()), ERR_MALFORMED);
    ck_assert_int_eq(codec_new(&codec, 0, dictionary()), ERR_MALFORMED);
    ck_assert_int_eq(
        codec_new(&codec, NUMBER, bytes_of(NULL, 0)), ERR_MALFORMED);
    ck_assert_int_eq(
        codec_new(&codec, NUMBER, bytes_text("no dictionary")), ERR_MALFORMED);
    /* The head is right, what it says is not. */
    memset(f.dictionary + 8, 0xff, 100);
    ck_assert_int_eq(codec_new(&codec, NUMBER, dictionary()), ERR_MALFORMED);
    ck_assert_ptr_null(codec);
}
END_TEST

/* Every mutant is refused, or is within all limits. */
START_TEST(mutants_are_refused_or_bounded)
{
    struct prng prng = prng_init(5);
    char text[SAMPLE_BYTES + 1];
    struct buf padded = {0};
    struct buf out = {0};
    size_t refused = 0;

    sentence(text, &prng);
    ck_assert_int_eq(codec_pack(f.with, &padded, bytes_text(text)), ERR_OK);
    for (size_t size = 0; size < padded.size; size++) {
        ck_assert_int_ne(
            codec_unpack(f.with, &out, bytes_of(padded.data, size)), ERR_OK);
    }
    for (size_t bit = 0; bit < 8 * padded.size; bit++) {
        padded.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        buf_clear(&out);
        refused += codec_unpack(f.with, &out, buf_bytes(&padded)) != ERR_OK;
        ck_assert_uint_le(out.size, CHANGE_PLAIN_BYTES_MAX);
        padded.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_uint_gt(refused, 0);
    buf_clear(&out);
    ck_assert_int_eq(codec_unpack(f.with, &out, buf_bytes(&padded)), ERR_OK);
    ck_assert_mem_eq(out.data, text, SAMPLE_BYTES);
    buf_release(&padded);
    buf_release(&out);
}
END_TEST

/* Open a codec and use it both ways with the nth allocation failing. */
static bool
try_all(long n, struct bytes plain)
{
    struct codec *codec = NULL;
    struct buf padded = {0};
    struct buf back = {0};
    bool hit = false;
    enum err rc = ERR_OK;

    mem_fault_after(n);
    rc = codec_new(&codec, NUMBER, dictionary());
    if (rc == ERR_OK) {
        rc = codec_pack(codec, &padded, plain);
    }
    if (rc == ERR_OK) {
        rc = codec_unpack(codec, &back, buf_bytes(&padded));
    }
    hit = mem_fault_hit();
    mem_fault_after(-1);
    ck_assert_int_eq(rc, hit ? ERR_NOMEM : ERR_OK);
    if (codec != NULL) {
        /* It goes on as if nothing had been. */
        ck_assert_uint_ge(round_trip(codec, plain), 32);
    }
    codec_free(codec);
    buf_release(&padded);
    buf_release(&back);
    return hit;
}

START_TEST(codecs_survive_each_failed_allocation)
{
    uint8_t plain[3000];

    memset(plain, 'x', sizeof(plain));
    for (long n = 0; try_all(n, bytes_of(plain, sizeof(plain))); n++) {
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("codec");
    TCase *tcase = tcase_create("codec");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_packed_comes_back);
    tcase_add_test(tcase, small_plaintexts_grow_by_one_byte_only);
    tcase_add_test(tcase, a_dictionary_saves_bytes);
    tcase_add_test(tcase, a_plaintext_has_a_limit);
    tcase_add_loop_test(
        tcase, a_frame_obeys_each_rule, 0, sizeof(frames) / sizeof(frames[0]));
    tcase_add_test(tcase, a_frame_tells_its_dictionary);
    tcase_add_test(tcase, a_dictionary_bears_its_number);
    tcase_add_test(tcase, mutants_are_refused_or_bounded);
    tcase_add_test(tcase, codecs_survive_each_failed_allocation);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
