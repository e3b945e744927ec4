/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/check.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/verify.h"
#include "tests/sim/sim.h"
#include "tests/sim/work.h"

struct digest_row {
    struct hash state; /* of what is applied and can be read */
    struct hash digest;
    unsigned host; /* who had it first */
};

struct digests {
    struct digest_row *rows;
    size_t count;
    size_t capacity;
};

struct digests *
digests_new(void)
{
    return room_new(sizeof(struct digests));
}

void
digests_free(struct digests *digests)
{
    if (digests != NULL) {
        free(digests->rows);
        free(digests);
    }
}

static void
set_clock(struct vclock *out, const struct vclock *clock)
{
    enum err rc = vclock_copy(out, clock);

    assert(rc == ERR_OK);
}

static void
raise_clock(struct vclock *out, uint32_t log, uint64_t size)
{
    enum err rc = vclock_raise(out, log, size);

    assert(rc == ERR_OK);
}

static void
on_finding(void *context, const char *sentence)
{
    struct host *host = context;

    sim_fail(host->sim, VIOLATION_VERIFY, "%s does not verify: %s", host->name,
        sentence);
}

void
check_verify(struct host *host)
{
    struct verify_sink sink = {.finding = on_finding, .context = host};
    struct verify_report report;
    struct err_msg msg = {{0}};

    mem_fault_after(-1);
    if (store_verify(host->node.store, &sink, &report, &msg) != ERR_OK) {
        sim_fail(host->sim, VIOLATION_VERIFY, "%s cannot be verified: %s",
            host->name, msg.text);
    }
}

void
check_opened(struct host *host)
{
    struct sim *sim = host->sim;

    check_verify(host);
    vclock_clear(&host->stored);
    vclock_clear(&host->applied);
    truth_look(host);
    work_match(host, false);
    for (uint32_t log = 0; log < host->acknowledged.count; log++) {
        if (vclock_get(&host->stored, log) <
            vclock_get(&host->acknowledged, log)) {
            sim_fail(sim, VIOLATION_DURABLE,
                "%s holds %zu entries of log %u and had acknowledged %zu",
                host->name, (size_t)vclock_get(&host->stored, log), log,
                (size_t)vclock_get(&host->acknowledged, log));
        }
    }
    set_clock(&host->durable, &host->stored);
    check_records(host);
}

/* What people were told: their edits are written. */
static void
acknowledge_own(struct host *host)
{
    for (uint8_t kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        struct log_id id = {*host_id(host), kind};
        uint32_t log = truth_log(host->sim, &id);

        raise_clock(&host->acknowledged, log, vclock_get(&host->stored, log));
    }
}

void
check_committed(struct host *host)
{
    mem_fault_after(-1);
    truth_look(host);
    work_match(host, true);
    acknowledge_own(host);
    if (host->syncs_seen != host->disk.syncs) {
        host->syncs_seen = host->disk.syncs;
        set_clock(&host->durable, &host->stored);
    }
    host->commits++;
    if (host->commits % CHECK_EVERY == 0) {
        check_records(host);
    }
}

/* How much of a log the others have between them. */
static uint64_t
held_by_others(const struct host *host, uint32_t log)
{
    const struct sim *sim = host->sim;
    uint64_t held = 0;

    for (size_t i = 0; i < sim->host_count; i++) {
        uint64_t stored = vclock_get(&sim->hosts[i]->stored, log);

        if (sim->hosts[i] != host && stored > held) {
            held = stored;
        }
    }
    return held;
}

/* What nobody else has of the host's own log never was. */
static void
forget_lost(struct host *host, enum log_kind kind)
{
    struct sim *sim = host->sim;
    struct log_id id = {*host_id(host), (uint8_t)kind};
    uint32_t log = truth_log(sim, &id);
    uint64_t stays = held_by_others(host, log);

    if (stays < vclock_get(&host->backed_up, log)) {
        stays = vclock_get(&host->backed_up, log);
    }
    if (sim->truth.logs[log].count > stays) {
        sim->digests->count = 0; /* the same clock will mean other entries */
    }
    truth_forget(&sim->truth, log, stays);
    oracle_forget(&sim->oracle, log, stays);
    if (kind == LOG_CHANGES) {
        host->matched = sim->truth.logs[log].count;
    }
}

