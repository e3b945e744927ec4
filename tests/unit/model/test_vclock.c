/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/vclock.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

/* A log whose id begins with `number`, so that numbers order ids. */
static struct log_id
log_of(uint32_t number, enum log_kind kind)
{
    struct log_id id = {.kind = (uint8_t)kind};

    id.node.bytes[0] = (uint8_t)(number >> 16);
    id.node.bytes[1] = (uint8_t)(number >> 8);
    id.node.bytes[2] = (uint8_t)number;
    id.node.bytes[31] = 0x55;
    return id;
}

static uint32_t
add(struct log_table *logs, uint32_t number)
{
    struct log_id id = log_of(number / 2, number % 2);
    uint32_t log = 0;

    ck_assert_int_eq(log_table_add(logs, &id, &log), ERR_OK);
    return log;
}

static void
raise_to(struct vclock *clock, uint32_t log, uint64_t size)
{
    ck_assert_int_eq(vclock_raise(clock, log, size), ERR_OK);
}

START_TEST(a_log_id_is_a_node_and_a_kind)
{
    struct log_id id = log_of(0x123456, LOG_CHANGES);
    struct log_id back = {0};
    uint8_t bytes[LOG_ID_BYTES];

    log_id_encode(bytes, &id);
    ck_assert_uint_eq(bytes[0], 0x12);
    ck_assert_uint_eq(bytes[32], LOG_CHANGES);
    ck_assert_int_eq(log_id_decode(&back, bytes), ERR_OK);
    ck_assert(log_id_equal(&id, &back));
    bytes[32] = LOG_CHANGES + 1;
    ck_assert_int_eq(log_id_decode(&back, bytes), ERR_MALFORMED);
    ck_assert(log_id_equal(&id, &back));
}
END_TEST

START_TEST(log_ids_order_by_node_then_kind)
{
    struct log_id ids[] = {
        log_of(1, LOG_CONTROL), log_of(1, LOG_CHANGES), log_of(2, LOG_CONTROL)};

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            int order = log_id_compare(&ids[i], &ids[j]);

            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
            ck_assert_int_eq(log_id_equal(&ids[i], &ids[j]), i == j);
        }
    }
}
END_TEST

START_TEST(a_table_numbers_logs_in_order_of_arrival)
{
    struct log_table logs = {0};
    struct log_id id = {0};
    uint32_t found = 0;

    ck_assert(!log_table_find(&logs, &id, &found));
    for (uint32_t i = 0; i < LOG_TABLE_MAX; i++) {
        ck_assert_uint_eq(add(&logs, i), i);
    }
    for (uint32_t i = 0; i < LOG_TABLE_MAX; i++) {
        id = log_of(i / 2, i % 2);
        ck_assert(log_table_find(&logs, &id, &found));
        ck_assert_uint_eq(found, i);
        ck_assert_uint_eq(add(&logs, i), i);
    }
    id = log_of(LOG_TABLE_MAX, LOG_CONTROL);
    found = 7;
    ck_assert(!log_table_find(&logs, &id, &found));
    ck_assert_int_eq(log_table_add(&logs, &id, &found), ERR_TOO_BIG);
    ck_assert_uint_eq(found, 7);
    ck_assert_uint_eq(logs.count, LOG_TABLE_MAX);
    log_table_release(&logs);
    log_table_release(NULL);
}
END_TEST

START_TEST(a_table_survives_each_failed_allocation)
{
    for (long n = 0;; n++) {
        struct log_table logs = {0};
        enum err rc = ERR_OK;
        uint32_t number = 0;

        mem_fault_after(n);
        for (uint32_t i = 0; i < 40 && rc == ERR_OK; i++) {
            struct log_id id = log_of(i, LOG_CONTROL);

            rc = log_table_add(&logs, &id, &number);
            ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
        }
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            log_table_release(&logs);
            break;
        }
        mem_fault_after(-1);
        ck_assert_int_eq(rc, ERR_NOMEM);
        for (uint32_t i = 0; i < 40; i++) {
            ck_assert_uint_eq(add(&logs, 2 * i), i);
        }
        log_table_release(&logs);
    }
    mem_fault_after(-1);
}
END_TEST

