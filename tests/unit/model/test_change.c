/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/change.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

enum { APPLIED = 5 };

#define RECORD "50000102030405060708090a0b0c0d0e0f"
#define OTHER16 "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define OFFICE \
    "5820a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define POSITION_LAST "1b7ffffffffffffffe"
#define POSITION_OVER "1b7fffffffffffffff"

/*
 * An author of APPLIED entries whose table has its own log, its other one,
 * and log 7; the entry at hand names log 9 for the first time.
 */
struct fixture {
    struct log_table logs;
    struct author author;
    uint32_t new_table[1];
    struct header_clock clock;
};

static struct fixture f;

static struct log_id
log_of(uint8_t first)
{
    struct log_id id = {.kind = LOG_CHANGES};

    id.node.bytes[0] = first;
    return id;
}

static uint32_t
number_of(uint8_t first)
{
    struct log_id id = log_of(first);
    uint32_t log = 0;

    ck_assert_int_eq(log_table_add(&f.logs, &id, &log), ERR_OK);
    return log;
}

static void
setup(void)
{
    struct log_id own = log_of(0);
    struct header header = {0};
    struct delta_item item = {0, 50};
    uint32_t table[1];
    struct header_clock clock = {.clock = {&item, 1, 1}};

    f = (struct fixture){0};
    ck_assert_int_eq(author_init(&f.author, &f.logs, &own), ERR_OK);
    table[0] = number_of(7);
    item.log = table[0];
    clock.new_table = table;
    clock.new_count = 1;
    ck_assert_int_eq(author_advance(&f.author, &clock, &header, 1), ERR_OK);
    while (f.author.applied < APPLIED) {
        ck_assert_int_eq(author_advance(&f.author, NULL, NULL, 1), ERR_OK);
    }
    f.new_table[0] = number_of(9);
    f.clock = (struct header_clock){
        .new_table = f.new_table, .new_count = 1, .new_capacity = 1};
}

static void
teardown(void)
{
    author_release(&f.author);
    log_table_release(&f.logs);
}

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct change change = {0};
    enum err rc = change_decode(&change, bytes, &f.author, &f.clock);

    if (rc == ERR_OK) {
        rc = change_encode(out, &change, &f.author, &f.clock);
    } else {
        ck_assert_ptr_null(change.ops);
    }
    change_release(&change);
    return rc;
}

static void
put_hex(struct buf *out, const char *hex)
{
    size_t size = strlen(hex);
    uint8_t *room = buf_extend(out, size / 2);

    ck_assert_ptr_nonnull(room);
    ck_assert(hex_decode(hex, size, room, size / 2));
}