bool
check_is_whole(const struct host *host)
{
    struct sim *sim = host->sim;

    for (uint8_t kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        struct log_id id = {*host_id(host), kind};
        uint32_t log = truth_log(sim, &id);

        if (vclock_get(&host->applied, log) < sim->truth.logs[log].count) {
            return false;
        }
    }
    return true;
}

void
check_restored(struct host *host)
{
    if (!host->is_dishonest) {
        forget_lost(host, LOG_CONTROL);
        forget_lost(host, LOG_CHANGES);
    }
    set_clock(&host->stored, &host->backed_up);
    set_clock(&host->durable, &host->backed_up);
    set_clock(&host->acknowledged, &host->backed_up);
    held_restored(host);
}

void
check_claim(struct sim *sim, const struct node_id *peer, struct bytes clock)
{
    struct log_table table = {0};
    struct vclock claimed = {0};
    struct host *host = NULL;

    mem_fault_after(-1);
    for (size_t i = 0; i < sim->host_count; i++) {
        if (node_id_equal(host_id(sim->hosts[i]), peer)) {
            host = sim->hosts[i];
        }
    }
    if (host == NULL || host->is_hostile || host->is_dishonest ||
        vclock_decode(&claimed, &table, clock) != ERR_OK) {
        return;
    }
    for (uint32_t i = 0; i < claimed.count; i++) {
        uint32_t log = truth_log(sim, &table.ids[i]);
        uint64_t size = vclock_get(&claimed, i);

        if (size > vclock_get(&host->durable, log)) {
            sim_fail(sim, VIOLATION_DURABLE,
                "%s says it holds %zu entries of log %u; on its disk are %zu",
                host->name, (size_t)size, log,
                (size_t)vclock_get(&host->durable, log));
        }
        raise_clock(&host->acknowledged, log, size);
    }
    vclock_release(&claimed);
    log_table_release(&table);
}

/* A name for all that decides what the host shows. */
static void
name_state(struct hash *out, struct host *host)
{
    const struct truth *truth = &host->sim->truth;
    struct pool state = {0};

    if (host->sim->faults.forks) {
        /* Whose keys open what dishonest ones wrote, nobody knows. */
        pool_put(&state, bytes_of(&host->index, sizeof(host->index)));
    }
    for (uint32_t log = 0; log < truth->count; log++) {
        uint64_t size = vclock_get(&host->applied, log);
        const struct truth_log *of = &truth->logs[log];

        /* Trailing logs of which nothing is applied say nothing. */
        if (size > 0) {
            pool_put(&state, bytes_of(&log, sizeof(log)));
            pool_put(&state, bytes_of(&size, sizeof(size)));
        }
        if (of->is_dishonest) {
            held_name(host, log, size, &state);
        }
        for (size_t i = 0; i < of->count && i < size; i++) {
            struct dot dot = {log, i};
            const struct truth_entry *entry = &of->entries[i];
            uint8_t opens = 0;

            if (entry->has_key && entry->key.log == log &&
                entry->key.position == i) {
                opens = truth_opens(truth, dot,
                            &(struct truth_reader){
                                host_id(host), &host->applied, &host->applied})
                            ? 1
                            : 0;
                pool_put(&state, bytes_of(&opens, 1));
            }
        }
    }
    hash_blake2b(out, pool_bytes(&state));
    pool_release(&state);
}

static void
check_digest(struct host *host, struct view *view)
{
    struct sim *sim = host->sim;
    struct digests *all = sim->digests;
    struct digest_result result;
    struct digest_row row = {.host = host->index};

    if (view_digest(view, &result, NULL) != ERR_OK) {
        sim_fail(sim, VIOLATION_VERIFY, "%s has no digest", host->name);
    }
    row.digest = result.digest;
    name_state(&row.state, host);
    for (size_t i = 0; i < all->count; i++) {
        if (hash_equal(&all->rows[i].state, &row.state)) {
            if (!hash_equal(&all->rows[i].digest, &row.digest)) {
                sim_fail(sim, VIOLATION_DIGEST,
                    "%s and %s have applied the same, can read the same, "
                    "and show other records",
                    host->name, sim->hosts[all->rows[i].host]->name);
            }
            return;
        }
    }
    all->rows = room_grow(
        all->rows, &all->capacity, all->count + 1, sizeof(*all->rows));
    all->rows[all->count] = row;
    all->count++;
}

/* What a host lists as refused, against what must be. */
struct refusals {
    struct host *host;
    const struct log_table *logs;
    size_t count; /* of those listed that must be */
};

