/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/cbor.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/recode.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

enum { APPENDIX_COUNT = 82, APPENDIX_IN_PROFILE = 37 };

/* Hexadecimal to bytes, for the tables below. */
static struct bytes
from_hex(const char *text, struct buf *out)
{
    size_t size = strlen(text) / 2;
    uint8_t *room = NULL;

    buf_clear(out);
    room = buf_extend(out, size);
    ck_assert_ptr_nonnull(room);
    ck_assert(hex_decode(text, strlen(text), room, size));
    return buf_bytes(out);
}

/*
 * Of the appendix only tags, floats, undefined and simple values lie outside
 * the profile, and always at the front; and what its authors marked as not
 * round-tripping.
 */
static bool
is_in_profile(const json_t *vector, struct bytes bytes)
{
    uint8_t first = bytes.data[0];
    bool is_literal = first == 0xf4 || first == 0xf5 || first == 0xf6;

    return json_is_true(json_object_get(vector, "roundtrip")) &&
           (first >> 5 < 6 || is_literal);
}

START_TEST(appendix_a_is_accepted_exactly_within_the_profile)
{
    json_t *vectors = vectors_json("cbor/appendix_a.json");
    struct buf buf = {0};
    size_t accepted = 0;

    ck_assert_uint_eq(json_array_size(vectors), APPENDIX_COUNT);
    for (size_t i = 0; i < APPENDIX_COUNT; i++) {
        const json_t *vector = json_array_get(vectors, i);
        bool in_profile = false;

        buf_clear(&buf);
        vectors_hex(vector, "hex", &buf);
        in_profile = is_in_profile(vector, buf_bytes(&buf));
        ck_assert_msg(recode_is_same(buf_bytes(&buf)) == in_profile, "%s",
            vectors_text(vector, "hex"));
        ck_assert(cbor_valid(buf_bytes(&buf)) == in_profile);
        accepted += in_profile;
    }
    ck_assert_uint_eq(accepted, APPENDIX_IN_PROFILE);
    buf_release(&buf);
    json_decref(vectors);
}
END_TEST

/* Compare a scalar with what the appendix says it means. */
static void
check_scalar(struct bytes bytes, const json_t *expected)
{
    struct cursor cursor = cursor_init(bytes);
    struct bytes text;

    switch (cbor_peek(&cursor)) {
    case CBOR_UINT:
        ck_assert_double_eq(
            (double)cbor_get_uint(&cursor), json_real_value(expected));
        break;
    case CBOR_NINT:
        ck_assert_double_eq(
            (double)cbor_get_int(&cursor), json_real_value(expected));
        break;
    case CBOR_TEXT:
        text = cbor_get_text(&cursor);
        ck_assert(bytes_equal(text, bytes_text(json_string_value(expected))));
        break;
    case CBOR_FALSE:
    case CBOR_TRUE:
        ck_assert(cbor_get_bool(&cursor) == json_is_true(expected));
        break;
    case CBOR_NULL:
        ck_assert(json_is_null(expected));
        ck_assert(cbor_take_null(&cursor));
        break;
    case CBOR_BYTES:
    case CBOR_ARRAY:
    case CBOR_MAP:
    case CBOR_INVALID:
        return;
    }
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
}

START_TEST(appendix_a_scalars_mean_what_it_says)
{
    json_t *vectors = vectors_json("cbor/appendix_a.json");
    struct buf buf = {0};

    for (size_t i = 0; i < APPENDIX_COUNT; i++) {
        const json_t *vector = json_array_get(vectors, i);
        const json_t *decoded = json_object_get(vector, "decoded");

        buf_clear(&buf);
        vectors_hex(vector, "hex", &buf);
        /* -18446744073709551616 is valid, and beyond int64. */
        if (decoded != NULL && cbor_valid(buf_bytes(&buf)) &&
            json_number_value(decoded) > -1e18) {
            check_scalar(buf_bytes(&buf), decoded);
        }
    }
    buf_release(&buf);
    json_decref(vectors);
}
END_TEST