START_TEST(a_clock_counts_what_it_was_raised_to)
{
    struct vclock clock = {0};

    ck_assert_uint_eq(vclock_get(&clock, 5), 0);
    raise_to(&clock, 5, 10);
    raise_to(&clock, 5, 9);
    raise_to(&clock, 9, 0);
    ck_assert_uint_eq(clock.count, 6);
    ck_assert_uint_eq(vclock_get(&clock, 5), 10);
    ck_assert_uint_eq(vclock_get(&clock, 4), 0);
    ck_assert_uint_eq(vclock_get(&clock, 6), 0);
    ck_assert(vclock_counts(&clock, (struct dot){5, 9}));
    ck_assert(!vclock_counts(&clock, (struct dot){5, 10}));
    ck_assert(!vclock_counts(&clock, (struct dot){4, 0}));
    raise_to(&clock, 5, LOG_SIZE_MAX);
    ck_assert(vclock_counts(&clock, (struct dot){5, LOG_SIZE_MAX - 1}));
    vclock_release(&clock);
    vclock_release(NULL);
}
END_TEST

START_TEST(a_cleared_clock_forgets_what_its_memory_holds)
{
    struct vclock clock = {0};

    for (uint32_t log = 0; log < 8; log++) {
        raise_to(&clock, log, 100);
    }
    vclock_clear(&clock);
    raise_to(&clock, 6, 1);
    for (uint32_t log = 0; log < 8; log++) {
        ck_assert_uint_eq(vclock_get(&clock, log), log == 6 ? 1 : 0);
    }
    vclock_release(&clock);
}
END_TEST

/* A random clock over the first `logs` logs, with small sizes and gaps. */
static void
randomise(struct vclock *clock, struct prng *prng, uint32_t logs)
{
    vclock_clear(clock);
    for (uint32_t log = 0; log < logs; log++) {
        raise_to(clock, log, prng_below(prng, 4));
    }
}

START_TEST(merging_is_the_least_clock_that_covers_both)
{
    struct prng prng = prng_init(prng_seed(11));
    struct vclock a = {0};
    struct vclock b = {0};
    struct vclock merged = {0};
    struct vclock other = {0};

    for (int round = 0; round < 500; round++) {
        randomise(&a, &prng, (uint32_t)prng_below(&prng, 5));
        randomise(&b, &prng, (uint32_t)prng_below(&prng, 5));
        ck_assert_int_eq(vclock_copy(&merged, &a), ERR_OK);
        ck_assert_int_eq(vclock_merge(&merged, &b), ERR_OK);
        ck_assert_int_eq(vclock_copy(&other, &b), ERR_OK);
        ck_assert_int_eq(vclock_merge(&other, &a), ERR_OK);
        ck_assert(vclock_equal(&merged, &other));
        ck_assert(vclock_covers(&merged, &a) && vclock_covers(&merged, &b));
        for (uint32_t log = 0; log < 5; log++) {
            uint64_t in_a = vclock_get(&a, log);
            uint64_t in_b = vclock_get(&b, log);

            ck_assert_uint_eq(
                vclock_get(&merged, log), in_a > in_b ? in_a : in_b);
        }
        ck_assert_int_eq(vclock_covers(&a, &b), vclock_equal(&merged, &a));
        ck_assert_int_eq(vclock_equal(&a, &b),
            vclock_covers(&a, &b) && vclock_covers(&b, &a));
    }
    vclock_release(&a);
    vclock_release(&b);
    vclock_release(&merged);
    vclock_release(&other);
}
END_TEST

START_TEST(a_failed_copy_or_merge_changes_nothing)
{
    struct vclock large = {0};
    struct vclock small = {0};

    raise_to(&small, 0, 3);
    raise_to(&large, 20, 1);
    mem_fault_after(0);
    ck_assert_int_eq(vclock_copy(&small, &large), ERR_NOMEM);
    mem_fault_after(0);
    ck_assert_int_eq(vclock_merge(&small, &large), ERR_NOMEM);
    mem_fault_after(0);
    ck_assert_int_eq(vclock_raise(&small, 20, 1), ERR_NOMEM);
    mem_fault_after(-1);
    ck_assert_uint_eq(small.count, 1);
    ck_assert_uint_eq(vclock_get(&small, 0), 3);
    vclock_release(&large);
    vclock_release(&small);
}
END_TEST

