/* SPDX-License-Identifier: Apache-2.0 */
/* Headers as bytes: what is refused, and that one value has one encoding. */
#include "sync/model/entry.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { POSITION = 5 };

#define SEAL \
    "5818" \
    "000102030405060708090a0b0c0d0e0f1011121314151617"
#define ZEROS15 "000000000000000000000000000000"
#define ID(first, kind) "5821" first ZEROS15 ZEROS15 "00" kind
#define HASH32 \
    "5820" \
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define POS_MAX "1b7ffffffffffffffe"
#define SIZE_MAX_HEX "1b7fffffffffffffff"
#define SIZE_OVER "1b8000000000000000"

static struct log_id
log_of(uint8_t first, enum log_kind kind)
{
    struct log_id id = {.kind = (uint8_t)kind};

    id.node.bytes[0] = first;
    return id;
}

/*
 * An author that has POSITION entries and counts: itself (0), its other log
 * (1), and 2: log 20 control with 7, 3: log 30, control or changes, with 8.
 */
struct fixture {
    struct log_table logs;
    struct author author;
};

static void
author_setup(struct fixture *f, enum log_kind kind)
{
    struct log_id own = log_of(0x10, kind);
    struct header_clock clock = {0};
    struct header header = {.elapsed = 9};
    struct delta_item items[2] = {{0, 7}, {0, 8}};
    struct log_id named[2] = {log_of(0x20, LOG_CONTROL), log_of(0x30, kind)};
    uint32_t table[2];

    *f = (struct fixture){0};
    ck_assert_int_eq(author_init(&f->author, &f->logs, &own), ERR_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(log_table_add(&f->logs, &named[i], &table[i]), ERR_OK);
        items[i].log = table[i];
    }
    clock.clock = (struct delta){items, 2, 2};
    clock.new_table = table;
    clock.new_count = 2;
    for (int i = 0; i < POSITION; i++) {
        ck_assert_int_eq(
            author_advance(&f->author, i == 0 ? &clock : NULL, &header, 3),
            ERR_OK);
    }
}

static void
author_teardown(struct fixture *f)
{
    author_release(&f->author);
    log_table_release(&f->logs);
}

/* The clock that a delta leads to. */
static void
absolute(
    struct vclock *out, const struct vclock *before, const struct delta *delta)
{
    ck_assert_int_eq(vclock_copy(out, before), ERR_OK);
    for (size_t i = 0; i < delta->count; i++) {
        ck_assert_uint_gt(
            delta->items[i].size, vclock_get(before, delta->items[i].log));
        ck_assert_int_eq(
            vclock_raise(out, delta->items[i].log, delta->items[i].size),
            ERR_OK);
    }
}

/* The parts of a decoded header, in local numbers, to write it again. */
struct parts {
    struct header_clock clock;
    struct vclock now;
    struct vclock seen;
    struct grant_out grants[ENTRY_GRANTS_MAX];
    struct header_out out;
};

static enum err
collect(
    struct parts *p, const struct author *author, const struct header *header)
{
    bool known = true;

    p->out = (struct header_out){.time = author->time + header->elapsed,
        .has_key = header->has_key,
        .has_grants = header->has_grants,
        .commitment = header->creates_key ? &header->commitment : NULL,
        .class = header->class,
        .grants = p->grants,
        .grant_count = header->grant_count};
    p->out.clock = &p->now;
    p->out.seen = author->id.kind == LOG_CONTROL ? &p->seen : NULL;
    known &= author_resolve(author, &p->clock, header->key, &p->out.key);
    known &= author_resolve(
        author, &p->clock, header->grants_key, &p->out.grants_key);
    for (size_t i = 0; i < header->grant_count; i++) {
        struct grant grant = {0};

        header_grant(&grant, header, i);
        p->grants[i] = (struct grant_out){
            {0}, grant.mode, grant.purpose, grant.has_expiry, grant.expiry_ms};
        known &= author_resolve(
            author, &p->clock, grant.generation, &p->grants[i].generation);
    }
    absolute(&p->now, &author->clock, &p->clock.clock);
    absolute(&p->seen, &author->seen, &p->clock.seen);
    return known ? ERR_OK : ERR_MALFORMED;
}