static bool
on_refused(void *context, const struct refused_item *item)
{
    struct refusals *refusals = context;
    struct host *host = refusals->host;
    struct sim *sim = host->sim;
    struct dot dot = item->dot;

    dot.log = truth_log(sim, &refusals->logs->ids[item->dot.log]);
    if (truth_is_doubtful(&sim->truth, dot)) {
        return true;
    }
    if (!truth_is_void(&sim->truth, dot, &host->applied)) {
        sim_fail(sim, VIOLATION_REFUSED,
            "%s refuses entry %zu of log %u of host %d: %s", host->name,
            (size_t)dot.position, dot.log, sim->truth.logs[dot.log].owner,
            void_reason_text(item->reason));
    }
    refusals->count++;
    return true;
}

/* Every void entry is listed, and nothing else. */
static void
check_refused(struct host *host, struct view *view)
{
    struct sim *sim = host->sim;
    struct refusals refusals = {.host = host, .logs = view_logs(view)};
    size_t wanted = 0;

    if (view_refused(view, on_refused, &refusals, NULL) != ERR_OK) {
        sim_fail(sim, VIOLATION_VERIFY, "%s cannot list what it refuses",
            host->name);
    }
    for (uint32_t log = 0; log < sim->truth.count; log++) {
        for (uint64_t i = 0; i < vclock_get(&host->applied, log); i++) {
            struct dot dot = {log, i};

            wanted += !truth_is_doubtful(&sim->truth, dot) &&
                              truth_is_void(&sim->truth, dot, &host->applied)
                          ? 1
                          : 0;
        }
    }
    if (wanted > 0) {
        sim_say(sim, "%s refuses %zu entries", host->name, wanted);
    }
    if (wanted != refusals.count) {
        sim_fail(sim, VIOLATION_REFUSED, "%s lists %zu refused entries, of %zu",
            host->name, refusals.count, wanted);
    }
}

void
check_records(struct host *host)
{
    struct view *view = NULL;

    mem_fault_after(-1);
    if (host->sim->is_unjudged || host->is_dishonest ||
        host->roles == ROLE_AUDIT) {
        return; /* an auditor shows no records */
    }
    if (view_open(&view, host->node.store, NULL) != ERR_OK) {
        sim_fail(host->sim, VIOLATION_ERROR, "%s: no view", host->name);
    }
    check_refused(host, view);
    oracle_check(host, view);
    check_digest(host, view);
    view_close(view);
}

/* "Synced": the peer durably holds all that we do. */
static void
check_synced(struct host *host, const struct report *report)
{
    struct sim *sim = host->sim;
    struct log_table table = {0};
    struct vclock ours = {0};
    struct host *peer = NULL;

    for (size_t i = 0; i < sim->host_count; i++) {
        if (node_id_equal(host_id(sim->hosts[i]), &report->peer)) {
            peer = sim->hosts[i];
        }
    }
    if (peer == NULL || peer->is_hostile || host->is_hostile ||
        peer->is_dishonest || host->is_dishonest || peer->was_restored ||
        host->was_restored) {
        return;
    }
    if (vclock_decode(&ours, &table, engine_clock(host->engine)) != ERR_OK) {
        sim_fail(
            sim, VIOLATION_ERROR, "%s: its clock is malformed", host->name);
    }
    for (uint32_t i = 0; i < ours.count; i++) {
        uint32_t log = truth_log(sim, &table.ids[i]);

        if (vclock_get(&ours, i) > vclock_get(&peer->durable, log) &&
            !held_has_evidence(host, log)) {
            sim_fail(sim, VIOLATION_STATUS,
                "%s calls itself synced with %s, which holds %zu of %zu "
                "entries of log %u",
                host->name, peer->name, (size_t)vclock_get(&peer->durable, log),
                (size_t)vclock_get(&ours, i), log);
        }
    }
    vclock_release(&ours);
    log_table_release(&table);
}

void
check_report(struct host *host, const struct report *report)
{
    struct net_end *end = report->owner;

    mem_fault_after(-1);
    switch (report->type) {
    case REPORT_OPENED:
    case REPORT_COMMITTED:
        break;
    case REPORT_SYNCED:
        check_synced(host, report);
        sim_say(host->sim, "%s is synced", host->name);
        break;
    case REPORT_CLOSED:
        if (end != NULL) {
            end->user = NULL;
        }
        sim_say(host->sim, "%s: a call ends: %s", host->name,
            bye_text(report->reason));
        break;
    }
}
