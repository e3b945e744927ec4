/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/audit/feed.h"

#include <check.h>

#include "crypto/base/mem.h"

void
feed_release(struct feed *feed)
{
    for (size_t i = 0; i < feed->count; i++) {
        for (size_t at = 0; at < feed->logs[i].count; at++) {
            buf_release(&feed->logs[i].entries[at].header);
            buf_release(&feed->logs[i].entries[at].body);
        }
        mem_free(feed->logs[i].entries);
    }
    *feed = (struct feed){0};
}

struct feed_log *
feed_log(struct feed *feed, const struct log_id *id)
{
    for (size_t i = 0; i < feed->count; i++) {
        if (log_id_equal(&feed->logs[i].id, id)) {
            return &feed->logs[i];
        }
    }
    ck_assert_uint_lt(feed->count, FEED_LOGS_MAX);
    feed->logs[feed->count] = (struct feed_log){.id = *id};
    return &feed->logs[feed->count++];
}

struct feed_entry *
feed_put(struct feed *feed, const struct log_id *id, const struct entry *entry)
{
    struct feed_log *log = feed_log(feed, id);
    struct feed_entry *made = NULL;
    bool is_clear = entry->kind == ENTRY_CONTROL || entry->kind == ENTRY_ERASE;

    ck_assert_int_eq(mem_grow((void **)&log->entries, &log->capacity,
                         log->count + 1, sizeof(*log->entries)),
        ERR_OK);
    made = &log->entries[log->count++];
    *made = (struct feed_entry){.kind = entry->kind};
    buf_put_bytes(&made->header, entry->header);
    if (!entry->has_body) {
        made->body_state = BUNDLE_BODY_DENIED;
    } else if (!is_clear) {
        made->body_state = BUNDLE_BODY_HELD;
    } else {
        made->body_state = BUNDLE_BODY_HERE;
        buf_put_bytes(&made->body, entry->body);
    }
    ck_assert_int_eq(buf_err(&made->header), ERR_OK);
    ck_assert_int_eq(buf_err(&made->body), ERR_OK);
    return made;
}

static enum err
feed_read(
    void *context, size_t handle, uint64_t position, struct ledger_entry *out)
{
    struct feed *feed = context;
    const struct feed_log *log = &feed->logs[handle];
    const struct feed_entry *entry = NULL;

    feed->reads++;
    if (feed->fails != ERR_OK) {
        return feed->fails;
    }
    if (position >= log->count) {
        return ERR_NOT_FOUND;
    }
    entry = &log->entries[position];
    *out = (struct ledger_entry){
        .kind = entry->kind,
        .body_state = entry->body_state,
        .header = buf_bytes(&entry->header),
        .body = buf_bytes(&entry->body),
    };
    return ERR_OK;
}

void
heard_release(struct heard *heard)
{
    mem_free(heard->findings);
    mem_free(heard->grants);
    mem_free(heard->judged);
    *heard = (struct heard){0};
}

static enum err
hear_finding(void *context, const struct ledger_finding *finding)
{
    struct heard *heard = context;
    enum err rc = mem_grow((void **)&heard->findings, &heard->finding_capacity,
        heard->finding_count + 1, sizeof(*heard->findings));

    if (rc == ERR_OK) {
        heard->findings[heard->finding_count++] = *finding;
    }
    return rc;
}

static enum err
hear_grant(void *context, const struct ledger_grant *grant)
{
    struct heard *heard = context;
    enum err rc = mem_grow((void **)&heard->grants, &heard->grant_capacity,
        heard->grant_count + 1, sizeof(*heard->grants));

    if (rc == ERR_OK) {
        heard->grants[heard->grant_count++] = *grant;
    }
    return rc;
}

static enum err
hear_judged(void *context, const struct ledger_judged *judged)
{
    struct heard *heard = context;
    enum err rc = mem_grow((void **)&heard->judged, &heard->judged_capacity,
        heard->judged_count + 1, sizeof(*heard->judged));

    if (rc == ERR_OK) {
        heard->judged[heard->judged_count++] = *judged;
    }
    return rc;
}

static enum err
give(struct feed *feed, bool backwards, struct ledger *ledger)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < feed->count && rc == ERR_OK; i++) {
        size_t handle = backwards ? feed->count - 1 - i : i;
        const struct feed_log *log = &feed->logs[handle];
        struct ledger_log given = {
            .id = log->id,
            .size = log->claimed > log->count ? log->claimed : log->count,
            .handle = handle,
            .is_partial = log->is_partial,
        };

        rc = ledger_add(ledger, &given);
    }
    return rc;
}

enum err
feed_run(struct feed *feed, const struct feed_run *run, struct heard *heard,
    struct ledger **out)
{
    struct ledger_options options = {
        .corridor = run->corridor,
        .wall_ms = run->wall_ms,
        .source = {feed_read, feed},
        .watch = {heard, hear_finding, hear_grant, hear_judged},
    };
    struct ledger *ledger = NULL;
    enum err rc = ledger_new(&ledger, &options);

    if (rc == ERR_OK) {
        rc = give(feed, run->backwards, ledger);
    }
    if (rc == ERR_OK) {
        rc = ledger_run(ledger);
    }
    if (rc != ERR_OK) {
        ledger_free(ledger);
        return rc;
    }
    *out = ledger;
    return ERR_OK;
}

const struct ledger_judged *
heard_judged(
    const struct heard *heard, const struct log_id *log, uint64_t position)
{
    for (size_t i = 0; i < heard->judged_count; i++) {
        const struct ledger_judged *judged = &heard->judged[i];

        if (judged->position == position && log_id_equal(&judged->log, log)) {
            return judged;
        }
    }
    return NULL;
}

const struct ledger_finding *
heard_fault(const struct heard *heard, enum ledger_fault fault)
{
    for (size_t i = 0; i < heard->finding_count; i++) {
        if (heard->findings[i].fault == fault) {
            return &heard->findings[i];
        }
    }
    return NULL;
}