static enum err
recode(enum log_kind kind, struct bytes bytes, struct buf *out)
{
    struct fixture f;
    struct header header = {0};
    static struct parts empty;
    struct parts parts = empty;
    size_t logs = 0;
    enum err rc = header_decode(&header, bytes, kind, POSITION);

    author_setup(&f, kind);
    logs = f.logs.count;
    if (rc == ERR_OK) {
        ck_assert_uint_eq(
            header.unsealed.size + ENTRY_SEAL_ITEM_BYTES, bytes.size);
        rc = header_clock_resolve(&parts.clock, &f.author, &f.logs, &header);
    }
    if (rc == ERR_OK) {
        rc = collect(&parts, &f.author, &header);
    } else {
        ck_assert_uint_eq(f.logs.count, logs);
    }
    if (rc == ERR_OK) {
        ck_assert_int_eq(
            header_encode(out, &f.author, &f.logs, &parts.out), ERR_OK);
        header_put_seal(out, &header.seal);
    }
    header_clock_release(&parts.clock);
    vclock_release(&parts.now);
    vclock_release(&parts.seen);
    author_teardown(&f);
    return rc;
}

static enum err
recode_changes(struct bytes bytes, struct buf *out)
{
    return recode(LOG_CHANGES, bytes, out);
}

static enum err
recode_control(struct bytes bytes, struct buf *out)
{
    return recode(LOG_CONTROL, bytes, out);
}

static void
put_hex(struct buf *out, const char *hex)
{
    size_t size = strlen(hex);
    uint8_t *room = buf_extend(out, size / 2);

    ck_assert_ptr_nonnull(room);
    ck_assert(hex_decode(hex, size, room, size / 2));
}

/* Headers of a changes log, without the array's head and the seal. */
static const struct {
    const char *name;
    enum err rc;
    const char *hex;
} headers[] = {
    {"nothing but a time", ERR_OK, "0080f6f6"},
    {"the greatest time", ERR_OK, "1bfffffffffffffff680f6f6"},
    {"a time beyond the greatest", ERR_MALFORMED, "1bfffffffffffffff780f6f6"},
    {"one increase", ERR_OK, "00820201f6f6"},
    {"the other log", ERR_OK, "00820101f6f6"},
    {"all increases", ERR_OK, "0086010102020303f6f6"},
    {"the own log", ERR_MALFORMED, "00820001f6f6"},
    {"an increase of zero", ERR_MALFORMED, "00820200f6f6"},
    {"indices equal", ERR_MALFORMED, "008402010201f6f6"},
    {"indices falling", ERR_MALFORMED, "008403010201f6f6"},
    {"an index beyond", ERR_MALFORMED, "00820401f6f6"},
    {"an odd count", ERR_MALFORMED, "0083020103f6f6"},
    {"a sum at the limit", ERR_OK, "0082021b7ffffffffffffff8f6f6"},
    {"a sum beyond it", ERR_MALFORMED, "0082021b7ffffffffffffff9f6f6"},
    {"an increase beyond all", ERR_MALFORMED, "008201" SIZE_OVER "f6f6"},
    {"a new log", ERR_OK, "0082" ID("15", "00") "01f6f6"},
    {"a new log, all of it", ERR_OK, "0082" ID("15", "01") SIZE_MAX_HEX "f6f6"},
    {"new logs ascending", ERR_OK,
        "0084" ID("15", "00") "01" ID("15", "01") "01f6f6"},
    {"new logs falling", ERR_MALFORMED,
        "0084" ID("15", "01") "01" ID("15", "00") "01f6f6"},
    {"a new log twice", ERR_MALFORMED,
        "0084" ID("15", "00") "01" ID("15", "00") "01f6f6"},
    {"an index after an id", ERR_MALFORMED, "0084" ID("15", "00") "010201f6f6"},
    {"a known log by id", ERR_MALFORMED, "0082" ID("20", "00") "01f6f6"},
    {"the own log by id", ERR_MALFORMED, "0082" ID("10", "01") "01f6f6"},
    {"the other log by id", ERR_MALFORMED, "0082" ID("10", "00") "01f6f6"},
    {"a kind of 2", ERR_MALFORMED, "0082" ID("15", "02") "01f6f6"},
    {"an older own key", ERR_OK, "008004f6"},
    {"a key at this entry", ERR_MALFORMED, "008005f6"},
    {"a key after it", ERR_MALFORMED, "008006f6"},
    {"another's key", ERR_OK, "008082021863f6"},
    {"another's key far on", ERR_OK, "00808202" POS_MAX "f6"},
    {"a key beyond all positions", ERR_MALFORMED, "00808202" SIZE_MAX_HEX "f6"},
    {"an own key by index", ERR_MALFORMED, "0080820004f6"},
    {"a key of an unknown log", ERR_MALFORMED, "0080820404f6"},
    {"a key of a log named here", ERR_OK, "0082" ID("15", "00") "01820400f6"},
    {"a key with three parts", ERR_MALFORMED, "008083020400f6"},
    {"a key that is text", ERR_MALFORMED, "00806130f6"},
    {"creates its key", ERR_OK, "00800583" HASH32 "028502000000f6"},
    {"creates a key for later", ERR_OK, "0080f683" HASH32 "028502000000f6"},
    {"two grants, one that expires", ERR_OK,
        "00800584" HASH32 "038502000000f6850307010419ffff"},
    {"grants an older own key", ERR_OK, "0080048304008502000000f6"},
    {"grants another's key", ERR_OK, "0080f683820211018502000000f6"},
    {"grants a key at this entry", ERR_MALFORMED, "0080f68305008502000000f6"},
    {"stands under a key that others create", ERR_MALFORMED,
        "0080058304008502000000f6"},
    {"a class of 4", ERR_MALFORMED, "00800583" HASH32 "048502000000f6"},
    {"no grants in them", ERR_MALFORMED, "00800582" HASH32 "02"},
    {"a short commitment", ERR_MALFORMED, "0080058342a0a1028502000000f6"},
    {"a mode of 2", ERR_MALFORMED, "00800583" HASH32 "028502000200f6"},
    {"a purpose of 5", ERR_MALFORMED, "00800583" HASH32 "028502000005f6"},
    {"a grant of four", ERR_MALFORMED, "00800583" HASH32 "028402000000"},
    {"a generation of an unknown log", ERR_MALFORMED,
        "00800583" HASH32 "028504000000f6"},
    {"a generation in this log", ERR_OK, "00800583" HASH32 "028500040000f6"},
    {"a generation at this entry", ERR_MALFORMED,
        "00800583" HASH32 "028500050000f6"},
    {"a generation of a log named here", ERR_OK,
        "0082" ID("15", "00") "010583" HASH32 "028504000000f6"},
    {"a negative time", ERR_MALFORMED, "2080f6f6"},
    {"a longer form", ERR_MALFORMED, "180080f6f6"},
    {"a clock that is null", ERR_MALFORMED, "00f6f6f6"},
};

