/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authors: what their headers count, followed by readers that number the
 * logs in another order.
 */
#include "sync/model/entry.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

enum { NODES = 6, ENTRIES = 60 };

static struct log_id
log_of(size_t node, enum log_kind kind)
{
    struct log_id id = {.kind = (uint8_t)kind};

    /* An order of ids that is not the order of numbers. */
    id.node.bytes[0] = (uint8_t)(node * 101);
    id.node.bytes[31] = (uint8_t)node;
    return id;
}

static uint32_t
number_of(struct log_table *logs, const struct log_id *id)
{
    uint32_t log = 0;

    ck_assert_int_eq(log_table_add(logs, id, &log), ERR_OK);
    return log;
}

/* What one side knows of the author. */
struct side {
    struct log_table logs;
    struct author author;
    struct header_clock clock;
};

static void
side_init(struct side *side, const struct log_id *id, bool reversed)
{
    *side = (struct side){0};
    for (size_t i = 0; i < NODES; i++) {
        size_t node = reversed ? NODES - 1 - i : i;

        /* The reader does not know all logs when it starts. */
        if (!reversed || node % 2 == 0) {
            struct log_id control = log_of(node, LOG_CONTROL);
            struct log_id changes = log_of(node, LOG_CHANGES);

            number_of(&side->logs, &control);
            number_of(&side->logs, &changes);
        }
    }
    ck_assert_int_eq(author_init(&side->author, &side->logs, id), ERR_OK);
}

static void
side_release(struct side *side)
{
    author_release(&side->author);
    header_clock_release(&side->clock);
    log_table_release(&side->logs);
}