static const struct {
    const char *what;
    const char *hex;
} refused[] = {
    {"nothing", ""},
    {"two items", "0101"},
    {"17 hidden in one byte more", "1817"},
    {"0xff in two bytes", "1900ff"},
    {"0xffff in four bytes", "1a0000ffff"},
    {"0xffffffff in eight bytes", "1b00000000ffffffff"},
    {"a long head of a negative number", "3817"},
    {"a long head of bytes", "580100"},
    {"a long head of text", "780161"},
    {"a long head of an array", "980100"},
    {"a long head of a map", "b8010000"},
    {"reserved information 28", "1c"},
    {"reserved information 29", "3d"},
    {"reserved information 30", "5e"},
    {"indefinite number", "1f"},
    {"indefinite bytes", "5fff"},
    {"indefinite text", "7fff"},
    {"indefinite array", "9fff"},
    {"indefinite map", "bfff"},
    {"break alone", "ff"},
    {"break in an array", "81ff"},
    {"a tag", "c100"},
    {"a tag in an array", "81c100"},
    {"a half float", "f90000"},
    {"undefined", "f7"},
    {"undefined in a map", "a100f7"},
    {"false in two bytes", "f814"},
    {"a simple value", "e0"},
    {"head cut off", "19"},
    {"head cut within", "1901"},
    {"bytes cut off", "4200"},
    {"text cut off", "6261"},
    {"array cut off", "8201"},
    {"map cut off after a key", "a101"},
    {"map with one item of four", "a201"},
    {"the greatest array", "9bffffffffffffffff"},
    {"the greatest map", "bbffffffffffffffff"},
    {"a map whose item count overflows", "bb8000000000000000"},
    {"the greatest bytes", "5bffffffffffffffff"},
    {"text of half a character", "61c3"},
    {"text with a surrogate", "63eda080"},
    {"text that is overlong", "62c080"},
    {"bad text in a key", "a161ff00"},
    {"keys in the wrong order", "a202000100"},
    {"keys twice", "a201000100"},
    {"text keys by content alone", "a2626161006162f6"},
    {"a text key before a number", "a26161000100"},
    {"wrong order in an inner map", "a101a202000100"},
    {"wrong order after an inner map", "a202a1010001f6"},
    {"keys twice that are arrays", "a2810100810100"},
    {"the third key is the first again", "a3010002000100"},
};

START_TEST(what_breaks_a_rule_is_refused)
{
    struct buf buf = {0};
    struct bytes bytes = from_hex(refused[_i].hex, &buf);
    struct cursor cursor = cursor_init(bytes);

    ck_assert_msg(!cbor_valid(bytes), "%s", refused[_i].what);
    cbor_skip(&cursor);
    ck_assert_int_eq(cursor_end(&cursor), ERR_MALFORMED);
    buf_release(&buf);
}
END_TEST

static const struct {
    const char *what;
    const char *hex;
} accepted[] = {
    {"the greatest number", "1bffffffffffffffff"},
    {"the least number", "3bffffffffffffffff"},
    {"an empty array within an array", "8180"},
    {"empty map, then a number", "82a001"},
    {"number keys in order", "a300f61818f6190100f6"},
    {"shorter text keys first", "a2616200626161f6"},
    {"keys of all types in order", "a6010020014001600280038101f6"},
    {"an array as a key", "a18101a10102"},
    {"keys start afresh in each map", "a201a1050002a10100"},
};

START_TEST(what_obeys_the_rules_round_trips)
{
    struct buf buf = {0};

    ck_assert_msg(recode_is_same(from_hex(accepted[_i].hex, &buf)), "%s",
        accepted[_i].what);
    buf_release(&buf);
}
END_TEST

/* `depth` arrays, or maps with one key, within each other. */
static void
put_nested(struct buf *buf, size_t depth, bool maps, bool empty)
{
    for (size_t i = 1; i < depth; i++) {
        if (maps) {
            cbor_put_map(buf, 1);
            cbor_put_uint(buf, 0);
        } else {
            cbor_put_array(buf, 1);
        }
    }
    cbor_put_array(buf, empty ? 0 : 1);
    if (!empty) {
        cbor_put_uint(buf, 0);
    }
}

START_TEST(depth_may_be_16_and_not_17)
{
    struct buf buf = {0};

    for (size_t depth = CBOR_DEPTH_MAX - 1; depth <= CBOR_DEPTH_MAX + 1;
         depth++) {
        bool fits = depth <= CBOR_DEPTH_MAX;

        for (int shape = 0; shape < 4; shape++) {
            buf_clear(&buf);
            put_nested(&buf, depth, shape % 2 == 1, shape / 2 == 1);
            ck_assert(cbor_valid(buf_bytes(&buf)) == fits);
        }
    }
    buf_release(&buf);
}
END_TEST

START_TEST(deep_input_is_refused_without_recursion)
{
    struct buf buf = {0};
    uint8_t *room = buf_extend(&buf, 1000000);

    ck_assert_ptr_nonnull(room);
    memset(room, 0x81, 1000000);
    ck_assert(!cbor_valid(buf_bytes(&buf)));
    buf_release(&buf);
}
END_TEST

