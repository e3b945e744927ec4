/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/audit/scribe.h"

#include <check.h>
#include <string.h>

#include "sync/model/hlc.h"

enum { TICK_MS = 1000 };

void
scribe_init(struct scribe *scribe)
{
    memset(scribe, 0, sizeof(*scribe));
    world_init(&scribe->world);
    scribe->time = hlc_make(SCRIBE_START_MS, 0);
}

void
scribe_release(struct scribe *scribe)
{
    for (size_t i = 0; i < FEED_LOGS_MAX; i++) {
        author_release(&scribe->authors[i]);
    }
    feed_release(&scribe->feed);
    world_release(&scribe->world);
}

static uint64_t
tick(struct scribe *scribe)
{
    scribe->time += hlc_make(TICK_MS, 0);
    return scribe->time;
}

static struct author *
author_of(struct scribe *scribe, uint32_t log)
{
    ck_assert_uint_lt(log, FEED_LOGS_MAX);
    if (!scribe->has_author[log]) {
        struct log_id id = scribe->world.logs.ids[log];

        ck_assert_int_eq(
            author_init(&scribe->authors[log], &scribe->world.logs, &id),
            ERR_OK);
        scribe->has_author[log] = true;
    }
    return &scribe->authors[log];
}

/* Put an entry into the feed, and its author past it. */
static void
put_entry(
    struct scribe *scribe, struct author *author, const struct entry *entry)
{
    struct header_clock clock = {0};
    struct header header;
    enum err rc = header_decode(&header, entry->header,
        (enum log_kind)author->id.kind, author->applied);

    if (rc == ERR_OK) {
        rc = header_clock_resolve(&clock, author, &scribe->world.logs, &header);
    }
    if (rc == ERR_OK) {
        rc = author_advance(author, &clock, &header, 0);
    } else {
        rc = author_advance(author, NULL, NULL, 0);
    }
    ck_assert_int_eq(rc, ERR_OK);
    feed_put(&scribe->feed, &author->id, entry);
    header_clock_release(&clock);
}

static void
write_entry(struct scribe *scribe, struct author *author,
    const struct header_out *options, const struct entry *entry)
{
    struct entry whole = *entry;
    struct buf header = {0};
    struct seal seal = {{0}};

    ck_assert_int_eq(
        header_encode(&header, author, &scribe->world.logs, options), ERR_OK);
    header_put_seal(&header, &seal);
    ck_assert_int_eq(buf_err(&header), ERR_OK);
    whole.header = buf_bytes(&header);
    put_entry(scribe, author, &whole);
    buf_release(&header);
}

void
scribe_flush(struct scribe *scribe)
{
    for (; scribe->written < scribe->world.count; scribe->written++) {
        const struct control *control =
            &scribe->world.controls[scribe->written];
        struct header_out options = {.time = tick(scribe),
            .clock = &control->clock,
            .seen = &control->clock};
        struct entry entry = {.kind = ENTRY_CONTROL, .has_body = true};
        struct buf body = {0};

        statement_encode(&body, &control->statement);
        entry.body = buf_bytes(&body);
        write_entry(
            scribe, author_of(scribe, control->dot.log), &options, &entry);
        buf_release(&body);
    }
}

/* The change itself, once the statements before it are in the feed. */
static struct dot
write_change(struct scribe *scribe, const struct scribe_change *change)
{
    struct world_node *node = &scribe->world.nodes[change->by];
    struct author *author = author_of(scribe, node->changes);
    struct dot own = {node->changes, author->applied};
    struct hash commitment = {{1}};
    struct header_out options = {
        .time = change->time == 0 ? tick(scribe) : change->time,
        .clock = &node->clock,
        .has_key = true,
        .key = change->key == NULL ? own : *change->key,
        .has_grants = change->grant_count > 0,
        .grants_key = own,
        .class = change->class,
        .grants = change->grants,
        .grant_count = change->grant_count,
    };
    struct entry entry = {.kind = ENTRY_CHANGE, .has_body = true};

    if (change->creates) {
        options.commitment = &commitment;
    } else if (change->grants_key != NULL) {
        options.grants_key = *change->grants_key;
    }
    write_entry(scribe, author, &options, &entry);
    ck_assert_int_eq(
        vclock_raise(&node->clock, node->changes, author->applied), ERR_OK);
    return own;
}

struct dot
scribe_change(struct scribe *scribe, const struct scribe_change *change)
{
    scribe_flush(scribe);
    return write_change(scribe, change);
}

struct dot
scribe_raw(
    struct scribe *scribe, unsigned by, enum log_kind kind, struct bytes header)
{
    const struct world_node *node = &scribe->world.nodes[by];
    struct author *author =
        author_of(scribe, kind == LOG_CONTROL ? node->log : node->changes);
    struct dot own = {author->log, author->applied};
    struct entry entry = {
        .kind = kind == LOG_CONTROL ? ENTRY_CONTROL : ENTRY_CHANGE,
        .has_body = true,
        .header = header,
    };

    scribe_flush(scribe);
    own.position = author->applied;
    put_entry(scribe, author, &entry);
    return own;
}

const struct log_id *
scribe_id(const struct scribe *scribe, uint32_t log)
{
    return &scribe->world.logs.ids[log];
}

struct dot
scribe_dot(const struct scribe *scribe, size_t control)
{
    return scribe->world.controls[control].dot;
}

struct ledger *
scribe_run(struct scribe *scribe, struct heard *heard)
{
    struct feed_run run = {
        .corridor = scribe->world.corridor, .wall_ms = hlc_ms(scribe->time)};
    struct ledger *ledger = NULL;

    scribe_flush(scribe);
    ck_assert_int_eq(feed_run(&scribe->feed, &run, heard, &ledger), ERR_OK);
    return ledger;
}