static const struct {
    const char *name;
    enum err rc;
    const char *hex;
} changes[] = {
    {"grants alone", ERR_OK, "83" RECORD "0380"},
    {"the greatest kind", ERR_OK, "83" RECORD "19ffff80"},
    {"a kind beyond", ERR_MALFORMED, "83" RECORD "1a0001000080"},
    {"a creation", ERR_OK, "85" RECORD "03f6" OTHER16 "80"},
    {"a child's creation", ERR_OK, "85" RECORD "03" RECORD OTHER16 "80"},
    {"a parent without a salt", ERR_MALFORMED, "85" RECORD "03" RECORD "f680"},
    {"neither of them", ERR_MALFORMED, "85" RECORD "03f6f680"},
    {"a short record id", ERR_MALFORMED, "834200010380"},
    {"four items", ERR_MALFORMED, "84" RECORD "03f680"},
    {"six items", ERR_MALFORMED, "86" RECORD "03f6" OTHER16 "8000"},
    {"more behind", ERR_MALFORMED, "83" RECORD "038000"},
    {"a set", ERR_OK, "83" RECORD "03818300006161"},
    {"a set of null", ERR_OK, "83" RECORD "0381830000f6"},
    {"a set of a map", ERR_OK, "83" RECORD "0381830000a1616101"},
    {"a set of a map out of order", ERR_MALFORMED,
        "83" RECORD "0381830000a2616201616101"},
    {"the greatest field", ERR_OK, "83" RECORD "03818319ffff00f6"},
    {"a field beyond", ERR_MALFORMED, "83" RECORD "0381831a0001000000f6"},
    {"two sets of one field", ERR_OK, "83" RECORD "03828300000183000002"},
    {"a set with a reason", ERR_OK, "83" RECORD "0381840000016179"},
    {"an empty reason", ERR_MALFORMED, "83" RECORD "03818400000160"},
    {"a reason of bytes", ERR_MALFORMED, "83" RECORD "0381840000014179"},
    {"a set of nothing", ERR_MALFORMED, "83" RECORD "0381820000"},
    {"a set of five", ERR_MALFORMED, "83" RECORD "038185000001617900"},
    {"an addition", ERR_OK, "83" RECORD "038183000101"},
    {"an addition with a reason", ERR_MALFORMED,
        "83" RECORD "0381840001016179"},
    {"a removal", ERR_OK, "83" RECORD "038183000283000400"},
    {"a removal of nothing", ERR_MALFORMED, "83" RECORD "038183000280"},
    {"a removal of two in order", ERR_OK,
        "83" RECORD "038183000286000401020000"},
    {"the same positions in order of op", ERR_OK,
        "83" RECORD "038183000286000400000401"},
    {"two out of order", ERR_MALFORMED, "83" RECORD "038183000286020000000401"},
    {"positions out of order", ERR_MALFORMED,
        "83" RECORD "038183000286000400000300"},
    {"one twice", ERR_MALFORMED, "83" RECORD "038183000286000400000400"},
    {"two thirds of a dot", ERR_MALFORMED, "83" RECORD "0381830002820004"},
    {"this entry's dot", ERR_MALFORMED, "83" RECORD "038183000283000500"},
    {"its other log's, far on", ERR_OK,
        "83" RECORD "03818300028301" POSITION_LAST "00"},
    {"a position beyond all", ERR_MALFORMED,
        "83" RECORD "03818300028301" POSITION_OVER "00"},
    {"of a log named here", ERR_OK, "83" RECORD "038183000283030000"},
    {"of an unknown log", ERR_MALFORMED, "83" RECORD "038183000283040000"},
    {"the last op", ERR_OK, "83" RECORD "03818300028300041901ff"},
    {"an op beyond", ERR_MALFORMED, "83" RECORD "0381830002830004190200"},
    {"a reversal", ERR_OK, "83" RECORD "03818400028300040001"},
    {"a transfer", ERR_OK, "83" RECORD "0381840003" OFFICE "83000400"},
    {"a first transfer", ERR_OK, "83" RECORD "0381840003" OFFICE "80"},
    {"a transfer to one's own office", ERR_OK,
        "83" RECORD "0381840003f683000400"},
    {"a first transfer to it", ERR_OK, "83" RECORD "0381840003f680"},
    {"a transfer to nobody", ERR_MALFORMED,
        "83" RECORD "038184000342a0a183000400"},
    {"a transfer of three", ERR_MALFORMED, "83" RECORD "0381830003" OFFICE},
    {"an action of 4", ERR_MALFORMED, "83" RECORD "038183000401"},
};