static const struct {
    uint64_t value;
    const char *hex;
} heads[] = {
    {0, "00"},
    {23, "17"},
    {24, "1818"},
    {255, "18ff"},
    {256, "190100"},
    {65535, "19ffff"},
    {65536, "1a00010000"},
    {UINT32_MAX, "1affffffff"},
    {(uint64_t)UINT32_MAX + 1, "1b0000000100000000"},
    {UINT64_MAX, "1bffffffffffffffff"},
};

START_TEST(a_head_is_as_short_as_its_number_allows)
{
    struct buf expected = {0};
    struct buf buf = {0};
    struct cursor cursor;

    cbor_put_uint(&buf, heads[_i].value);
    from_hex(heads[_i].hex, &expected);
    ck_assert(bytes_equal(buf_bytes(&buf), buf_bytes(&expected)));
    cursor = cursor_init(buf_bytes(&buf));
    ck_assert_uint_eq(cbor_get_uint(&cursor), heads[_i].value);
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    buf_release(&buf);
    buf_release(&expected);
}
END_TEST

static const struct {
    const char *hex;
    bool fits;
    int64_t value;
} integers[] = {
    {"00", true, 0},
    {"20", true, -1},
    {"1b7fffffffffffffff", true, INT64_MAX},
    {"1b8000000000000000", false, 0},
    {"3b7fffffffffffffff", true, INT64_MIN},
    {"3b8000000000000000", false, 0},
    {"3bffffffffffffffff", false, 0},
};

START_TEST(signed_numbers_fit_int64_or_fail)
{
    struct buf buf = {0};
    struct buf again = {0};
    struct cursor cursor = cursor_init(from_hex(integers[_i].hex, &buf));

    ck_assert_int_eq(cbor_get_int(&cursor), integers[_i].value);
    ck_assert(cursor.failed == !integers[_i].fits);
    if (integers[_i].fits) {
        cbor_put_int(&again, integers[_i].value);
        ck_assert(bytes_equal(buf_bytes(&again), buf_bytes(&buf)));
    }
    buf_release(&again);
    buf_release(&buf);
}
END_TEST

static void
get_uint(struct cursor *cursor)
{
    ck_assert(cbor_get_uint(cursor) == 0 || !cursor->failed);
}

static void
get_int(struct cursor *cursor)
{
    ck_assert(cbor_get_int(cursor) == 0 || !cursor->failed);
}

static void
get_bool(struct cursor *cursor)
{
    ck_assert(!cbor_get_bool(cursor) || !cursor->failed);
}

static void
get_bytes(struct cursor *cursor)
{
    ck_assert(cbor_get_bytes(cursor).size == 0 || !cursor->failed);
}

static void
get_text(struct cursor *cursor)
{
    ck_assert(cbor_get_text(cursor).size == 0 || !cursor->failed);
}

static void
get_array(struct cursor *cursor)
{
    ck_assert(cbor_get_array(cursor) == 0 || !cursor->failed);
}

static void
get_map(struct cursor *cursor)
{
    ck_assert(cbor_get_map(cursor) == 0 || !cursor->failed);
}

/* One getter, and the types that it takes. */
static const struct {
    const char *name;
    void (*get)(struct cursor *cursor);
    enum cbor_type first;
    enum cbor_type second;
} getters[] = {
    {"uint", get_uint, CBOR_UINT, CBOR_UINT},
    {"int", get_int, CBOR_UINT, CBOR_NINT},
    {"bool", get_bool, CBOR_FALSE, CBOR_TRUE},
    {"null", cbor_get_null, CBOR_NULL, CBOR_NULL},
    {"bytes", get_bytes, CBOR_BYTES, CBOR_BYTES},
    {"text", get_text, CBOR_TEXT, CBOR_TEXT},
    {"array", get_array, CBOR_ARRAY, CBOR_ARRAY},
    {"map", get_map, CBOR_MAP, CBOR_MAP},
};

/* One item of each type, followed by two bytes that containers may claim. */
static const struct {
    enum cbor_type type;
    const char *hex;
} items[] = {
    {CBOR_UINT, "050000"},
    {CBOR_NINT, "250000"},
    {CBOR_BYTES, "41ff0000"},
    {CBOR_TEXT, "61610000"},
    {CBOR_ARRAY, "810000"},
    {CBOR_MAP, "a10000"},
    {CBOR_FALSE, "f40000"},
    {CBOR_TRUE, "f50000"},
    {CBOR_NULL, "f60000"},
    {CBOR_INVALID, "f70000"},
    {CBOR_INVALID, "c00000"},
    {CBOR_INVALID, "1c0000"},
    {CBOR_INVALID, "ff0000"},
    {CBOR_INVALID, ""},
};