static void
put_whole(struct buf *out, const char *head, const char *middle)
{
    put_hex(out, head);
    put_hex(out, middle);
    put_hex(out, SEAL);
}

START_TEST(a_changes_header_obeys_each_rule)
{
    struct buf in = {0};
    struct buf out = {0};
    enum err rc = ERR_OK;

    put_whole(&in, "85", headers[_i].hex);
    rc = recode_changes(buf_bytes(&in), &out);
    ck_assert_msg(rc == headers[_i].rc, "%s: %d", headers[_i].name, rc);
    if (rc == ERR_OK) {
        ck_assert_uint_gt(mutation_run(buf_bytes(&in), recode_changes), 0);
    }
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* Headers of a control log: index 1 is the changes log, 2 and 3 control. */
static const struct {
    const char *name;
    enum err rc;
    const char *hex;
} controls[] = {
    {"nothing", ERR_OK, "0080f6f680"},
    {"control logs in the clock", ERR_OK, "008402010301f6f680"},
    {"a changes log in it", ERR_MALFORMED, "00820101f6f680"},
    {"a new changes log in it", ERR_MALFORMED,
        "0082" ID("15", "01") "01f6f680"},
    {"the changes log seen", ERR_OK, "0080f6f6820101"},
    {"a control log seen", ERR_MALFORMED, "0080f6f6820201"},
    {"a new control log seen", ERR_MALFORMED, "0080f6f682" ID("15", "00") "01"},
    {"new logs in both", ERR_OK,
        "0082" ID("15", "00") "09820400f682" ID("11", "01") "08"},
    {"a key of a log that seen names", ERR_OK,
        "0082" ID("15", "00") "09820500f682" ID("11", "01") "08"},
    {"a key beyond both", ERR_MALFORMED,
        "0082" ID("15", "00") "09820600f682" ID("11", "01") "08"},
    {"no seen", ERR_MALFORMED, "0080f6f6"},
    {"a sum of seen beyond the limit", ERR_MALFORMED, "0080f6f68201" SIZE_OVER},
};

START_TEST(a_control_header_obeys_each_rule)
{
    struct buf in = {0};
    struct buf out = {0};
    enum err rc = ERR_OK;

    put_whole(&in, "86", controls[_i].hex);
    rc = recode_control(buf_bytes(&in), &out);
    ck_assert_msg(rc == controls[_i].rc, "%s: %d", controls[_i].name, rc);
    if (rc == ERR_OK) {
        ck_assert_uint_gt(mutation_run(buf_bytes(&in), recode_control), 0);
    }
    buf_release(&in);
    buf_release(&out);
}
END_TEST

START_TEST(a_header_has_as_many_items_as_its_log_asks)
{
    struct buf in = {0};
    struct buf out = {0};

    put_whole(&in, "85", "0080f6f680");
    ck_assert_int_eq(recode_changes(buf_bytes(&in), &out), ERR_MALFORMED);
    ck_assert_int_eq(recode_control(buf_bytes(&in), &out), ERR_MALFORMED);
    buf_clear(&in);
    put_whole(&in, "86", "0080f6f680");
    ck_assert_int_eq(recode_changes(buf_bytes(&in), &out), ERR_MALFORMED);
    ck_assert_int_eq(recode_control(buf_bytes(&in), &out), ERR_OK);
    put_hex(&in, "00");
    ck_assert_int_eq(recode_control(buf_bytes(&in), &out), ERR_MALFORMED);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* A header with this many grants of one kind. */
static void
put_grants(struct buf *out, size_t count)
{
    put_hex(out, "85008005");
    cbor_put_array(out, 2 + count);
    put_hex(out, HASH32 "02");
    for (size_t i = 0; i < count; i++) {
        put_hex(out, "8502");
        cbor_put_uint(out, i);
        cbor_put_uint(out, i % 2);
        put_hex(out, "00f6");
    }
    put_hex(out, SEAL);
}

START_TEST(a_header_holds_at_most_64_grants)
{
    struct buf in = {0};
    struct buf out = {0};
    struct header header = {0};
    struct grant grant = {0};

    put_grants(&in, ENTRY_GRANTS_MAX);
    ck_assert_int_eq(recode_changes(buf_bytes(&in), &out), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
    ck_assert_int_eq(
        header_decode(&header, buf_bytes(&in), LOG_CHANGES, POSITION), ERR_OK);
    for (size_t i = 0; i < ENTRY_GRANTS_MAX; i++) {
        header_grant(&grant, &header, i);
        ck_assert_uint_eq(grant.generation.position, i);
        ck_assert_uint_eq(grant.mode, i % 2);
    }
    buf_clear(&in);
    put_grants(&in, ENTRY_GRANTS_MAX + 1);
    ck_assert_int_eq(recode_changes(buf_bytes(&in), &out), ERR_MALFORMED);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* An increase that takes as many of the extra bytes as one can. */
static uint64_t
stretched(size_t *extra)
{
    static const struct {
        size_t bytes;
        uint64_t value;
    } forms[] = {{8, UINT64_C(1) << 32}, {4, 1 << 16}, {2, 1 << 8}, {1, 24}};

    for (size_t i = 0; i < 4; i++) {
        if (*extra >= forms[i].bytes) {
            *extra -= forms[i].bytes;
            return forms[i].value;
        }
    }
    return 1;
}

/* `count` new logs of 36 bytes, 33 bytes around them, and `extra` bytes. */
static void
put_logs(struct buf *out, size_t count, size_t extra)
{
    put_hex(out, "8500");
    cbor_put_array(out, 2 * count);
    for (size_t i = 0; i < count; i++) {
        struct log_id id = log_of(0x40, LOG_CHANGES);
        uint8_t bytes[LOG_ID_BYTES];

        id.node.bytes[1] = (uint8_t)(i >> 8);
        id.node.bytes[2] = (uint8_t)i;
        log_id_encode(bytes, &id);
        cbor_put_bytes(out, bytes_of(bytes, sizeof(bytes)));
        cbor_put_uint(out, stretched(&extra));
    }
    put_hex(out, "f6f6" SEAL);
}

START_TEST(a_header_is_at_most_60_kib)
{
    const size_t count = 1705;
    const size_t extra = ENTRY_HEADER_BYTES_MAX - 33 - 36 * count;
    struct buf in = {0};
    struct buf out = {0};

    put_logs(&in, count, extra);
    ck_assert_uint_eq(in.size, ENTRY_HEADER_BYTES_MAX);
    ck_assert_int_eq(recode_changes(buf_bytes(&in), &out), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&in), buf_bytes(&out)));
    buf_clear(&in);
    put_logs(&in, count, extra + 1);
    ck_assert_uint_eq(in.size, ENTRY_HEADER_BYTES_MAX + 1);
    ck_assert_int_eq(recode_changes(buf_bytes(&in), &out), ERR_MALFORMED);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

START_TEST(the_writer_refuses_what_the_reader_would)
{
    struct fixture f;
    struct buf out = {0};
    struct hash commitment = {{1}};
    struct grant_out grants[ENTRY_GRANTS_MAX + 1] = {{{0}, 0, 0, false, 0}};
    struct header_out good = {.time = 10,
        .has_key = true,
        .has_grants = true,
        .commitment = &commitment,
        .grants = grants,
        .grant_count = 1};
    struct header_out bad = {0};

    author_setup(&f, LOG_CHANGES);
    good.clock = &f.author.clock;
    good.key = (struct dot){f.author.log, POSITION};
    for (size_t i = 0; i <= ENTRY_GRANTS_MAX; i++) {
        grants[i].generation = (struct dot){f.author.table[2], 3};
    }
    ck_assert_int_eq(header_encode(&out, &f.author, &f.logs, &good), ERR_OK);
    bad = good;
    bad.grant_count = 0;
    buf_clear(&out);
    buf_put_u8(&out, 0x77);
    ck_assert_int_eq(
        header_encode(&out, &f.author, &f.logs, &bad), ERR_MALFORMED);
    bad.grant_count = ENTRY_GRANTS_MAX + 1;
    ck_assert_int_eq(
        header_encode(&out, &f.author, &f.logs, &bad), ERR_TOO_BIG);
    bad = good;
    bad.commitment = NULL;
    ck_assert_int_eq(
        header_encode(&out, &f.author, &f.logs, &bad), ERR_MALFORMED);
    bad = good;
    bad.class = CLASS_COUNT;
    ck_assert_int_eq(
        header_encode(&out, &f.author, &f.logs, &bad), ERR_MALFORMED);
    bad = good;
    bad.key = (struct dot){77, 0};
    ck_assert_int_eq(
        header_encode(&out, &f.author, &f.logs, &bad), ERR_NOT_FOUND);
    grants[0].purpose = PURPOSE_EMERGENCY + 1;
    ck_assert_int_eq(
        header_encode(&out, &f.author, &f.logs, &good), ERR_MALFORMED);
    ck_assert_uint_eq(out.size, 1);
    author_teardown(&f);
    buf_release(&out);
}
END_TEST

START_TEST(writing_survives_each_failed_allocation)
{
    struct fixture f;
    struct vclock now = {0};
    struct log_id fresh = log_of(0x77, LOG_CONTROL);
    uint32_t log = 0;

    author_setup(&f, LOG_CHANGES);
    ck_assert_int_eq(log_table_add(&f.logs, &fresh, &log), ERR_OK);
    ck_assert_int_eq(vclock_copy(&now, &f.author.clock), ERR_OK);
    ck_assert_int_eq(vclock_raise(&now, log, 4), ERR_OK);
    for (long n = 0;; n++) {
        struct buf out = {0};
        struct header_out header = {.time = 9, .clock = &now};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = header_encode(&out, &f.author, &f.logs, &header);
        buf_release(&out);
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    mem_fault_after(-1);
    vclock_release(&now);
    author_teardown(&f);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("header");
    TCase *tcase = tcase_create("header");

    tcase_add_loop_test(tcase, a_changes_header_obeys_each_rule, 0,
        sizeof(headers) / sizeof(headers[0]));
    tcase_add_loop_test(tcase, a_control_header_obeys_each_rule, 0,
        sizeof(controls) / sizeof(controls[0]));
    tcase_add_test(tcase, a_header_has_as_many_items_as_its_log_asks);
    tcase_add_test(tcase, a_header_holds_at_most_64_grants);
    tcase_add_test(tcase, a_header_is_at_most_60_kib);
    tcase_add_test(tcase, the_writer_refuses_what_the_reader_would);
    tcase_add_test(tcase, writing_survives_each_failed_allocation);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
