/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/packs/packs.h"
#include "tests/sim/check.h"
#include "tests/sim/fault.h"
#include "tests/sim/forks.h"
#include "tests/sim/watch.h"
#include "tests/sim/work.h"

enum {
    TICK_MS = 250,
    LATE_MS_MAX = 30 * 1000,
    ACTIVE_MS_MIN = 20 * 1000,
    ACTIVE_MS_MAX = 60 * 1000,
    SETTLE_MS_MAX = 10 * 60 * 1000,
    EDITS_MAX = 120,
    LINE_BYTES = 400
};

const char *
violation_name(enum violation violation)
{
    static const char *const names[VIOLATION_COUNT] = {
        [VIOLATION_DURABLE] = "durable",
        [VIOLATION_POSITION] = "position",
        [VIOLATION_HEAD] = "head",
        [VIOLATION_DIGEST] = "digest",
        [VIOLATION_LOST] = "lost",
        [VIOLATION_REFUSED] = "refused",
        [VIOLATION_VERIFY] = "verify",
        [VIOLATION_PROGRESS] = "progress",
        [VIOLATION_STATUS] = "status",
        [VIOLATION_ERROR] = "error",
        [VIOLATION_EVIDENCE] = "evidence",
        [VIOLATION_FROZEN] = "frozen",
    };

    return names[violation];
}

_Noreturn void
sim_fail(struct sim *sim, enum violation violation, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "sim: at %zu ms: %s: ", (size_t)sim->agenda.now_ms,
        violation_name(violation));
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nCORRIDOR_SEED=0x%llx ctest -R sim%s\n",
        (unsigned long long)sim->options.seed,
        sim->options.has_forks ? "_forks" : "");
    fflush(stderr);
    _Exit(10 + (int)violation);
}

void
sim_say(struct sim *sim, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;

    if (!sim->options.is_verbose && sim->options.story == NULL) {
        return;
    }
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (sim->options.is_verbose) {
        fprintf(stderr, "%8zu %s\n", (size_t)sim->agenda.now_ms, line);
    }
    if (sim->options.story != NULL) {
        char text[LINE_BYTES + 32];
        int n = snprintf(
            text, sizeof(text), "%zu %s\n", (size_t)sim->agenda.now_ms, line);

        pool_put(sim->options.story, bytes_of(text, (size_t)n));
    }
}

uint64_t
sim_below(struct sim *sim, uint64_t limit)
{
    return prng_below(&sim->prng, limit);
}

bool
sim_chance(struct sim *sim, uint64_t n)
{
    return !sim->options.is_calm && prng_below(&sim->prng, n) == 0;
}

void
sim_later(struct sim *sim, const struct sim_later *later)
{
    struct agenda_item item = {
        .due_ms = sim->agenda.now_ms + later->delay_ms,
        .fire = later->fire,
        .context = later->context,
        .argument = later->argument,
        .epoch = later->epoch,
    };

    agenda_add(&sim->agenda, &item);
}

/* Certificates: of the founder with the corridor zero, of the rest with it. */
static void
certify(struct sim *sim, struct host *host, const struct corridor_id *corridor)
{
    struct cert cert = {.corridor = *corridor,
        .office = host->node.home.office,
        .time_ms = sim->wall_start_ms};
    enum err rc = ERR_OK;

    node_secrets_public(&cert.keys, host->node.secrets);
    snprintf(
        cert.office_name, sizeof(cert.office_name), "office %u", host->office);
    snprintf(cert.node_name, sizeof(cert.node_name), "node %s", host->name);
    buf_clear(&host->cert);
    rc = cert_encode(
        &host->cert, &cert, &host->office_key, &host->node.secrets->sign);
    assert(rc == ERR_OK);
}

struct found {
    struct store_found options;
    struct buf statement;
};

static enum err
run_found(struct host_write *write, struct store *store, struct err_msg *msg)
{
    struct found *found = write->context;
    enum err rc = store_found(store, &found->options, msg);

    for (size_t i = 0; rc == ERR_OK && i < write->host->sim->host_count; i++) {
        const struct host *guest = write->host->sim->hosts[i];

        if (guest != write->host && guest->inviter == write->host->index) {
            rc = host_invite(store, guest, msg);
        }
    }
    return rc;
}

