/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's life: made, started, crashed, restored. */
#include "tests/sim/host.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/packs/packs.h"
#include "tests/sim/check.h"
#include "tests/sim/host_internal.h"
#include "tests/sim/sim.h"
#include "tests/sim/work.h"

enum {
    MAP_BYTES = 256 << 20,
    TEARDOWN_ROUNDS_MAX = 1000,
    WALL_JUMP_MAX_MS = 5000
};

static void
draw(void *context, void *out, size_t size)
{
    struct sim *sim = context;

    prng_fill(&sim->prng, out, size);
}

struct host *
host_new(struct sim *sim, unsigned index, unsigned office)
{
    struct host *host = room_new(sizeof(*host));
    struct node_public public;
    struct secret_key *parts = NULL;

    host->sim = sim;
    host->index = index;
    host->office = office;
    snprintf(host->name, sizeof(host->name), "%c", (char)('a' + index));
    host->node.secrets = mem_secret_alloc(sizeof(*host->node.secrets));
    assert(host->node.secrets != NULL);
    parts = &host->node.secrets->sign;
    prng_fill(&sim->prng, parts, sizeof(*host->node.secrets));
    node_secrets_public(&public, host->node.secrets);
    host->node.home.node = public.sign;
    host->node.home.has_corridor = true;
    host->node.home.lock_fd = -1;
    host->node.schema = sim->schema;
    host->tick_ms = UINT64_MAX;
    host->roles = ROLE_WRITE | ROLE_READ;
    disk_init(&host->disk, sim->options.dir, index);
    return host;
}

void
host_free(struct host *host)
{
    if (host == NULL) {
        return;
    }
    if (host_is_up(host)) {
        host_crash(host);
    }
    disk_release(&host->disk);
    buf_release(&host->cert);
    held_release(&host->held);
    vclock_release(&host->stored);
    vclock_release(&host->applied);
    vclock_release(&host->durable);
    vclock_release(&host->acknowledged);
    vclock_release(&host->backed_up);
    mem_secret_free(host->node.secrets);
    free(host);
}

bool
host_is_up(const struct host *host)
{
    return host->engine != NULL;
}

const struct node_id *
host_id(const struct host *host)
{
    return &host->node.home.node;
}

uint64_t
host_wall_ms(const struct host *host)
{
    const struct sim *sim = host->sim;
    int64_t passed = (int64_t)sim->agenda.now_ms;
    int64_t drift = passed / 1000 * host->wall_drift_ppm / 1000;

    return (uint64_t)((int64_t)sim->wall_start_ms + passed + drift +
                      host->wall_offset_ms);
}

static uint64_t
wall_of(void *context)
{
    return host_wall_ms(context);
}

static uint64_t
monotonic_of(void *context)
{
    const struct host *host = context;

    return host->sim->agenda.now_ms - host->boot_ms + 1;
}

static void
on_committed(void *context)
{
    struct host *host = context;

    if (host->node.committed != NULL) {
        host->node.committed(host->node.committed_context);
    }
}

/* The engine may run while a commit waits for the disk: what it says then
 * must be durable already. */
static enum err
on_sync(void *context)
{
    struct host *host = context;

    if (host->engine != NULL && !host->is_in_poll && sim_chance(host->sim, 8)) {
        host->is_in_poll = true;
        engine_poll(host->engine);
        host->is_in_poll = false;
    }
    return disk_sync(&host->disk);
}

static void
open_store(struct host *host)
{
    struct sim *sim = host->sim;
    struct err_msg msg = {{0}};
    struct store_options store = {
        .dir = host->disk.dir,
        .corridor = sim->corridor,
        .secrets = host->node.secrets,
        .office = host->node.home.office,
        .schema = sim->schema,
        .dictionary_id = PACK_DICTIONARY_MEKONG,
        .dictionary = *pack_dictionary(PACK_DICTIONARY_MEKONG),
        .random = draw,
        .random_context = sim,
        .env = {.map_bytes = MAP_BYTES, .sync = on_sync, .context = host},
    };
    struct writer_options writer = {
        .wall_ms = wall_of,
        .monotonic_ms = monotonic_of,
        .committed = on_committed,
        .context = host,
    };

    if (store_open(&host->node.store, &store, &msg) != ERR_OK) {
        sim_fail(sim, VIOLATION_VERIFY, "%s cannot open its store: %s",
            host->name, msg.text);
    }
    writer.store = host->node.store;
    if (writer_new(&host->node.writer, &writer, &msg) != ERR_OK) {
        sim_fail(sim, VIOLATION_ERROR, "%s: %s", host->name, msg.text);
    }
}