START_TEST(a_change_obeys_each_rule)
{
    struct buf in = {0};
    struct buf out = {0};
    enum err rc = ERR_OK;

    put_hex(&in, changes[_i].hex);
    rc = recode(buf_bytes(&in), &out);
    ck_assert_msg(rc == changes[_i].rc, "%s: %d", changes[_i].name, rc);
    if (rc == ERR_OK) {
        ck_assert_uint_gt(mutation_run(buf_bytes(&in), recode), 0);
    }
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* A change of `ops` equal additions, the value `value` bytes long. */
static void
put_additions(struct buf *out, size_t ops, size_t value)
{
    put_hex(out, "83" RECORD "03");
    cbor_put_array(out, ops);
    for (size_t i = 0; i < ops; i++) {
        size_t size = value <= 24 ? value - 1 : value - 3;
        uint8_t *room = NULL;

        put_hex(out, "830101");
        if (size < 24) {
            buf_put_u8(out, (uint8_t)(0x40 + size));
        } else {
            buf_put_u8(out, 0x59);
            buf_put_u16(out, (uint16_t)size);
        }
        room = buf_extend(out, size);
        ck_assert_ptr_nonnull(room);
        memset(room, 0, size);
    }
}

static void
put_reason(struct buf *out, size_t size)
{
    put_hex(out, "83" RECORD "038184000001");
    buf_put_u8(out, 0x79);
    buf_put_u16(out, (uint16_t)size);
    for (size_t i = 0; i < size; i++) {
        buf_put_u8(out, 'r');
    }
}

static void
put_dots(struct buf *out, size_t dots)
{
    put_hex(out, "83" RECORD "0381830002");
    cbor_put_array(out, 3 * dots);
    for (size_t i = 0; i < dots; i++) {
        cbor_put_uint(out, 2);
        cbor_put_uint(out, i);
        cbor_put_uint(out, 1);
    }
}

static void
check_limit(struct buf *in, enum err want)
{
    struct buf out = {0};

    ck_assert_int_eq(recode(buf_bytes(in), &out), want);
    if (want == ERR_OK) {
        ck_assert(bytes_equal(buf_bytes(in), buf_bytes(&out)));
    }
    buf_release(&out);
    buf_release(in);
}

START_TEST(a_change_has_limits)
{
    struct buf in = {0};

    put_additions(&in, CHANGE_OPS_MAX, 1);
    check_limit(&in, ERR_OK);
    put_additions(&in, CHANGE_OPS_MAX + 1, 1);
    check_limit(&in, ERR_TOO_BIG);
    put_additions(&in, 1, CHANGE_VALUE_BYTES_MAX);
    check_limit(&in, ERR_OK);
    put_additions(&in, 1, CHANGE_VALUE_BYTES_MAX + 1);
    check_limit(&in, ERR_TOO_BIG);
    put_reason(&in, CHANGE_REASON_BYTES_MAX);
    check_limit(&in, ERR_OK);
    put_reason(&in, CHANGE_REASON_BYTES_MAX + 1);
    check_limit(&in, ERR_TOO_BIG);
    put_dots(&in, CHANGE_DOTS_MAX);
    check_limit(&in, ERR_OK);
    put_dots(&in, CHANGE_DOTS_MAX + 1);
    check_limit(&in, ERR_TOO_BIG);
}
END_TEST

START_TEST(a_change_is_at_most_256_kib)
{
    /* 20 bytes, and ops of 3 and 16,125 bytes, one of them longer. */
    enum { OPS = 16, AROUND = 20 };
    const size_t each = (CHANGE_PLAIN_BYTES_MAX - AROUND) / OPS - 3;
    struct buf in = {0};
    struct buf out = {0};

    put_additions(&in, OPS, each);
    ck_assert_uint_le(in.size, CHANGE_PLAIN_BYTES_MAX);
    ck_assert_uint_gt(in.size + OPS, CHANGE_PLAIN_BYTES_MAX);
    ck_assert_int_eq(recode(buf_bytes(&in), &out), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
    buf_clear(&in);
    put_additions(&in, OPS, each + 1);
    ck_assert_uint_gt(in.size, CHANGE_PLAIN_BYTES_MAX);
    ck_assert_int_eq(recode(buf_bytes(&in), &out), ERR_TOO_BIG);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* A dot that lies where the author may name it. */
static struct op_id
random_dot(struct prng *prng)
{
    struct op_id id = {.op = (uint16_t)prng_below(prng, 504)};
    uint32_t logs[] = {
        f.author.log, f.author.table[1], f.author.table[2], f.new_table[0]};

    id.dot.log = logs[prng_below(prng, 4)];
    id.dot.position = prng_below(prng, APPLIED);
    return id;
}

enum { RANDOM_OPS = 20, RANDOM_DOTS = 6 };

/* One operation of any shape; its value is the byte at `value`. */
static struct change_op
random_op(struct prng *prng, struct op_id *dots, uint8_t *value)
{
    struct change_op op = {.field = (uint16_t)prng_next(prng)};

    op.action = (uint8_t)prng_below(prng, 4);
    op.has_value = op.action <= ACTION_ADD ||
                   (op.action == ACTION_REMOVE && prng_below(prng, 2) == 0);
    *value = (uint8_t)prng_below(prng, 24);
    op.value = bytes_of(value, 1);
    op.has_reason = op.action == ACTION_SET && prng_below(prng, 2) == 0;
    op.reason = bytes_text("because");
    if (op.action >= ACTION_REMOVE) {
        op.dot_count = 1 + prng_below(prng, RANDOM_DOTS);
        op.dots = dots;
        for (size_t i = 0; i < op.dot_count; i++) {
            dots[i] = random_dot(prng);
            dots[i].op = (uint16_t)(dots[i].op / RANDOM_DOTS * RANDOM_DOTS + i);
        }
    }
    op.is_own = op.action == ACTION_TRANSFER && prng_below(prng, 2) == 0;
    if (op.action == ACTION_TRANSFER && !op.is_own) {
        prng_fill(prng, op.office.bytes, sizeof(op.office.bytes));
    }
    return op;
}

static bool
has_dot(const struct change_op *op, const struct op_id *id)
{
    for (size_t i = 0; i < op->dot_count; i++) {
        if (op->dots[i].dot.log == id->dot.log &&
            op->dots[i].dot.position == id->dot.position &&
            op->dots[i].op == id->op) {
            return true;
        }
    }
    return false;
}

static void
check_op(const struct change_op *a, const struct change_op *b)
{
    ck_assert_uint_eq(a->field, b->field);
    ck_assert_uint_eq(a->action, b->action);
    ck_assert_int_eq(a->has_value, b->has_value);
    ck_assert_int_eq(a->has_reason, b->has_reason);
    if (a->has_value) {
        ck_assert(bytes_equal(a->value, b->value));
    }
    if (a->has_reason) {
        ck_assert(bytes_equal(a->reason, b->reason));
    }
    ck_assert_int_eq(a->is_own, b->is_own);
    ck_assert(office_id_equal(&a->office, &b->office));
    ck_assert_uint_eq(a->dot_count, b->dot_count);
    for (size_t i = 0; i < a->dot_count; i++) {
        ck_assert(has_dot(b, &a->dots[i]));
    }
}

START_TEST(changes_come_back_the_same)
{
    struct prng prng = prng_init(prng_seed(41 + (uint64_t)_i));
    struct op_id dots[RANDOM_OPS][RANDOM_DOTS];
    uint8_t values[RANDOM_OPS];
    struct change_op ops[RANDOM_OPS];
    struct change change = {.kind = (uint16_t)prng_next(&prng)};
    struct change back = {0};
    struct buf out = {0};
    struct buf again = {0};

    change.ops = ops;
    change.op_count = prng_below(&prng, RANDOM_OPS + 1);
    change.has_salt = prng_below(&prng, 2) == 0;
    prng_fill(&prng, change.record.bytes, sizeof(change.record.bytes));
    prng_fill(&prng, change.salt.bytes, sizeof(change.salt.bytes));
    for (size_t i = 0; i < change.op_count; i++) {
        ops[i] = random_op(&prng, dots[i], &values[i]);
    }
    ck_assert_int_eq(change_encode(&out, &change, &f.author, &f.clock), ERR_OK);
    ck_assert_int_eq(
        change_decode(&back, buf_bytes(&out), &f.author, &f.clock), ERR_OK);
    ck_assert(record_id_equal(&back.record, &change.record));
    ck_assert_uint_eq(back.kind, change.kind);
    ck_assert_uint_eq(back.op_count, change.op_count);
    for (size_t i = 0; i < change.op_count; i++) {
        check_op(&ops[i], &back.ops[i]);
    }
    ck_assert_int_eq(change_encode(&again, &back, &f.author, &f.clock), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
    change_release(&back);
    change_release(NULL);
    buf_release(&out);
    buf_release(&again);
}
END_TEST

/* Encode one operation that the reader would not take. */
static enum err
encode_one(const struct change_op *op)
{
    struct change_op copy = *op;
    struct change change = {.ops = &copy, .op_count = 1};
    struct buf out = {0};
    enum err rc = ERR_OK;

    buf_put_u8(&out, 1);
    rc = change_encode(&out, &change, &f.author, &f.clock);
    ck_assert(rc == ERR_OK || out.size == 1);
    buf_release(&out);
    return rc;
}

START_TEST(the_writer_refuses_what_the_reader_would)
{
    struct op_id dots[2] = {{{0, 0}, 0}, {{0, 0}, 0}};
    struct change_op set = {.has_value = true, .value = bytes_text("\x01")};
    struct change_op removal = {
        .action = ACTION_REMOVE, .dots = dots, .dot_count = 1};
    struct change parent = {.has_parent = true};
    struct buf out = {0};

    dots[0].dot.log = f.author.log;
    dots[1] = dots[0];
    ck_assert_int_eq(encode_one(&set), ERR_OK);
    ck_assert_int_eq(encode_one(&removal), ERR_OK);
    set.value = bytes_text("\x01\x01");
    ck_assert_int_eq(encode_one(&set), ERR_MALFORMED);
    set.value = bytes_text("\x18\x01");
    ck_assert_int_eq(encode_one(&set), ERR_MALFORMED);
    set.value = bytes_text("\x01");
    set.has_reason = true;
    set.reason = bytes_text("\xff");
    ck_assert_int_eq(encode_one(&set), ERR_MALFORMED);
    set.action = 4;
    ck_assert_int_eq(encode_one(&set), ERR_MALFORMED);
    removal.dot_count = 2;
    ck_assert_int_eq(encode_one(&removal), ERR_MALFORMED);
    dots[1].op = CHANGE_OPS_MAX;
    ck_assert_int_eq(encode_one(&removal), ERR_MALFORMED);
    dots[1] = (struct op_id){{f.author.log, APPLIED}, 0};
    ck_assert_int_eq(encode_one(&removal), ERR_MALFORMED);
    dots[1] = (struct op_id){{77, 0}, 0};
    ck_assert_int_eq(encode_one(&removal), ERR_NOT_FOUND);
    ck_assert_int_eq(
        change_encode(&out, &parent, &f.author, NULL), ERR_MALFORMED);
    ck_assert_uint_eq(out.size, 0);
}
END_TEST

START_TEST(changes_survive_each_failed_allocation)
{
    struct buf in = {0};

    put_hex(&in, "83" RECORD "0383830002860004000200008300028300030083010101");
    for (long n = 0;; n++) {
        struct buf out = {0};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = recode(buf_bytes(&in), &out);
        buf_release(&out);
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    mem_fault_after(-1);
    buf_release(&in);
}
END_TEST

START_TEST(a_record_id_is_a_time_and_its_makers_hash)
{
    struct corridor_id corridor = {{1}};
    struct node_id node = {{2}};
    struct record_salt salt = {{3}};
    struct record_id id = {{0}};
    struct buf item = {0};
    struct hash hash = {{0}};

    cbor_put_array(&item, 4);
    cbor_put_cstr(&item, "corridor/record/1");
    cbor_put_bytes(&item, bytes_of(corridor.bytes, sizeof(corridor.bytes)));
    cbor_put_bytes(&item, bytes_of(node.bytes, sizeof(node.bytes)));
    cbor_put_bytes(&item, bytes_of(salt.bytes, sizeof(salt.bytes)));
    hash_blake2b(&hash, buf_bytes(&item));
    record_id_make(&id, &corridor, &node, &salt, 0x010203040506);
    ck_assert_mem_eq(id.bytes, "\x01\x02\x03\x04\x05\x06", 6);
    ck_assert_mem_eq(id.bytes + 6, hash.bytes, 10);
    record_id_make(&id, &corridor, &node, &salt, UINT64_MAX);
    ck_assert_mem_eq(id.bytes, "\xff\xff\xff\xff\xff\xff", 6);
    buf_release(&item);
}
END_TEST

START_TEST(nobody_else_makes_a_record_id)
{
    struct corridor_id corridor = {{1}};
    struct node_id node = {{2}};
    struct record_salt salt = {{3}};
    struct record_id id = {{0}};
    struct record_id other = {{0}};

    record_id_make(&id, &corridor, &node, &salt, 5);
    ck_assert(record_id_made_by(&id, &corridor, &node, &salt));
    other = id;
    other.bytes[5] ^= 1; /* its time is its own affair */
    ck_assert(record_id_made_by(&other, &corridor, &node, &salt));
    other.bytes[15] ^= 1;
    ck_assert(!record_id_made_by(&other, &corridor, &node, &salt));
    salt.bytes[15] ^= 1;
    ck_assert(!record_id_made_by(&id, &corridor, &node, &salt));
    salt.bytes[15] ^= 1;
    node.bytes[31] ^= 1;
    ck_assert(!record_id_made_by(&id, &corridor, &node, &salt));
    node.bytes[31] ^= 1;
    corridor.bytes[31] ^= 1;
    ck_assert(!record_id_made_by(&id, &corridor, &node, &salt));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("change");
    TCase *tcase = tcase_create("change");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_change_obeys_each_rule, 0,
        sizeof(changes) / sizeof(changes[0]));
    tcase_add_test(tcase, a_change_has_limits);
    tcase_add_test(tcase, a_change_is_at_most_256_kib);
    tcase_add_loop_test(tcase, changes_come_back_the_same, 0, 50);
    tcase_add_test(tcase, the_writer_refuses_what_the_reader_would);
    tcase_add_test(tcase, changes_survive_each_failed_allocation);
    tcase_add_test(tcase, a_record_id_is_a_time_and_its_makers_hash);
    tcase_add_test(tcase, nobody_else_makes_a_record_id);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