/* Encoded and decoded again, an author is the same. */
static void
check_state(const struct side *side)
{
    struct buf out = {0};
    struct buf again = {0};
    struct author author = {0};

    ck_assert_int_eq(author_encode(&out, &side->author), ERR_OK);
    ck_assert_int_eq(
        author_decode(&author, &side->logs, buf_bytes(&out)), ERR_OK);
    ck_assert_int_eq(author_encode(&again, &author), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
    ck_assert(log_id_equal(&author.id, &side->author.id));
    ck_assert_uint_eq(author.log, side->author.log);
    ck_assert_uint_eq(author.applied, side->author.applied);
    ck_assert_uint_eq(author.time, side->author.time);
    ck_assert_uint_eq(author.rank, side->author.rank);
    ck_assert(vclock_equal(&author.clock, &side->author.clock));
    ck_assert(vclock_equal(&author.seen, &side->author.seen));
    author_release(&author);
    buf_release(&out);
    buf_release(&again);
}

/* Does the clock of one side say what that of the other says? */
static void
check_clocks(const struct side *a, const struct vclock *in_a,
    const struct side *b, const struct vclock *in_b)
{
    for (uint32_t log = 0; log < a->logs.count; log++) {
        uint32_t other = UINT32_MAX;

        log_table_find(&b->logs, &a->logs.ids[log], &other);
        ck_assert_uint_eq(vclock_get(in_a, log), vclock_get(in_b, other));
    }
}

/* Raise some logs of the writer's applied clock. */
static void
apply_some(struct vclock *applied, struct prng *prng, uint32_t logs)
{
    size_t times = prng_below(prng, 4);

    while (times-- > 0) {
        uint32_t log = (uint32_t)prng_below(prng, logs);
        uint64_t size = vclock_get(applied, log) + 1 + prng_below(prng, 300);

        ck_assert_int_eq(vclock_raise(applied, log, size), ERR_OK);
    }
}

/* Write one entry's header for all that is applied. */
static void
write_one(struct side *writer, const struct vclock *applied, struct prng *prng,
    struct buf *out)
{
    struct header_out header = {
        .time = writer->author.time + (prng_next(prng) >> 20),
        .clock = applied};
    struct seal seal = {{7}};

    if (writer->author.id.kind == LOG_CONTROL) {
        header.seen = applied;
    }
    header.has_key = true;
    header.key.log = (uint32_t)prng_below(prng, writer->logs.count);
    header.key.position = writer->author.applied / 2;
    if (header.key.log == writer->author.log &&
        header.key.position == writer->author.applied) {
        header.has_key = false;
    }
    if (header_encode(out, &writer->author, &writer->logs, &header) ==
        ERR_NOT_FOUND) {
        header.has_key = false;
        ck_assert_int_eq(
            header_encode(out, &writer->author, &writer->logs, &header),
            ERR_OK);
    }
    header_put_seal(out, &seal);
}

/* Take an encoded header in. */
static struct header
read_one(struct side *side, struct bytes encoded)
{
    struct header header = {0};

    ck_assert_int_eq(header_decode(&header, encoded, side->author.id.kind,
                         side->author.applied),
        ERR_OK);
    ck_assert_int_eq(
        header_clock_resolve(&side->clock, &side->author, &side->logs, &header),
        ERR_OK);
    ck_assert_int_eq(author_advance(&side->author, &side->clock, &header,
                         side->author.rank + 1),
        ERR_OK);
    return header;
}

/* The key means the same log to both sides. */
static void
check_key(
    const struct side *a, const struct side *b, const struct header *header)
{
    struct dot in_a = {0};
    struct dot in_b = {0};
    struct author_dot name = {0};

    if (!header->has_key) {
        return;
    }
    ck_assert(author_resolve(&a->author, NULL, header->key, &in_a));
    ck_assert(author_resolve(&b->author, NULL, header->key, &in_b));
    ck_assert(log_id_equal(&a->logs.ids[in_a.log], &b->logs.ids[in_b.log]));
    ck_assert(author_name(&b->author, in_b, &name));
    ck_assert_uint_eq(name.index, header->key.index);
    ck_assert_uint_eq(name.position, header->key.position);
}

/* One author's log, followed entry by entry. */
static void
follow(enum log_kind kind, struct prng *prng)
{
    struct log_id id = log_of(2, kind);
    struct side writer;
    struct side reader;
    struct vclock applied = {0};
    struct buf out = {0};

    side_init(&writer, &id, false);
    side_init(&reader, &id, true);
    for (int i = 0; i < ENTRIES; i++) {
        struct header header = {0};

        apply_some(&applied, prng, (uint32_t)writer.logs.count);
        buf_clear(&out);
        write_one(&writer, &applied, prng, &out);
        header = read_one(&writer, buf_bytes(&out));
        read_one(&reader, buf_bytes(&out));
        check_clocks(
            &writer, &writer.author.clock, &reader, &reader.author.clock);
        check_clocks(
            &reader, &reader.author.seen, &writer, &writer.author.seen);
        check_key(&writer, &reader, &header);
        ck_assert_uint_eq(reader.author.time, writer.author.time);
        ck_assert_uint_eq(vclock_get(&reader.author.clock, reader.author.log),
            reader.author.applied);
        check_state(&reader);
    }
    /* It was told all that was applied, but for its own log. */
    ck_assert_int_eq(
        vclock_raise(&applied, writer.author.log, ENTRIES), ERR_OK);
    for (uint32_t log = 0; log < applied.count; log++) {
        bool is_seen =
            kind == LOG_CONTROL && writer.logs.ids[log].kind == LOG_CHANGES;

        if (log != writer.author.log) {
            ck_assert_uint_eq(
                vclock_get(
                    is_seen ? &writer.author.seen : &writer.author.clock, log),
                vclock_get(&applied, log));
        }
    }
    vclock_release(&applied);
    buf_release(&out);
    side_release(&writer);
    side_release(&reader);
}

START_TEST(readers_follow_what_a_log_counts)
{
    uint64_t seed = prng_seed((uint64_t)_i + 1);
    struct prng prng = prng_init(seed);

    follow(LOG_CHANGES, &prng);
    follow(LOG_CONTROL, &prng);
}
END_TEST

START_TEST(a_malformed_entry_moves_only_the_count)
{
    struct log_id id = log_of(1, LOG_CHANGES);
    struct side side;

    side_init(&side, &id, false);
    side.author.time = 5;
    side.author.rank = 6;
    ck_assert_int_eq(author_advance(&side.author, NULL, NULL, 99), ERR_OK);
    ck_assert_uint_eq(side.author.applied, 1);
    ck_assert_uint_eq(side.author.time, 5);
    ck_assert_uint_eq(side.author.rank, 6);
    ck_assert_uint_eq(side.author.table_count, 2);
    ck_assert_uint_eq(vclock_get(&side.author.clock, side.author.log), 1);
    check_state(&side);
    side_release(&side);
}
END_TEST

/* An author that counts logs of every sort. */
static void
busy_side(struct side *side, enum log_kind kind)
{
    struct log_id id = log_of(3, kind);
    struct prng prng = prng_init(5);
    struct vclock applied = {0};
    struct buf out = {0};

    side_init(side, &id, false);
    for (uint32_t log = 0; log < 8; log++) {
        ck_assert_int_eq(vclock_raise(&applied, log, 20 + log), ERR_OK);
    }
    write_one(side, &applied, &prng, &out);
    read_one(side, buf_bytes(&out));
    vclock_release(&applied);
    buf_release(&out);
}

static enum err
recode_state(struct bytes bytes, struct buf *out, enum log_kind kind)
{
    struct side side;
    struct author author = {0};
    enum err rc = ERR_OK;

    busy_side(&side, kind);
    rc = author_decode(&author, &side.logs, bytes);
    if (rc == ERR_OK) {
        rc = author_encode(out, &author);
    }
    author_release(&author);
    side_release(&side);
    return rc;
}

static enum err
recode_changes_state(struct bytes bytes, struct buf *out)
{
    return recode_state(bytes, out, LOG_CHANGES);
}

static enum err
recode_control_state(struct bytes bytes, struct buf *out)
{
    return recode_state(bytes, out, LOG_CONTROL);
}

START_TEST(a_stored_author_is_read_as_hostile_bytes)
{
    struct side side;
    struct buf out = {0};

    busy_side(&side, LOG_CHANGES);
    ck_assert_int_eq(author_encode(&out, &side.author), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&out), recode_changes_state), 0);
    side_release(&side);
    buf_clear(&out);
    busy_side(&side, LOG_CONTROL);
    ck_assert_int_eq(author_encode(&out, &side.author), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&out), recode_control_state), 0);
    side_release(&side);
    buf_release(&out);
}
END_TEST