/* The full form of sizes[number] for logs numbered in order of their ids. */
static void
full_of(struct buf *out, const uint64_t *sizes, size_t count)
{
    size_t counted = 0;

    for (size_t i = 0; i < count; i++) {
        counted += sizes[i] != 0;
    }
    cbor_put_array(out, 2 * counted);
    for (size_t i = 0; i < count; i++) {
        struct log_id id = log_of((uint32_t)i / 2, i % 2);
        uint8_t bytes[LOG_ID_BYTES];

        log_id_encode(bytes, &id);
        if (sizes[i] != 0) {
            cbor_put_bytes(out, bytes_of(bytes, sizeof(bytes)));
            cbor_put_uint(out, sizes[i]);
        }
    }
}

static enum err
recode_full(struct bytes bytes, struct buf *out)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    enum err rc = vclock_decode(&clock, &logs, bytes);

    ck_assert_int_eq(vclock_check(bytes), rc);
    if (rc == ERR_OK) {
        rc = vclock_encode(out, &clock, &logs);
    } else {
        ck_assert_uint_eq(logs.count, 0);
    }
    vclock_release(&clock);
    log_table_release(&logs);
    return rc;
}

START_TEST(a_full_form_is_sorted_by_log_id)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    struct buf out = {0};
    struct buf want = {0};
    uint64_t sizes[] = {24, 0, 1, UINT32_MAX, 0, LOG_SIZE_MAX};

    for (uint32_t i = 6; i-- > 0;) {
        raise_to(&clock, add(&logs, i), sizes[i]);
    }
    ck_assert_int_eq(vclock_encode(&out, &clock, &logs), ERR_OK);
    full_of(&want, sizes, 6);
    ck_assert(bytes_equal(buf_bytes(&out), buf_bytes(&want)));
    mutation_run(buf_bytes(&out), recode_full);
    buf_release(&out);
    buf_release(&want);
    vclock_release(&clock);
    log_table_release(&logs);
}
END_TEST

START_TEST(an_empty_clock_is_one_byte)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    struct buf out = {0};

    ck_assert_int_eq(vclock_encode(&out, &clock, &logs), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&out), bytes_text("\x80")));
    raise_to(&clock, 3, 4);
    ck_assert_int_eq(vclock_decode(&clock, &logs, buf_bytes(&out)), ERR_OK);
    ck_assert_uint_eq(vclock_get(&clock, 3), 0);
    vclock_release(&clock);
    buf_release(&out);
}
END_TEST

/* Full forms that break one rule each: pairs of (log, kind, size). */
static const struct {
    const char *name;
    size_t items; /* of the array's head */
    struct {
        uint32_t number;
        uint8_t kind;
        uint64_t size;
    } logs[2];
    enum err rc;
} fulls[] = {
    {"in order", 4, {{1, 0, 1}, {1, 1, 1}}, ERR_OK},
    {"a log twice", 4, {{1, 0, 1}, {1, 0, 1}}, ERR_MALFORMED},
    {"out of order", 4, {{1, 1, 1}, {1, 0, 1}}, ERR_MALFORMED},
    {"a size of zero", 4, {{1, 0, 0}, {1, 1, 1}}, ERR_MALFORMED},
    {"the greatest size", 4, {{1, 0, LOG_SIZE_MAX}, {1, 1, 1}}, ERR_OK},
    {"beyond it", 4, {{1, 0, LOG_SIZE_MAX + 1}, {1, 1, 1}}, ERR_MALFORMED},
    {"a kind of 2", 4, {{1, 0, 1}, {1, 2, 1}}, ERR_MALFORMED},
    {"an odd count", 3, {{1, 0, 1}, {1, 1, 1}}, ERR_MALFORMED},
    {"an item too many", 2, {{1, 0, 1}, {1, 1, 1}}, ERR_MALFORMED},
    {"an item too few", 6, {{1, 0, 1}, {1, 1, 1}}, ERR_MALFORMED},
};

