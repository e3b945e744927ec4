/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger fed with hostile logs. The input:
 *
 *     corridor id 32 | nodes u8 | node id 32 each | entries
 *     entry = log u8 (node * 2 + kind) | kind u8 | body's state u8
 *             | header size u16 | header | body size u16 | body
 *
 * Whatever they hold, in whichever order logs are given, the verdicts are the
 * same; and each finding has its sentence.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "sync/audit/ledger.h"
#include "tests/fuzz/fuzz.h"

enum { NODES_FED = 8, ENTRIES_FED = 64, WALL_MS = 1000000 };

struct fed_log {
    struct log_id id;
    struct ledger_entry entries[ENTRIES_FED];
    size_t count;
};

struct fed {
    struct corridor_id corridor;
    struct fed_log logs[2 * NODES_FED];
    size_t count;
    uint64_t sum; /* over what was judged */
};

static enum err
give(void *context, size_t handle, uint64_t position, struct ledger_entry *out)
{
    const struct fed *fed = context;

    assert(handle < fed->count && position <= fed->logs[handle].count);
    /* Each log is said to be longer by one than it is. */
    if (position == fed->logs[handle].count) {
        return ERR_NOT_FOUND;
    }
    *out = fed->logs[handle].entries[position];
    return ERR_OK;
}

static enum err
say(void *context, const struct ledger_finding *finding)
{
    struct buf text = {0};

    (void)context;
    ledger_finding_put(&text, finding, NULL);
    assert(buf_err(&text) == ERR_OK && text.data[text.size - 1] == '.');
    buf_release(&text);
    return ERR_OK;
}

/* Any order of telling gives the same sum. */
static enum err
add_up(void *context, const struct ledger_judged *judged)
{
    struct fed *fed = context;
    uint64_t part = judged->position * 31 + (uint64_t)judged->reason;

    part = (part + judged->log.kind + judged->log.node.bytes[0]) * 0x9e3779b1;
    fed->sum += (part ^ judged->rank) * 0x9e3779b1;
    return ERR_OK;
}

static bool
read_entry(struct cursor *cursor, struct fed *fed)
{
    uint8_t log = cursor_u8(cursor);
    struct ledger_entry entry = {
        .kind = cursor_u8(cursor), .body_state = cursor_u8(cursor) % 5};

    entry.header = cursor_take(cursor, cursor_u16(cursor));
    entry.body = cursor_take(cursor, cursor_u16(cursor));
    if (cursor->failed || log >= fed->count ||
        fed->logs[log].count == ENTRIES_FED) {
        return false;
    }
    fed->logs[log].entries[fed->logs[log].count++] = entry;
    return true;
}

static bool
read_fed(struct fed *fed, const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_init(bytes_of(data, size));
    size_t nodes = 0;

    cursor_copy(&cursor, fed->corridor.bytes, sizeof(fed->corridor.bytes));
    nodes = cursor_u8(&cursor);
    if (cursor.failed || nodes > NODES_FED) {
        return false;
    }
    fed->count = 2 * nodes;
    for (size_t i = 0; i < fed->count; i += 2) {
        cursor_copy(&cursor, fed->logs[i].id.node.bytes, 32);
        fed->logs[i + 1].id = fed->logs[i].id;
        fed->logs[i + 1].id.kind = LOG_CHANGES;
    }
    while (cursor_left(&cursor) > 0 && read_entry(&cursor, fed)) {
    }
    return !cursor.failed;
}

static uint64_t
judge(struct fed *fed, bool backwards)
{
    struct ledger_options options = {
        .corridor = fed->corridor,
        .wall_ms = WALL_MS,
        .source = {give, fed},
        .watch = {.context = fed, .finding = say, .judged = add_up},
    };
    struct ledger *ledger = NULL;
    enum err rc = ledger_new(&ledger, &options);

    fed->sum = 0;
    for (size_t i = 0; i < fed->count && rc == ERR_OK; i++) {
        size_t at = backwards ? fed->count - 1 - i : i;
        struct ledger_log log = {.id = fed->logs[at].id,
            .size = fed->logs[at].count + 1,
            .handle = at};

        rc = ledger_add(ledger, &log);
    }
    if (rc == ERR_OK) {
        rc = ledger_run(ledger);
        assert(rc == ERR_OK);
    }
    ledger_free(ledger);
    return fed->sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fed *fed = mem_zalloc(1, sizeof(*fed));
    uint64_t sum = 0;

    assert(fed != NULL);
    if (read_fed(fed, data, size)) {
        sum = judge(fed, false);
        assert(judge(fed, true) == sum);
    }
    mem_free(fed);
    return 0;
}