/* States of log 7, node 3's changes log; 6 is its control log. */
static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    enum err rc;
} states[] = {
    {"nothing applied", "\x86\x07\x00\x00\x00\x06\x00", 7, ERR_OK},
    {"its other log counted", "\x86\x07\x05\x01\x02\x06\x09", 7, ERR_OK},
    {"one more", "\x88\x07\x05\x01\x02\x06\x09\x01\x01", 9, ERR_OK},
    {"one more of size 0", "\x88\x07\x05\x01\x02\x06\x09\x01\x00", 9,
        ERR_MALFORMED},
    {"one twice", "\x8a\x07\x05\x01\x02\x06\x09\x01\x01\x01\x01", 11,
        ERR_MALFORMED},
    {"the other twice", "\x88\x07\x05\x01\x02\x06\x00\x06\x01", 9,
        ERR_MALFORMED},
    {"itself", "\x88\x07\x05\x01\x02\x06\x00\x07\x01", 9, ERR_MALFORMED},
    {"another's other log", "\x86\x07\x05\x01\x02\x04\x00", 7, ERR_MALFORMED},
    {"a log beyond the table", "\x88\x07\x05\x01\x02\x06\x09\x0c\x01", 9,
        ERR_MALFORMED},
    {"an author beyond it", "\x86\x0c\x05\x01\x02\x06\x09", 7, ERR_MALFORMED},
    {"no other log", "\x84\x07\x05\x01\x02", 5, ERR_MALFORMED},
    {"half a pair", "\x87\x07\x05\x01\x02\x06\x09\x01", 8, ERR_MALFORMED},
    {"more behind", "\x86\x07\x05\x01\x02\x06\x09\x01", 8, ERR_MALFORMED},
    {"sizes beyond all",
        "\x86\x07\x1b\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x06\x09", 15,
        ERR_MALFORMED},
    {"another's size beyond all",
        "\x86\x07\x05\x01\x02\x06\x1b\x80\x00\x00\x00\x00\x00\x00\x00", 15,
        ERR_MALFORMED},
};

