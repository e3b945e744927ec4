/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine asks of the world, and what the world does to it. */
#include <assert.h>
#include <stdlib.h>

#include "crypto/base/mem.h"
#include "tests/sim/check.h"
#include "tests/sim/host_internal.h"
#include "tests/sim/sim.h"

enum {
    WORK_MS_MAX = 4,
    DRAIN_MS_MAX = 25,
    DIAL_MS = 2000,
    FAULT_ALLOCATIONS_MAX = 200
};

/* Does an event of that epoch still mean anything here? */
static bool
is_of_now(const struct host *host, uint64_t epoch)
{
    return host_is_up(host) && host->epoch == epoch;
}

static void
later(struct host *host, uint64_t delay_ms,
    void (*fire)(void *context, void *argument, uint64_t epoch))
{
    struct sim_later item = {
        .delay_ms = delay_ms,
        .fire = fire,
        .context = host,
        .epoch = host->epoch,
    };

    sim_later(host->sim, &item);
}

/* Memory may run out in what follows, until rest. */
static void
fault_on(struct host *host)
{
    struct sim *sim = host->sim;

    if (sim->faults.allocations && !sim->is_over && sim_chance(sim, 40)) {
        mem_fault_after((long)sim_below(sim, FAULT_ALLOCATIONS_MAX));
    }
}

/* The host's engine runs from here to rest(). */
static void
act(struct host *host)
{
    host->is_in_poll = true;
    host->sim->acting = host;
    fault_on(host);
}

static void
rest(struct host *host)
{
    mem_fault_after(-1);
    host->sim->acting = NULL;
    host->is_in_poll = false;
}

static uint64_t
ops_now(void *context)
{
    const struct host *host = context;

    return host->sim->agenda.now_ms - host->boot_ms + 1;
}

static uint64_t
ops_wall(void *context)
{
    return host_wall_ms(context);
}

static void
ops_random(void *context, void *out, size_t size)
{
    struct host *host = context;

    prng_fill(&host->sim->prng, out, size);
}

static enum err
ops_send(void *io, struct bytes bytes)
{
    struct net_end *end = io;
    const struct sim *sim = end->net->context;

    if (!sim->hosts[end->machine]->disk.is_dead) {
        net_send(end, bytes);
    }
    return ERR_OK;
}

static void
ops_pause(void *io, bool is_paused)
{
    struct net_end *end = io;

    net_pause(end, is_paused);
}

static void
ops_close(void *io)
{
    struct net_end *end = io;

    net_close(end);
}

static void
run_one(struct host *host, struct host_work *item)
{
    struct host_work **at = &host->works;

    while (*at != item) {
        at = &(*at)->next;
    }
    *at = item->next;
    host->works_pending--;
    item->work->run(item->work);
    item->work->done(item->work);
    free(item);
}

void
host_run_works(struct host *host)
{
    while (host->works != NULL) {
        run_one(host, host->works);
    }
}

static void
on_work(void *context, void *argument, uint64_t epoch)
{
    struct host *host = context;

    if (is_of_now(host, epoch)) {
        act(host);
        run_one(host, argument);
        rest(host);
        host_arm(host);
    }
}

static enum err
ops_work(void *context, struct engine_work *work)
{
    struct host *host = context;
    struct host_work *item = room_new(sizeof(*item));
    struct sim_later event = {
        .delay_ms =
            host->sim->options.is_calm ? 0 : sim_below(host->sim, WORK_MS_MAX),
        .fire = on_work,
        .context = host,
        .argument = item,
        .epoch = host->epoch,
    };

    item->work = work;
    item->next = host->works;
    host->works = item;
    host->works_pending++;
    sim_later(host->sim, &event);
    return ERR_OK;
}

static void
on_wake(void *context, void *argument, uint64_t epoch)
{
    struct host *host = context;

    (void)argument;
    if (is_of_now(host, epoch)) {
        host->has_wake = false;
        act(host);
        engine_poll(host->engine);
        rest(host);
        host_arm(host);
    }
}

static void
ops_wake(void *context)
{
    struct host *host = context;

    if (!host->has_wake) {
        host->has_wake = true;
        later(host, 0, on_wake);
    }
}

static void
ops_report(void *context, const struct report *report)
{
    struct host *host = context;

    check_report(host, report);
}

void
host_ops(struct engine_ops *out, struct host *host)
{
    *out = (struct engine_ops){
        .context = host,
        .now_ms = ops_now,
        .wall_ms = ops_wall,
        .random = ops_random,
        .send = ops_send,
        .pause = ops_pause,
        .close = ops_close,
        .work = ops_work,
        .wake = ops_wake,
        .report = ops_report,
    };
}

static void arm_tick(struct host *host);

void
host_drain(struct host *host)
{
    uint64_t pulse = writer_pulse(host->node.writer);

    writer_drain(host->node.writer);
    if (host->disk.is_dead) {
        host_crash(host);
        return;
    }
    if (writer_pulse(host->node.writer) == pulse) {
        arm_tick(host);
        return;
    }
    check_committed(host);
    host_arm(host);
}

static void
on_drain(void *context, void *argument, uint64_t epoch)
{
    struct host *host = context;

    (void)argument;
    if (is_of_now(host, epoch)) {
        host->has_drain = false;
        fault_on(host);
        host_drain(host);
        mem_fault_after(-1);
    }
}