START_TEST(a_full_form_obeys_each_rule)
{
    struct buf out = {0};
    struct buf again = {0};

    cbor_put_array(&out, fulls[_i].items);
    for (size_t i = 0; i < 2; i++) {
        struct log_id id = log_of(fulls[_i].logs[i].number, LOG_CONTROL);
        uint8_t bytes[LOG_ID_BYTES];

        log_id_encode(bytes, &id);
        bytes[LOG_ID_BYTES - 1] = fulls[_i].logs[i].kind;
        cbor_put_bytes(&out, bytes_of(bytes, sizeof(bytes)));
        cbor_put_uint(&out, fulls[_i].logs[i].size);
    }
    ck_assert_msg(recode_full(buf_bytes(&out), &again) == fulls[_i].rc, "%s",
        fulls[_i].name);
    buf_release(&out);
    buf_release(&again);
}
END_TEST

START_TEST(a_full_form_holds_as_many_logs_as_a_table)
{
    struct buf full = {0};
    struct buf again = {0};
    uint64_t *sizes = calloc(LOG_TABLE_MAX + 1, sizeof(*sizes));

    ck_assert_ptr_nonnull(sizes);
    for (size_t i = 0; i <= LOG_TABLE_MAX; i++) {
        sizes[i] = LOG_SIZE_MAX;
    }
    full_of(&full, sizes, LOG_TABLE_MAX);
    ck_assert_int_eq(recode_full(buf_bytes(&full), &again), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&full), buf_bytes(&again)));
    buf_clear(&full);
    full_of(&full, sizes, LOG_TABLE_MAX + 1);
    ck_assert_int_eq(recode_full(buf_bytes(&full), &again), ERR_TOO_BIG);
    buf_clear(&full);
    ck_assert_ptr_nonnull(buf_extend(&full, VCLOCK_BYTES_MAX + 1));
    memset(full.data, 0x80, full.size);
    ck_assert_int_eq(vclock_check(buf_bytes(&full)), ERR_TOO_BIG);
    buf_truncate(&full, VCLOCK_BYTES_MAX);
    ck_assert_int_eq(vclock_check(buf_bytes(&full)), ERR_MALFORMED);
    free(sizes);
    buf_release(&full);
    buf_release(&again);
}
END_TEST

START_TEST(a_clock_that_exceeds_the_table_is_refused)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    struct buf full = {0};
    uint64_t size = 1;

    for (uint32_t i = 0; i < LOG_TABLE_MAX; i++) {
        add(&logs, i + 2);
    }
    raise_to(&clock, 0, 9);
    full_of(&full, &size, 1);
    ck_assert_int_eq(
        vclock_decode(&clock, &logs, buf_bytes(&full)), ERR_TOO_BIG);
    ck_assert_uint_eq(vclock_get(&clock, 0), 9);
    vclock_release(&clock);
    log_table_release(&logs);
    buf_release(&full);
}
END_TEST