START_TEST(a_stored_author_obeys_each_rule)
{
    struct buf out = {0};
    struct bytes bytes = bytes_of(states[_i].bytes, states[_i].size);
    enum err rc = recode_changes_state(bytes, &out);

    ck_assert_msg(rc == states[_i].rc, "%s: %d", states[_i].name, rc);
    if (rc == ERR_OK) {
        ck_assert(bytes_equal(buf_bytes(&out), bytes));
    }
    buf_release(&out);
}
END_TEST

START_TEST(the_table_of_logs_bounds_what_headers_name)
{
    struct log_id id = log_of(2, LOG_CHANGES);
    struct side writer;
    struct side reader;
    struct vclock applied = {0};
    struct prng prng = prng_init(1);
    struct header header = {0};
    struct buf out = {0};

    side_init(&writer, &id, false);
    side_init(&reader, &id, true);
    for (uint32_t log = 0; log < writer.logs.count; log++) {
        ck_assert_int_eq(vclock_raise(&applied, log, 1), ERR_OK);
    }
    write_one(&writer, &applied, &prng, &out);
    while (reader.logs.count < LOG_TABLE_MAX - 1) {
        struct log_id other = {.kind = LOG_CONTROL};

        prng_fill(&prng, other.node.bytes, sizeof(other.node.bytes));
        number_of(&reader.logs, &other);
    }
    ck_assert_int_eq(
        header_decode(&header, buf_bytes(&out), LOG_CHANGES, 0), ERR_OK);
    ck_assert_int_eq(header_clock_resolve(
                         &reader.clock, &reader.author, &reader.logs, &header),
        ERR_TOO_BIG);
    ck_assert_uint_eq(reader.logs.count, LOG_TABLE_MAX - 1);
    ck_assert_uint_eq(reader.clock.clock.count, 0);
    vclock_release(&applied);
    buf_release(&out);
    side_release(&writer);
    side_release(&reader);
}
END_TEST

/* Resolve and advance with the nth allocation failing. */
static bool
try_read(struct bytes encoded, const struct log_id *id, long n)
{
    struct side side;
    struct header header = {0};
    enum err rc = ERR_OK;

    side_init(&side, id, true);
    ck_assert_int_eq(
        header_decode(&header, encoded, (enum log_kind)id->kind, 0), ERR_OK);
    mem_fault_after(n);
    rc = header_clock_resolve(&side.clock, &side.author, &side.logs, &header);
    if (rc == ERR_OK) {
        rc = author_advance(&side.author, &side.clock, &header, 1);
    }
    if (!mem_fault_hit()) {
        mem_fault_after(-1);
        ck_assert_int_eq(rc, ERR_OK);
        ck_assert_uint_eq(side.author.applied, 1);
        side_release(&side);
        return false;
    }
    mem_fault_after(-1);
    ck_assert_int_eq(rc, ERR_NOMEM);
    ck_assert_uint_eq(side.author.applied, 0);
    ck_assert_uint_eq(side.author.table_count, 2);
    ck_assert_uint_eq(vclock_get(&side.author.clock, side.author.log), 0);
    /* Once there is memory, all of it works. */
    read_one(&side, encoded);
    side_release(&side);
    return true;
}

START_TEST(reading_survives_each_failed_allocation)
{
    struct log_id id = log_of(2, LOG_CONTROL);
    struct side writer;
    struct vclock applied = {0};
    struct prng prng = prng_init(1);
    struct buf out = {0};

    side_init(&writer, &id, false);
    for (uint32_t log = 0; log < writer.logs.count; log++) {
        ck_assert_int_eq(vclock_raise(&applied, log, 1), ERR_OK);
    }
    write_one(&writer, &applied, &prng, &out);
    for (long n = 0; try_read(buf_bytes(&out), &id, n); n++) {
    }
    vclock_release(&applied);
    buf_release(&out);
    side_release(&writer);
}
END_TEST

