/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/fault.h"

#include "tests/sim/forks.h"
#include "tests/sim/work.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    JUMP_MS_MAX = 2 * 60 * 60 * 1000,
    DRIFT_PPM_MAX = 2000,
    CRASH_SYNCS_MAX = 6,
    GARBAGE_BYTES_MAX = 600
};

/* A calendar of another era: 543 years. */
#define ERA_MS ((int64_t)543 * 365 * DAY_MS)

void
fault_choose(struct sim *sim)
{
    struct sim_faults *faults = &sim->faults;

    faults->breaks = sim_chance(sim, 2);
    faults->replays = sim_chance(sim, 3);
    faults->crashes = sim_chance(sim, 2);
    faults->clocks = sim_chance(sim, 2);
    faults->restores = sim_chance(sim, 4);
    faults->demotions = sim_chance(sim, 3);
    faults->allocations = sim_chance(sim, 4);
    faults->hostile = sim->host_count > 2 && sim_chance(sim, 4);
    for (size_t i = 0; faults->clocks && i < sim->host_count; i++) {
        struct host *host = sim->hosts[i];

        switch (sim_below(sim, 4)) {
        case 0:
            host->wall_offset_ms = ERA_MS;
            break;
        case 1:
            host->wall_offset_ms =
                (int64_t)sim_below(sim, JUMP_MS_MAX) - JUMP_MS_MAX / 2;
            break;
        case 2:
            host->wall_drift_ppm =
                (int64_t)sim_below(sim, DRIFT_PPM_MAX) - DRIFT_PPM_MAX / 2;
            break;
        default:
            break;
        }
    }
}

static struct host *
any_host(struct sim *sim)
{
    return sim->hosts[sim_below(sim, sim->host_count)];
}

static void
strike_line(struct sim *sim)
{
    int a = (int)sim_below(sim, sim->host_count);
    int b = (int)sim_below(sim, sim->host_count);
    struct net_line line = sim->net.lines[a][b];

    if (a == b) {
        return;
    }
    switch (sim_below(sim, 4)) {
    case 0:
        sim_say(sim, "the line between %s and %s is %s", sim->hosts[a]->name,
            sim->hosts[b]->name, line.is_down ? "up" : "down");
        line.is_down = !line.is_down;
        net_set_line(&sim->net, a, b, &line);
        net_sever(&sim->net, a, b, sim_chance(sim, 2));
        break;
    case 1:
        line.delay_ms = 1 + sim_below(sim, 900);
        line.bytes_per_ms = 1 + sim_below(sim, 2000);
        net_set_line(&sim->net, a, b, &line);
        break;
    default:
        net_sever(&sim->net, a, b, sim_chance(sim, 3));
        break;
    }
}

/* The network falls into two halves. */
static void
strike_partition(struct sim *sim)
{
    uint64_t half = prng_next(&sim->prng);
    bool is_silent = sim_chance(sim, 2);

    sim_say(sim, "the network falls apart");
    for (int a = 0; a < (int)sim->host_count; a++) {
        for (int b = 0; b < a; b++) {
            struct net_line line = sim->net.lines[a][b];

            line.is_down = (half >> a & 1) != (half >> b & 1);
            net_set_line(&sim->net, a, b, &line);
            if (line.is_down) {
                net_sever(&sim->net, a, b, is_silent);
            }
        }
    }
}

static void
mend_lines(struct sim *sim)
{
    for (int a = 0; a < (int)sim->host_count; a++) {
        for (int b = 0; b < a; b++) {
            struct net_line line = sim->net.lines[a][b];

            line.is_down = false;
            net_set_line(&sim->net, a, b, &line);
        }
    }
}

static void
strike_breaks(struct sim *sim)
{
    switch (sim_below(sim, 8)) {
    case 0:
        strike_partition(sim);
        break;
    case 1:
    case 2:
        mend_lines(sim);
        break;
    default:
        strike_line(sim);
        break;
    }
}