static void
done_found(struct host_write *write, enum err rc)
{
    struct found *found = write->context;

    buf_release(&found->statement);
    assert(rc == ERR_OK);
    write->host->is_enrolled = true;
}

/* The founding statement, and the corridor's name by it. */
static struct found *
draft(struct sim *sim, struct host *founder)
{
    static const struct corridor_id none = {{0}};
    struct found *found = room_new(sizeof(*found));
    struct statement statement = {0};
    struct found_options options = {
        .name = "sim", .policy = sim->policy, .office = &founder->office_key};
    enum err rc = ERR_OK;

    certify(sim, founder, &none);
    options.cert = buf_bytes(&founder->cert);
    prng_fill(&sim->prng, &options.nonce, sizeof(options.nonce));
    rc = statement_put_found(&found->statement, &options);
    assert(rc == ERR_OK);
    rc = statement_decode(&statement, buf_bytes(&found->statement));
    assert(rc == ERR_OK);
    statement_corridor_id(&sim->corridor, statement.founding);
    statement_release(&statement);
    found->options =
        (struct store_found){.founding_statement = buf_bytes(&found->statement),
            .pack_name = sim->schema->name,
            .pack_version = sim->schema->version};
    return found;
}

static void
found_corridor(struct sim *sim)
{
    struct host *founder = sim->hosts[0];
    struct host_write write = {.run = run_found, .done = done_found};

    founder->is_founder = true;
    write.context = draft(sim, founder);
    for (size_t i = 1; i < sim->host_count; i++) {
        certify(sim, sim->hosts[i], &sim->corridor);
    }
    host_boot(founder);
    host_submit(founder, &write);
    host_drain(founder);
}

/* Who calls whom: each its inviter, and some others besides. */
static void
choose_lines(struct sim *sim)
{
    for (size_t i = 1; i < sim->host_count; i++) {
        sim->hosts[i]->dials[sim->hosts[i]->inviter] = true;
        for (size_t k = 0; k < sim->host_count; k++) {
            if (k != i && sim_chance(sim, 3)) {
                sim->hosts[i]->dials[k] = true;
            }
        }
        sim->hosts[0]->dials[i] = sim_chance(sim, 4);
        sim->hosts[i]->dials_once = sim_chance(sim, 4);
        sim->hosts[i]->start_ms =
            sim_chance(sim, 3) ? sim_below(sim, LATE_MS_MAX) : 0;
    }
}