START_TEST(decoding_survives_each_failed_allocation)
{
    struct buf full = {0};
    struct buf out = {0};
    uint64_t sizes[40] = {0};

    for (size_t i = 0; i < 40; i++) {
        sizes[i] = i + 1;
    }
    full_of(&full, sizes, 40);
    for (long n = 0;; n++) {
        struct log_table logs = {0};
        struct vclock clock = {0};
        enum err rc = ERR_OK;

        raise_to(&clock, 2, 77);
        buf_release(&out);
        mem_fault_after(n);
        rc = vclock_decode(&clock, &logs, buf_bytes(&full));
        if (rc == ERR_OK) {
            rc = vclock_encode(&out, &clock, &logs);
        } else {
            ck_assert_uint_eq(vclock_get(&clock, 2), 77);
        }
        vclock_release(&clock);
        log_table_release(&logs);
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    mem_fault_after(-1);
    ck_assert(bytes_equal(buf_bytes(&full), buf_bytes(&out)));
    buf_release(&full);
    buf_release(&out);
}
END_TEST

/* The name by another way: the whole array written by the CBOR writer. */
static void
check_name(size_t size)
{
    struct buf full = {0};
    struct buf item = {0};
    struct vclock_name name = {{0}};
    uint8_t hash[64];
    struct bytes whole = {NULL, 0};

    ck_assert_ptr_nonnull(buf_extend(&full, size));
    memset(full.data, 0x42, size);
    cbor_put_array(&item, 2);
    cbor_put_cstr(&item, "corridor/clock/1");
    cbor_put_bytes(&item, buf_bytes(&full));
    whole = buf_bytes(&item);
    hash_blake2b_512(hash, &whole, 1);
    vclock_name(&name, buf_bytes(&full));
    ck_assert_mem_eq(name.bytes, hash, sizeof(name.bytes));
    buf_release(&full);
    buf_release(&item);
}

START_TEST(a_name_is_the_hash_of_a_labelled_array)
{
    static const size_t sizes[] = {
        0, 1, 23, 24, 255, 256, 65535, 65536, VCLOCK_BYTES_MAX};

    check_name(sizes[_i]);
}
END_TEST

/* The base and the full form of the delta property, as encodings. */
struct two_forms {
    struct buf base;
    struct buf full;
};

static void
random_forms(struct two_forms *out, struct prng *prng)
{
    uint64_t base[8] = {0};
    uint64_t full[8] = {0};
    size_t count = prng_below(prng, 9);

    for (size_t i = 0; i < count; i++) {
        base[i] = prng_below(prng, 3) * prng_below(prng, 300);
        full[i] = base[i] + prng_below(prng, 2) * prng_below(prng, 70000);
    }
    buf_clear(&out->base);
    buf_clear(&out->full);
    if (prng_below(prng, 8) != 0) {
        full_of(&out->base, base, count);
    }
    full_of(&out->full, full, count);
}

START_TEST(deltas_lead_from_base_to_full)
{
    struct prng prng = prng_init(prng_seed(12));
    struct two_forms forms = {{0}, {0}};
    struct buf delta = {0};
    struct buf again = {0};

    for (int round = 0; round < 1000; round++) {
        random_forms(&forms, &prng);
        buf_clear(&delta);
        buf_clear(&again);
        ck_assert_int_eq(vclock_delta_encode(&delta, buf_bytes(&forms.base),
                             buf_bytes(&forms.full)),
            ERR_OK);
        ck_assert_int_eq(vclock_delta_decode(
                             &again, buf_bytes(&forms.base), buf_bytes(&delta)),
            ERR_OK);
        ck_assert(bytes_equal(buf_bytes(&again), buf_bytes(&forms.full)));
    }
    buf_release(&forms.base);
    buf_release(&forms.full);
    buf_release(&delta);
    buf_release(&again);
}
END_TEST

/* Logs 0, 2, 4 with sizes 10, 20 and the greatest less 1. */
static void
small_base(struct buf *out)
{
    static const uint64_t sizes[] = {10, 0, 20, 0, LOG_SIZE_MAX - 1};

    full_of(out, sizes, 5);
}

static enum err
recode_delta(struct bytes delta, struct buf *out)
{
    struct buf base = {0};
    struct buf full = {0};
    enum err rc = ERR_OK;

    small_base(&base);
    rc = vclock_delta_decode(&full, buf_bytes(&base), delta);
    if (rc == ERR_OK) {
        ck_assert_int_eq(vclock_check(buf_bytes(&full)), ERR_OK);
        rc = vclock_delta_encode(out, buf_bytes(&base), buf_bytes(&full));
    } else {
        ck_assert_uint_eq(full.size, 0);
    }
    buf_release(&base);
    buf_release(&full);
    return rc;
}

/* One item of a delta: an index below 100, or 100 and the log's number. */
enum { BY_ID = 100, ITEMS = 3 };
static const struct {
    const char *name;
    size_t pairs;
    struct {
        uint64_t log;
        uint64_t increase;
    } items[ITEMS];
    enum err rc;
} deltas[] = {
    {"nothing", 0, {{0, 0}}, ERR_OK},
    {"all of the base", 3, {{0, 1}, {1, 1}, {2, 1}}, ERR_OK},
    {"beyond the greatest size", 1, {{2, 2}}, ERR_MALFORMED},
    {"an increase of zero", 1, {{0, 0}}, ERR_MALFORMED},
    {"a huge increase", 1, {{0, UINT64_MAX}}, ERR_MALFORMED},
    {"an index beyond the base", 1, {{3, 1}}, ERR_MALFORMED},
    {"an index twice", 2, {{1, 1}, {1, 1}}, ERR_MALFORMED},
    {"indices out of order", 2, {{1, 1}, {0, 1}}, ERR_MALFORMED},
    {"new logs between", 3, {{BY_ID + 1, 1}, {BY_ID + 3, 1}, {BY_ID + 5, 1}},
        ERR_OK},
    {"new logs out of order", 2, {{BY_ID + 3, 1}, {BY_ID + 1, 1}},
        ERR_MALFORMED},
    {"a new log twice", 2, {{BY_ID + 3, 1}, {BY_ID + 3, 1}}, ERR_MALFORMED},
    {"a log of the base by id", 1, {{BY_ID + 2, 1}}, ERR_MALFORMED},
    {"an index after a new log", 2, {{BY_ID + 1, 1}, {0, 1}}, ERR_MALFORMED},
    {"both kinds", 3, {{0, 1}, {2, 1}, {BY_ID + 1, 5}}, ERR_OK},
    {"a new log of size zero", 1, {{BY_ID + 1, 0}}, ERR_MALFORMED},
};

static void
put_delta(struct buf *out, int row)
{
    cbor_put_array(out, 2 * deltas[row].pairs);
    for (size_t i = 0; i < deltas[row].pairs; i++) {
        uint64_t log = deltas[row].items[i].log;
        struct log_id id =
            log_of((uint32_t)(log - BY_ID) / 2, (log - BY_ID) % 2);
        uint8_t bytes[LOG_ID_BYTES];

        log_id_encode(bytes, &id);
        if (log < BY_ID) {
            cbor_put_uint(out, log);
        } else {
            cbor_put_bytes(out, bytes_of(bytes, sizeof(bytes)));
        }
        cbor_put_uint(out, deltas[row].items[i].increase);
    }
}

START_TEST(a_delta_obeys_each_rule)
{
    struct buf delta = {0};
    struct buf again = {0};

    put_delta(&delta, _i);
    ck_assert_msg(recode_delta(buf_bytes(&delta), &again) == deltas[_i].rc,
        "%s", deltas[_i].name);
    if (deltas[_i].rc == ERR_OK) {
        mutation_run(buf_bytes(&delta), recode_delta);
    }
    buf_release(&delta);
    buf_release(&again);
}
END_TEST

START_TEST(sizes_never_fall)
{
    static const uint64_t low[] = {10, 0, 19, 0, LOG_SIZE_MAX - 1};
    static const uint64_t fewer[] = {10, 0, 0, 0, LOG_SIZE_MAX - 1};
    static const uint64_t last[] = {10, 0, 20};
    struct buf base = {0};
    struct buf full = {0};
    struct buf out = {0};

    small_base(&base);
    full_of(&full, low, 5);
    ck_assert_int_eq(
        vclock_delta_encode(&out, buf_bytes(&base), buf_bytes(&full)),
        ERR_STALE);
    buf_clear(&full);
    full_of(&full, fewer, 5);
    ck_assert_int_eq(
        vclock_delta_encode(&out, buf_bytes(&base), buf_bytes(&full)),
        ERR_STALE);
    buf_clear(&full);
    full_of(&full, last, 3);
    ck_assert_int_eq(
        vclock_delta_encode(&out, buf_bytes(&base), buf_bytes(&full)),
        ERR_STALE);
    ck_assert_uint_eq(out.size, 0);
    buf_release(&base);
    buf_release(&full);
    buf_release(&out);
}
END_TEST

START_TEST(malformed_bases_are_refused)
{
    struct buf out = {0};
    struct bytes empty = bytes_text("\x80");
    struct bytes odd = bytes_text("\x81\x01");

    ck_assert_int_eq(vclock_delta_encode(&out, odd, empty), ERR_MALFORMED);
    ck_assert_int_eq(vclock_delta_encode(&out, empty, odd), ERR_MALFORMED);
    ck_assert_int_eq(
        vclock_delta_encode(&out, empty, bytes_of(NULL, 0)), ERR_MALFORMED);
    ck_assert_int_eq(vclock_delta_decode(&out, odd, empty), ERR_MALFORMED);
    ck_assert_int_eq(
        vclock_delta_decode(&out, empty, bytes_of(NULL, 0)), ERR_MALFORMED);
    ck_assert_uint_eq(out.size, 0);
    ck_assert_int_eq(vclock_delta_decode(&out, empty, empty), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&out), empty));
    buf_release(&out);
}
END_TEST