START_TEST(each_getter_takes_its_own_types_only)
{
    struct buf buf = {0};

    for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
        struct cursor cursor = cursor_init(from_hex(items[i].hex, &buf));
        enum cbor_type type = items[i].type;
        bool fits = type == getters[_i].first || type == getters[_i].second;

        ck_assert_int_eq(cbor_peek(&cursor), type);
        getters[_i].get(&cursor);
        ck_assert_msg(cursor.failed == !fits, "%s of item %s", getters[_i].name,
            items[i].hex);
    }
    buf_release(&buf);
}
END_TEST

START_TEST(after_a_failure_nothing_is_read)
{
    struct buf buf = {0};
    struct cursor cursor = cursor_init(from_hex("0505f6", &buf));

    cursor_fail(&cursor);
    ck_assert_int_eq(cbor_peek(&cursor), CBOR_INVALID);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 0);
    ck_assert_ptr_null(cbor_skip(&cursor).data);
    ck_assert(!cbor_take_null(&cursor));
    buf_release(&buf);
}
END_TEST

START_TEST(fixed_bytes_have_exactly_their_size)
{
    struct buf buf = {0};
    uint8_t out[4] = {9, 9, 9, 9};

    for (size_t size = 2; size <= 4; size++) {
        struct cursor cursor = cursor_init(from_hex("43010203", &buf));

        memset(out, 9, sizeof(out));
        cbor_get_fixed(&cursor, out, size);
        ck_assert(cursor.failed == (size != 3));
        ck_assert_mem_eq(out, size == 3 ? "\1\2\3" : "\0\0\0\0", size);
    }
    buf_release(&buf);
}
END_TEST

START_TEST(counts_are_bounded_by_the_bytes_left)
{
    struct buf buf = {0};
    struct cursor cursor = cursor_init(from_hex("820000", &buf));

    ck_assert_uint_eq(cbor_get_array(&cursor), 2);
    cursor = cursor_init(from_hex("830000", &buf));
    ck_assert_uint_eq(cbor_get_array(&cursor), 0);
    ck_assert(cursor.failed);
    cursor = cursor_init(from_hex("a100f6", &buf));
    ck_assert_uint_eq(cbor_get_map(&cursor), 1);
    cursor = cursor_init(from_hex("a200f601", &buf));
    ck_assert_uint_eq(cbor_get_map(&cursor), 0);
    ck_assert(cursor.failed);
    buf_release(&buf);
}
END_TEST

START_TEST(skip_returns_one_item_and_stops_behind_it)
{
    struct buf buf = {0};
    struct buf one = {0};
    struct cursor cursor = cursor_init(from_hex("82a10102810305", &buf));

    ck_assert(bytes_equal(cbor_skip(&cursor), from_hex("82a101028103", &one)));
    ck_assert_uint_eq(cbor_get_uint(&cursor), 5);
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    buf_release(&one);
    buf_release(&buf);
}
END_TEST

START_TEST(null_is_taken_only_where_it_stands)
{
    struct buf buf = {0};
    struct cursor cursor = cursor_init(from_hex("f605", &buf));

    ck_assert(cbor_take_null(&cursor));
    ck_assert(!cbor_take_null(&cursor));
    ck_assert(!cursor.failed);
    ck_assert_uint_eq(cbor_get_uint(&cursor), 5);
    buf_release(&buf);
}
END_TEST

START_TEST(no_mutant_has_a_second_encoding)
{
    struct buf buf = {0};

    cbor_put_array(&buf, 6);
    cbor_put_int(&buf, -70000);
    cbor_put_bytes(&buf, bytes_text("bytes that are longer than 23 of them"));
    cbor_put_cstr(&buf, "\xc3\xbc\xe6\xb0\xb4");
    cbor_put_map(&buf, 3);
    cbor_put_uint(&buf, 300);
    cbor_put_null(&buf);
    cbor_put_cstr(&buf, "a");
    cbor_put_bool(&buf, true);
    cbor_put_cstr(&buf, "b");
    cbor_put_array(&buf, 0);
    cbor_put_uint(&buf, UINT64_MAX);
    cbor_put_bool(&buf, false);
    ck_assert_uint_gt(mutation_run(buf_bytes(&buf), recode_cbor), buf.size);
    buf_release(&buf);
}
END_TEST