/* A stranger repeats what somebody sent first, whole, bent or made up. */
static void
strike_replay(struct sim *sim)
{
    struct net *net = &sim->net;
    struct pool bytes = {0};
    int to = (int)sim_below(sim, sim->host_count);

    if (net->recorded_count > 0 && !sim_chance(sim, 4)) {
        const struct net_recorded *recorded =
            &net->recorded[sim_below(sim, net->recorded_count)];

        to = recorded->to;
        pool_put(&bytes, pool_bytes(&recorded->bytes));
        if (sim_chance(sim, 3)) {
            bytes.data[sim_below(sim, bytes.size)] ^= 1;
        }
    } else {
        uint8_t garbage[GARBAGE_BYTES_MAX];

        prng_fill(&sim->prng, garbage, sizeof(garbage));
        garbage[0] = 0; /* a length that a first message may have */
        pool_put(&bytes,
            bytes_of(garbage, 1 + (size_t)sim_below(sim, sizeof(garbage))));
    }
    net_intrude(net, to, pool_bytes(&bytes));
    pool_release(&bytes);
}

static void
strike_crash(struct sim *sim)
{
    struct host *host = any_host(sim);

    if (!host_is_up(host)) {
        if (sim->agenda.now_ms >= host->start_ms) {
            host_boot(host);
        }
        return;
    }
    switch (sim_below(sim, 4)) {
    case 0:
        host_crash(host);
        break;
    case 1:
        host_stop(host);
        break;
    default: /* within one of its next commits */
        host->disk.crash_in = (int)sim_below(sim, CRASH_SYNCS_MAX);
        host->disk.crash_how =
            sim_chance(sim, 2) ? DISK_CRASH_BEFORE : DISK_CRASH_AFTER;
        break;
    }
}

static void
strike_clock(struct sim *sim)
{
    struct host *host = any_host(sim);

    host->wall_offset_ms +=
        (int64_t)sim_below(sim, JUMP_MS_MAX) - JUMP_MS_MAX / 2;
}

/* It would write before it meets anybody: admissions of those who come. */
static bool
has_guests(const struct sim *sim, const struct host *host)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        if (sim->hosts[i] != host && sim->hosts[i]->inviter == host->index) {
            return true;
        }
    }
    return false;
}

/* What is on the disk of one that is down is not known before it starts. */
static bool
all_are_up(const struct sim *sim, const struct host *but)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        const struct host *host = sim->hosts[i];

        if (host != but && !host_is_up(host) && host->epoch > 0) {
            return false;
        }
    }
    return true;
}

/* Keep a copy of a disk, or put an older one in. What the others have got
 * by then they have written down, so that all know what is lost. */
static void
strike_restore(struct sim *sim)
{
    struct host *host = any_host(sim);

    if (!host_is_up(host) || !host->is_enrolled || host->is_hostile ||
        host->is_dishonest || host->was_restored || has_guests(sim, host)) {
        return;
    }
    if (host->disk.backup.size == 0 || sim_chance(sim, 3)) {
        host_back_up(host);
        return;
    }
    host_crash(host);
    for (size_t i = 0; i < sim->host_count; i++) {
        if (host_is_up(sim->hosts[i])) {
            host_drain(sim->hosts[i]);
        }
    }
    if (all_are_up(sim, host)) {
        host_restore(host);
    }
    host_boot(host);
}

static void
strike_demote(struct sim *sim)
{
    struct host *founder = sim->hosts[0];
    const struct host *other = any_host(sim);

    if (host_is_up(founder) && other->office != founder->office &&
        other->is_enrolled && (other->roles & ROLE_WRITE) != 0) {
        work_demote(founder, other);
    }
}

void
fault_strike(struct sim *sim)
{
    const struct sim_faults *faults = &sim->faults;

    if (faults->breaks && sim_chance(sim, 10)) {
        strike_breaks(sim);
    }
    if (faults->replays && sim_chance(sim, 6)) {
        strike_replay(sim);
    }
    if (faults->crashes && sim_chance(sim, 24)) {
        strike_crash(sim);
    }
    if (faults->restores && sim_chance(sim, 15)) {
        strike_restore(sim);
    }
    if (faults->demotions && sim_chance(sim, 30)) {
        strike_demote(sim);
    }
    if (faults->clocks && sim_chance(sim, 30)) {
        strike_clock(sim);
    }
    if (faults->forks) {
        forks_strike(sim);
    }
}

void
fault_heal(struct sim *sim)
{
    mend_lines(sim);
    for (size_t i = 0; i < sim->host_count; i++) {
        struct host *host = sim->hosts[i];

        host->disk.crash_in = -1;
        if (host->model != NULL && host->epoch == 0) {
            continue; /* the copy was never made */
        }
        host->start_ms = 0;
        host->dials_once = false;
        if (host->is_hostile && host_is_up(host)) {
            host_crash(host); /* its sessions are bent as well */
        }
        if (!host_is_up(host)) {
            host_boot(host);
        }
    }
}