START_TEST(a_delta_cannot_make_more_logs_than_a_table_holds)
{
    uint64_t *sizes = calloc(LOG_TABLE_MAX + 2, sizeof(*sizes));
    struct buf base = {0};
    struct buf delta = {0};
    struct buf full = {0};

    ck_assert_ptr_nonnull(sizes);
    for (size_t i = 1; i < LOG_TABLE_MAX; i++) {
        sizes[i] = 1;
    }
    full_of(&base, sizes, LOG_TABLE_MAX);
    memset(sizes, 0, LOG_TABLE_MAX * sizeof(*sizes));
    sizes[0] = 1;
    full_of(&delta, sizes, LOG_TABLE_MAX);
    ck_assert_int_eq(
        vclock_delta_decode(&full, buf_bytes(&base), buf_bytes(&delta)),
        ERR_OK);
    ck_assert_int_eq(vclock_check(buf_bytes(&full)), ERR_OK);
    buf_clear(&delta);
    buf_clear(&full);
    sizes[LOG_TABLE_MAX] = 1;
    full_of(&delta, sizes, LOG_TABLE_MAX + 1);
    ck_assert_int_eq(
        vclock_delta_decode(&full, buf_bytes(&base), buf_bytes(&delta)),
        ERR_TOO_BIG);
    ck_assert_uint_eq(full.size, 0);
    free(sizes);
    buf_release(&base);
    buf_release(&delta);
    buf_release(&full);
}
END_TEST