START_TEST(starting_survives_each_failed_allocation)
{
    struct log_id id = log_of(2, LOG_CONTROL);

    for (long n = 0;; n++) {
        struct log_table logs = {0};
        struct author author = {0};
        struct author again = {0};
        struct buf out = {0};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = author_init(&author, &logs, &id);
        if (rc == ERR_OK) {
            rc = author_encode(&out, &author);
        }
        if (rc == ERR_OK) {
            rc = author_decode(&again, &logs, buf_bytes(&out));
        }
        author_release(&author);
        author_release(&again);
        author_release(NULL);
        buf_release(&out);
        log_table_release(&logs);
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    mem_fault_after(-1);
}
END_TEST

START_TEST(memory_is_used_again_from_entry_to_entry)
{
    struct log_id id = log_of(2, LOG_CHANGES);
    struct side writer;
    struct vclock applied = {0};
    struct prng prng = prng_init(1);
    struct buf out = {0};
    struct header header = {0};

    side_init(&writer, &id, false);
    for (int i = 0; i < 2; i++) {
        for (uint32_t log = 0; log < writer.logs.count; log++) {
            ck_assert_int_eq(
                vclock_raise(&applied, log, (uint64_t)i + 1), ERR_OK);
        }
        buf_clear(&out);
        write_one(&writer, &applied, &prng, &out);
        ck_assert_int_eq(header_decode(&header, buf_bytes(&out), LOG_CHANGES,
                             writer.author.applied),
            ERR_OK);
        /* From the second entry on, any allocation would fail. */
        mem_fault_after(i == 0 ? -1 : 0);
        ck_assert_int_eq(header_clock_resolve(&writer.clock, &writer.author,
                             &writer.logs, &header),
            ERR_OK);
        ck_assert_int_eq(
            author_advance(&writer.author, &writer.clock, &header, 1), ERR_OK);
        ck_assert(!mem_fault_hit());
        mem_fault_after(-1);
    }
    vclock_release(&applied);
    buf_release(&out);
    side_release(&writer);
}
END_TEST

START_TEST(dots_have_names_only_in_the_table)
{
    struct log_id id = log_of(2, LOG_CHANGES);
    struct side side;
    struct dot dot = {0};
    struct author_dot name = {0};
    uint32_t fresh[] = {9};
    struct header_clock clock = {.new_table = fresh, .new_count = 1};

    side_init(&side, &id, false);
    ck_assert(
        author_resolve(&side.author, NULL, (struct author_dot){0, 4}, &dot));
    ck_assert_uint_eq(dot.log, side.author.log);
    ck_assert_uint_eq(dot.position, 4);
    ck_assert(
        author_resolve(&side.author, NULL, (struct author_dot){1, 4}, &dot));
    ck_assert_uint_eq(side.logs.ids[dot.log].kind, LOG_CONTROL);
    ck_assert(
        !author_resolve(&side.author, NULL, (struct author_dot){2, 4}, &dot));
    ck_assert(
        author_resolve(&side.author, &clock, (struct author_dot){2, 4}, &dot));
    ck_assert_uint_eq(dot.log, 9);
    ck_assert(
        !author_resolve(&side.author, &clock, (struct author_dot){3, 4}, &dot));
    ck_assert(!author_resolve(
        &side.author, &clock, (struct author_dot){UINT32_MAX, 4}, &dot));
    dot = (struct dot){9, 3};
    ck_assert(!author_name(&side.author, dot, &name));
    ck_assert(author_name_with(&side.author, &clock, dot, &name));
    ck_assert_uint_eq(name.index, 2);
    dot.log = 8;
    ck_assert(!author_name_with(&side.author, &clock, dot, &name));
    side_release(&side);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("author");
    TCase *tcase = tcase_create("author");

    tcase_add_loop_test(tcase, readers_follow_what_a_log_counts, 0, 20);
    tcase_add_test(tcase, a_malformed_entry_moves_only_the_count);
    tcase_add_test(tcase, a_stored_author_is_read_as_hostile_bytes);
    tcase_add_loop_test(tcase, a_stored_author_obeys_each_rule, 0,
        sizeof(states) / sizeof(states[0]));
    tcase_add_test(tcase, the_table_of_logs_bounds_what_headers_name);
    tcase_add_test(tcase, reading_survives_each_failed_allocation);
    tcase_add_test(tcase, starting_survives_each_failed_allocation);
    tcase_add_test(tcase, memory_is_used_again_from_entry_to_entry);
    tcase_add_test(tcase, dots_have_names_only_in_the_table);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