void
host_boot(struct host *host)
{
    struct sim *sim = host->sim;
    struct err_msg msg = {{0}};
    struct engine_ops ops;
    struct engine_options options = {.node = &host->node, .ops = &ops};

    assert(!host_is_up(host));
    host->epoch++;
    host->boot_ms = sim->agenda.now_ms;
    host->has_wake = false;
    host->has_drain = false;
    host->tick_ms = UINT64_MAX;
    host->dial_ms = 0;
    host->node.home.corridor = sim->corridor;
    open_store(host);
    check_opened(host);
    host_ops(&ops, host);
    if (engine_new(&host->engine, &options) != ERR_OK ||
        engine_start(host->engine, &msg) != ERR_OK) {
        sim_fail(
            sim, VIOLATION_ERROR, "%s cannot start: %s", host->name, msg.text);
    }
    sim_say(sim, "%s starts", host->name);
    host_arm(host);
}

/* Let the engine come to rest: all it waits for is answered. */
static void
tear_down(struct host *host)
{
    unsigned rounds = 0;

    host->is_in_poll = true;
    engine_stop(host->engine);
    while (!engine_is_idle(host->engine)) {
        host_run_works(host);
        writer_drain(host->node.writer);
        engine_poll(host->engine);
        rounds++;
        if (rounds > TEARDOWN_ROUNDS_MAX) {
            sim_fail(host->sim, VIOLATION_PROGRESS,
                "%s: the engine does not come to rest", host->name);
        }
    }
    host_run_works(host);
    engine_free(host->engine);
    host->engine = NULL;
    host->is_in_poll = false;
    writer_free(host->node.writer);
    host->node.writer = NULL;
}

void
host_crash(struct host *host)
{
    struct sim *sim = host->sim;

    assert(host_is_up(host));
    sim_say(sim, "%s crashes", host->name);
    disk_die(&host->disk);
    net_unplug(&sim->net, (int)host->index);
    tear_down(host);
    store_close(host->node.store);
    host->node.store = NULL;
    host->epoch++;
    disk_revive(&host->disk);
    work_forget(host);
}

void
host_stop(struct host *host)
{
    assert(host_is_up(host));
    sim_say(host->sim, "%s stops", host->name);
    tear_down(host);
    if (host->disk.is_dead) {
        disk_revive(&host->disk); /* it crashed as it stopped */
    } else {
        check_committed(host);
    }
    net_unplug(&host->sim->net, (int)host->index);
    store_close(host->node.store);
    host->node.store = NULL;
    host->epoch++;
    work_forget(host);
}

void
host_back_up(struct host *host)
{
    enum err rc = vclock_copy(&host->backed_up, &host->durable);

    assert(rc == ERR_OK);
    disk_back_up(&host->disk);
}

enum err
host_invite(struct store *store, const struct host *guest, struct err_msg *msg)
{
    struct invitation invitation = {.secret = guest->invitation,
        .roles = guest->roles,
        .expires_ms = UINT64_MAX / 2};
    char name[INVITATION_NAME_CHARS + 1];
    struct buf note = {0};
    struct hash hash;
    enum err rc = ERR_OK;

    invitation_hash(&hash, &guest->invitation);
    invitation_name(name, &hash);
    rc = invitation_encode(&note, &invitation);
    if (rc == ERR_OK) {
        rc = store_put_note(store, bytes_text(name), buf_bytes(&note), msg);
    }
    buf_release(&note);
    return rc;
}

void
host_restore(struct host *host)
{
    assert(!host_is_up(host));
    sim_say(host->sim, "%s gets an older disk", host->name);
    work_release(host);
    disk_restore(&host->disk);
    host->was_restored = true;
    check_restored(host);
}