/* A random scalar. */
static void
put_scalar(struct buf *buf, struct prng *prng)
{
    static const char *const words[] = {"", "a", "z\xc3\xbc", "word"};
    uint8_t bytes[40];
    uint64_t number = prng_next(prng) >> prng_below(prng, 64);

    prng_fill(prng, bytes, sizeof(bytes));
    switch (prng_below(prng, 6)) {
    case 0:
        cbor_put_uint(buf, number);
        break;
    case 1:
        cbor_put_int(buf, -1 - (int64_t)(number >> 1));
        break;
    case 2:
        cbor_put_bytes(buf, bytes_of(bytes, prng_below(prng, sizeof(bytes))));
        break;
    case 3:
        cbor_put_cstr(buf, words[prng_below(prng, 4)]);
        break;
    case 4:
        cbor_put_bool(buf, number % 2 == 0);
        break;
    default:
        cbor_put_null(buf);
        break;
    }
}

/* A random item; its containers hold up to four items, its maps sorted. */
static void
put_item(struct buf *buf, struct prng *prng, size_t depth)
{
    uint64_t kind = prng_below(prng, 4);
    size_t count = prng_below(prng, 5);
    uint64_t key = 0;

    if (depth == 0 || kind < 2) {
        put_scalar(buf, prng);
    } else if (kind == 2) {
        cbor_put_array(buf, count);
        for (size_t i = 0; i < count; i++) {
            put_item(buf, prng, depth - 1);
        }
    } else {
        cbor_put_map(buf, count);
        for (size_t i = 0; i < count; i++) {
            key += 1 + prng_below(prng, 200);
            cbor_put_uint(buf, key);
            put_item(buf, prng, depth - 1);
        }
    }
}

START_TEST(random_items_round_trip_and_their_damage_has_one_encoding)
{
    uint64_t seed = prng_seed(0xc0de);
    struct prng prng = prng_init(seed);
    struct buf buf = {0};

    for (size_t run = 0; run < 5000; run++) {
        buf_clear(&buf);
        put_item(&buf, &prng, CBOR_DEPTH_MAX);
        ck_assert_msg(recode_is_same(buf_bytes(&buf)),
            "CORRIDOR_SEED=0x%llx: run %zu", (unsigned long long)seed, run);
        for (size_t damage = 0; damage < 4; damage++) {
            buf.data[prng_below(&prng, buf.size)] = (uint8_t)prng_next(&prng);
            ck_assert_msg(
                !cbor_valid(buf_bytes(&buf)) || recode_is_same(buf_bytes(&buf)),
                "CORRIDOR_SEED=0x%llx: run %zu", (unsigned long long)seed, run);
        }
    }
    buf_release(&buf);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(*(table)))

int
main(void)
{
    Suite *suite = suite_create("cbor");
    TCase *tcase = tcase_create("cbor");

    tcase_add_test(tcase, appendix_a_is_accepted_exactly_within_the_profile);
    tcase_add_test(tcase, appendix_a_scalars_mean_what_it_says);
    tcase_add_loop_test(tcase, what_breaks_a_rule_is_refused, 0, ROWS(refused));
    tcase_add_loop_test(
        tcase, what_obeys_the_rules_round_trips, 0, ROWS(accepted));
    tcase_add_test(tcase, depth_may_be_16_and_not_17);
    tcase_add_test(tcase, deep_input_is_refused_without_recursion);
    tcase_add_loop_test(
        tcase, a_head_is_as_short_as_its_number_allows, 0, ROWS(heads));
    tcase_add_loop_test(
        tcase, signed_numbers_fit_int64_or_fail, 0, ROWS(integers));
    tcase_add_loop_test(
        tcase, each_getter_takes_its_own_types_only, 0, ROWS(getters));
    tcase_add_test(tcase, after_a_failure_nothing_is_read);
    tcase_add_test(tcase, fixed_bytes_have_exactly_their_size);
    tcase_add_test(tcase, counts_are_bounded_by_the_bytes_left);
    tcase_add_test(tcase, skip_returns_one_item_and_stops_behind_it);
    tcase_add_test(tcase, null_is_taken_only_where_it_stands);
    tcase_add_test(tcase, no_mutant_has_a_second_encoding);
    tcase_add_test(
        tcase, random_items_round_trip_and_their_damage_has_one_encoding);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