static void
add_tables(TCase *tcase)
{
    tcase_add_test(tcase, a_log_id_is_a_node_and_a_kind);
    tcase_add_test(tcase, log_ids_order_by_node_then_kind);
    tcase_add_test(tcase, a_table_numbers_logs_in_order_of_arrival);
    tcase_add_test(tcase, a_table_survives_each_failed_allocation);
    tcase_add_test(tcase, a_clock_counts_what_it_was_raised_to);
    tcase_add_test(tcase, a_cleared_clock_forgets_what_its_memory_holds);
    tcase_add_test(tcase, merging_is_the_least_clock_that_covers_both);
    tcase_add_test(tcase, a_failed_copy_or_merge_changes_nothing);
}

int
main(void)
{
    Suite *suite = suite_create("vclock");
    TCase *tcase = tcase_create("vclock");

    add_tables(tcase);
    tcase_add_test(tcase, a_full_form_is_sorted_by_log_id);
    tcase_add_test(tcase, an_empty_clock_is_one_byte);
    tcase_add_loop_test(tcase, a_full_form_obeys_each_rule, 0,
        sizeof(fulls) / sizeof(fulls[0]));
    tcase_add_test(tcase, a_full_form_holds_as_many_logs_as_a_table);
    tcase_add_test(tcase, a_clock_that_exceeds_the_table_is_refused);
    tcase_add_test(tcase, decoding_survives_each_failed_allocation);
    tcase_add_loop_test(tcase, a_name_is_the_hash_of_a_labelled_array, 0, 9);
    tcase_add_test(tcase, deltas_lead_from_base_to_full);
    tcase_add_loop_test(
        tcase, a_delta_obeys_each_rule, 0, sizeof(deltas) / sizeof(deltas[0]));
    tcase_add_test(tcase, sizes_never_fall);
    tcase_add_test(tcase, malformed_bases_are_refused);
    tcase_add_test(tcase, a_delta_cannot_make_more_logs_than_a_table_holds);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