/* Machines, some of which share an office. */
static void
make_hosts(struct sim *sim)
{
    size_t count = sim->options.hosts;

    if (count == 0 && sim->options.has_forks) {
        count = FORKS_HOSTS_MIN + (size_t)sim_below(sim, 3);
    }
    if (count == 0) {
        count = SIM_HOSTS_MIN + (size_t)sim_below(sim, 3);
        if (sim_chance(sim, 6)) {
            count = SIM_HOSTS_MIN +
                    (size_t)sim_below(sim, SIM_HOSTS_MAX - SIM_HOSTS_MIN + 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        size_t first = i;

        if (i > 0 && sim_chance(sim, 5)) {
            first = (size_t)sim_below(sim, i);
            first = sim->hosts[first]->office;
        }
        sim->hosts[i] = host_new(sim, (unsigned)i, (unsigned)first);
        sim->host_count = i + 1;
        sim->hosts[i]->inviter = first == i ? 0 : (unsigned)first;
        prng_fill(&sim->prng, &sim->hosts[i]->invitation,
            sizeof(sim->hosts[i]->invitation));
        if (first == i) {
            prng_fill(&sim->prng, &sim->hosts[i]->office_key,
                sizeof(sim->hosts[i]->office_key));
        } else {
            sim->hosts[i]->office_key = sim->hosts[first]->office_key;
        }
        struct public_key public;
        keys_sign_public(&public, &sim->hosts[i]->office_key);
        memcpy(sim->hosts[i]->node.home.office.bytes, public.bytes,
            sizeof(public.bytes));
    }
}

void
sim_init(struct sim *sim, const struct sim_options *options)
{
    struct net_line line = {.delay_ms = 20, .bytes_per_ms = 1000};
    uint8_t first = 0;
    enum err rc = ERR_OK;

    /* libsodium draws for itself when it starts: not from this run. */
    keys_random(&first, sizeof(first));
    *sim = (struct sim){.options = *options};
    sim->prng = prng_init(options->seed);
    watch_begin(sim);
    sim->wall_start_ms = UINT64_C(1750000000000);
    sim->agenda.now_ms = 1000;
    rc = schema_parse(*pack_text("mekong"), &sim->schema, NULL);
    assert(rc == ERR_OK);
    net_init(&sim->net, &sim->agenda, &sim->prng, &line);
    sim->net.context = sim;
    sim->net.is_smooth = options->is_calm;
    sim->net.connected = host_connected;
    sim->net.received = host_received;
    sim->net.ended = host_ended;
    sim->digests = digests_new();
    sim->truth.is_doubtful = room_new(sizeof(*sim->truth.is_doubtful));
    sim->policy = sim_chance(sim, 2) ? 0 : POLICY_SHARE_BY_DEFAULT;
    make_hosts(sim);
    choose_lines(sim);
    if (!options->is_calm) {
        fault_choose(sim);
        sim->hosts[sim->host_count - 1]->is_hostile = sim->faults.hostile;
    }
    if (options->has_forks) {
        forks_choose(sim);
    }
    found_corridor(sim);
}

void
sim_release(struct sim *sim)
{
    sim->is_over = true;
    /* All end before one goes: the last jobs are watched over all hosts. */
    for (size_t i = 0; i < sim->host_count; i++) {
        if (host_is_up(sim->hosts[i])) {
            host_crash(sim->hosts[i]);
        }
    }
    for (size_t i = 0; i < sim->host_count; i++) {
        work_release(sim->hosts[i]);
        host_free(sim->hosts[i]);
    }
    net_release(&sim->net);
    agenda_release(&sim->agenda);
    truth_release(&sim->truth);
    oracle_release(&sim->oracle);
    digests_free(sim->digests);
    schema_free(sim->schema);
    watch_end();
}

void
sim_pass(struct sim *sim, uint64_t ms)
{
    uint64_t until = sim->agenda.now_ms + ms;
    struct agenda_item item;

    while (agenda_next(&sim->agenda, until, &item)) {
        item.fire(item.context, item.argument, item.epoch);
        sim->steps++;
    }
}

/* People enrol, dial and edit; now and then something goes wrong. */
static void
tick(struct sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        struct host *host = sim->hosts[i];

        if (!host_is_up(host)) {
            if (host->epoch == 0 && sim->agenda.now_ms >= host->start_ms) {
                host_boot(host);
            }
            continue;
        }
        if (!host->is_enrolled && sim_chance(sim, 2)) {
            work_enrol(host);
        }
        if (host->was_restored && check_is_whole(host)) {
            host->was_restored = false;
        }
        host_dial(host);
    }
    if (!sim->is_over) {
        struct host *host = sim->hosts[sim_below(sim, sim->host_count)];

        fault_strike(sim);
        if (sim->work_left > 0 && host_is_up(host) && host->is_enrolled &&
            !host->was_restored && (host->roles & ROLE_WRITE) != 0 &&
            !sim_chance(sim, 4)) {
            sim->work_left--;
            if (sim_chance(sim, 6)) {
                work_share(host);
            } else {
                work_edit(host);
            }
        }
    }
    sim_pass(sim, TICK_MS);
}

/* Does it hold and show what the first does? Of what dishonest ones wrote
 * held_agree tells; they need not have told all of it. */
static bool
is_like(const struct host *host, const struct host *first)
{
    const struct truth *truth = &host->sim->truth;

    for (uint32_t log = 0; log < truth->count; log++) {
        uint64_t stored = vclock_get(&host->stored, log);

        if (!truth->logs[log].is_dishonest &&
            (stored != vclock_get(&first->stored, log) ||
                stored != vclock_get(&host->applied, log))) {
            return false;
        }
    }
    return host_is_up(host) && host->is_enrolled;
}

/* Do all that are honest? */
static bool
is_settled(const struct sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        if (!sim->hosts[i]->is_dishonest &&
            !is_like(sim->hosts[i], sim->hosts[0])) {
            return false;
        }
    }
    return held_agree(sim, false);
}