static void
on_tick(void *context, void *argument, uint64_t epoch)
{
    struct host *host = context;

    (void)argument;
    if (!is_of_now(host, epoch) || host->sim->agenda.now_ms < host->tick_ms) {
        return;
    }
    host->tick_ms = UINT64_MAX;
    act(host);
    engine_tick(host->engine);
    rest(host);
    host_arm(host);
}

static void
arm_tick(struct host *host)
{
    struct sim *sim = host->sim;
    uint64_t wake_ms = engine_wake_ms(host->engine);

    if (wake_ms == UINT64_MAX) {
        return;
    }
    wake_ms += host->boot_ms;
    if (wake_ms < host->tick_ms) {
        host->tick_ms = wake_ms;
        later(host,
            wake_ms > sim->agenda.now_ms ? wake_ms - sim->agenda.now_ms : 1,
            on_tick);
    }
}

void
host_arm(struct host *host)
{
    struct sim *sim = host->sim;

    arm_tick(host);
    if (!host->has_drain) {
        host->has_drain = true;
        later(host, sim->options.is_calm ? 1 : 1 + sim_below(sim, DRAIN_MS_MAX),
            on_drain);
    }
}

static enum err
run_write(struct job *job, struct store *store, struct err_msg *msg)
{
    struct host_write *write = LIST_ITEM(job, struct host_write, job);

    return write->run(write, store, msg);
}

static void
done_write(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct host_write *write = LIST_ITEM(job, struct host_write, job);

    (void)msg;
    if (write->done != NULL) {
        write->done(write, rc);
    }
    free(write->context);
    free(write);
}

void
host_submit(struct host *host, const struct host_write *write)
{
    struct host_write *copy = room_new(sizeof(*copy));

    *copy = *write;
    copy->host = host;
    copy->job =
        (struct job){.bytes = 1000, .run = run_write, .done = done_write};
    list_init(&copy->job.link);
    if (writer_submit(host->node.writer, &copy->job) != ERR_OK) {
        sim_fail(host->sim, VIOLATION_ERROR, "%s: the writer refuses a job",
            host->name);
    }
    host_arm(host);
}

/* What a dialler begins a call with. */
static void
dial_options(struct host *host, struct host *peer, struct engine_call *out)
{
    struct sim *sim = host->sim;
    struct node_public keys;
    size_t secrets = engine_secret_count(host->engine);

    node_secrets_public(&keys, peer->node.secrets);
    out->is_dialler = true;
    out->peer = keys.sign;
    out->peer_noise = keys.noise;
    out->once = host->dials_once;
    if (secrets == 0) {
        out->is_join = true;
        out->psk = &host->invitation;
    } else {
        out->secret_index = sim_below(sim, secrets);
    }
    if (!host->is_founder && (secrets == 0 || !sim_chance(sim, 3))) {
        out->cert = buf_bytes(&host->cert);
    }
}

static bool
open_end(struct host *host, struct host *peer, struct net_end *end)
{
    struct engine_call options = {.io = end, .owner = end};
    struct call *call = NULL;
    enum err rc = ERR_OK;

    if (peer != NULL) {
        dial_options(host, peer, &options);
    }
    act(host);
    end->user = host; /* for what comes before engine_open returns */
    rc = engine_open(host->engine, &options, &call);
    rest(host);
    if (rc != ERR_OK) {
        end->user = NULL;
    } else if (end->user != NULL) {
        end->user = call;
    }
    host_arm(host);
    return rc == ERR_OK;
}

bool
host_connected(void *context, struct net_conn *conn)
{
    struct sim *sim = context;
    struct net_end *dialler = &conn->ends[0];
    struct net_end *listener = &conn->ends[1];
    struct host *from = NULL;
    struct host *to = sim->hosts[listener->machine];

    if (dialler->machine != NET_NOBODY) {
        from = sim->hosts[dialler->machine];
    }
    if (!host_is_up(to) || (from != NULL && !host_is_up(from))) {
        return false;
    }
    if (!open_end(to, NULL, listener)) {
        return false;
    }
    return from == NULL || open_end(from, to, dialler);
}

void
host_received(void *context, struct net_end *end, struct bytes bytes)
{
    struct sim *sim = context;
    struct host *host = sim->hosts[end->machine];

    act(host);
    engine_receive(end->user, bytes);
    rest(host);
    host_arm(host);
}

void
host_ended(void *context, struct net_end *end)
{
    struct sim *sim = context;
    struct host *host = sim->hosts[end->machine];

    act(host);
    engine_cut(end->user);
    end->user = NULL;
    rest(host);
    host_arm(host);
}

static bool
is_connected(const struct host *host, const struct host *peer)
{
    const struct net *net = &host->sim->net;

    for (size_t i = 0; i < net->count; i++) {
        const struct net_end *ends = net->conns[i]->ends;

        for (int side = 0; side < 2; side++) {
            if (ends[side].machine == (int)host->index &&
                ends[1 - side].machine == (int)peer->index &&
                ends[side].user != NULL) {
                return true;
            }
        }
    }
    return false;
}

void
host_call(struct host *host, struct host *peer)
{
    net_dial(&host->sim->net, (int)host->index, (int)peer->index);
}

void
host_dial(struct host *host)
{
    struct sim *sim = host->sim;

    if (!host_is_up(host) || sim->agenda.now_ms < host->dial_ms) {
        return;
    }
    host->dial_ms = sim->agenda.now_ms + DIAL_MS / 2 + sim_below(sim, DIAL_MS);
    for (size_t i = 0; i < sim->host_count; i++) {
        if (host->dials[i] && !is_connected(host, sim->hosts[i])) {
            host_call(host, sim->hosts[i]);
        }
    }
}