bool
sim_settle(struct sim *sim, uint64_t ms)
{
    uint64_t until = sim->agenda.now_ms + ms;

    while (!is_settled(sim)) {
        if (sim->agenda.now_ms >= until) {
            return false;
        }
        tick(sim);
    }
    return true;
}

/* Who is still connected with whom, and how that stands. */
static void
tell_connections(struct sim *sim)
{
    for (size_t i = 0; i < 2 * sim->net.count; i++) {
        const struct net_end *end = &sim->net.conns[i / 2]->ends[i % 2];
        struct session_status status;

        if (end->user == NULL || end->machine == NET_NOBODY) {
            continue;
        }
        engine_call_status(end->user, &status);
        fprintf(stderr,
            "sim: %s with %d (%s): open %d, synced %d, level %d, paused %d, "
            "last heard %zu, lost %d\n",
            sim->hosts[end->machine]->name, end->other->machine,
            i % 2 == 0 ? "dialler" : "listener", status.is_open,
            status.is_synced, (int)status.level, status.wants_pause,
            (size_t)status.last_heard_ms, end->conn->is_lost);
    }
}

/* What the next entries of a host's logs wait for. */
static void
tell_waiting(const struct sim *sim, const struct host *host)
{
    for (uint32_t log = 0; log < sim->truth.count; log++) {
        struct dot next = {log, vclock_get(&host->applied, log)};
        const struct truth_entry *entry = truth_entry(&sim->truth, next);

        if (next.position == vclock_get(&host->stored, log) || entry == NULL) {
            continue;
        }
        fprintf(stderr, "sim: %s: log %u at %zu waits for", host->name, log,
            (size_t)next.position);
        for (uint32_t on = 0; on < entry->clock.count; on++) {
            if (vclock_get(&entry->clock, on) >
                vclock_get(&host->applied, on)) {
                fprintf(stderr, " %u:%zu", on,
                    (size_t)vclock_get(&entry->clock, on));
            }
        }
        fprintf(stderr, "\n");
    }
}

static void
tell_where_it_stands(struct sim *sim)
{
    tell_connections(sim);
    for (size_t i = 0; i < sim->host_count; i++) {
        tell_waiting(sim, sim->hosts[i]);
    }
    for (size_t i = 0; i < sim->host_count; i++) {
        const struct host *host = sim->hosts[i];

        fprintf(stderr, "sim: %s: %s, %s:", host->name,
            host_is_up(host) ? "up" : "down",
            host->is_enrolled ? "enrolled" : "not enrolled");
        for (uint32_t log = 0; log < sim->truth.count; log++) {
            fprintf(stderr, " %zu/%zu", (size_t)vclock_get(&host->applied, log),
                (size_t)vclock_get(&host->stored, log));
        }
        fprintf(stderr, "\n");
    }
}

void
sim_run(struct sim *sim)
{
    uint64_t active =
        ACTIVE_MS_MIN + sim_below(sim, ACTIVE_MS_MAX - ACTIVE_MS_MIN);
    uint64_t until = sim->agenda.now_ms + active;

    sim->work_left = 1 + sim_below(sim, EDITS_MAX);
    while (sim->agenda.now_ms < until) {
        tick(sim);
    }
    sim->is_over = true;
    fault_heal(sim);
    sim_say(sim, "all is calm");
    if (!sim_settle(sim, SETTLE_MS_MAX)) {
        tell_where_it_stands(sim);
        sim_fail(sim,
            held_agree(sim, true) ? VIOLATION_PROGRESS : VIOLATION_EVIDENCE,
            "no convergence in %d s", SETTLE_MS_MAX / 1000);
    }
    for (size_t i = 0; i < sim->host_count; i++) {
        if (host_is_up(sim->hosts[i])) { /* some copies are never made */
            check_records(sim->hosts[i]);
            check_verify(sim->hosts[i]);
        }
    }
}
