/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/forks.h"

#include <assert.h>
#include <string.h>

#include "tests/sim/sim.h"
#include "tests/sim/work.h"

enum {
    COPY_IN = 24, /* one tick in so many */
    BACK_UP_IN = 12,
    REWRITE_IN = 40,
    EDITS_APART_MAX = 4,
    DISHONEST_MAX = 2
};

/* Is it of use to nobody else: no guests, and alone in its office? */
static bool
is_alone(const struct sim *sim, const struct host *host)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        const struct host *other = sim->hosts[i];

        if (other != host &&
            (other->inviter == host->index || other->office == host->office)) {
            return false;
        }
    }
    return host->index > 0;
}

/* A machine for the copy of a home; it is down until then, and calls nobody
 * but whom the home calls. */
static void
add_copy(struct sim *sim, struct host *host)
{
    struct host *copy = NULL;

    if (sim->host_count == SIM_HOSTS_MAX) {
        return;
    }
    copy = host_new(sim, (unsigned)sim->host_count, host->office);
    sim->hosts[sim->host_count] = copy;
    sim->host_count++;
    *copy->node.secrets = *host->node.secrets;
    copy->node.home.node = host->node.home.node;
    copy->node.home.office = host->node.home.office;
    copy->office_key = host->office_key;
    copy->inviter = copy->index;
    memcpy(copy->dials, host->dials, sizeof(copy->dials));
    copy->model = host;
    copy->start_ms = UINT64_MAX;
    copy->is_dishonest = true;
    for (size_t i = 0; i < sim->host_count; i++) {
        sim->hosts[i]->dials[copy->index] =
            !sim->hosts[i]->is_dishonest && sim_chance(sim, 2);
    }
}

static void
corrupt(struct sim *sim, struct host *host)
{
    uint64_t kinds = 1 + sim_below(sim, 7);

    host->is_dishonest = true;
    host->rewrites = (kinds & 1) != 0;
    host->is_hostile = (kinds & 2) != 0;
    host->is_silent = host->is_hostile && sim_chance(sim, 2);
    if ((kinds & 4) != 0) {
        add_copy(sim, host);
    }
    sim_say(sim, "%s is dishonest:%s%s%s", host->name,
        host->rewrites ? " rewrites" : "", host->is_hostile ? " lies" : "",
        (kinds & 4) != 0 ? " is copied" : "");
}

/* An honest office that only audits, and one that only relays. */
static void
choose_roles(struct sim *sim)
{
    struct host *auditor = sim->hosts[sim_below(sim, sim->host_count)];
    struct host *relay = sim->hosts[sim_below(sim, sim->host_count)];

    if (!auditor->is_dishonest && is_alone(sim, auditor)) {
        auditor->roles = ROLE_AUDIT;
        sim_say(sim, "%s audits", auditor->name);
    }
    if (!relay->is_dishonest && relay != auditor && is_alone(sim, relay)) {
        relay->roles = ROLE_RELAY;
        sim_say(sim, "%s relays", relay->name);
    }
}

void
forks_choose(struct sim *sim)
{
    size_t count = sim->host_count;
    size_t wanted = 1 + (sim_chance(sim, 3) ? 1 : 0);
    size_t start = (size_t)sim_below(sim, count);
    size_t found = 0;

    sim->faults.forks = true;
    sim->faults.hostile = false;
    for (size_t i = 0; i < count; i++) {
        sim->hosts[i]->is_hostile = false;
    }
    for (size_t i = 0;
         i < count && found < wanted && count - found > FORKS_HONEST_MIN; i++) {
        struct host *host = sim->hosts[(start + i) % count];

        if (is_alone(sim, host)) {
            corrupt(sim, host);
            found++;
        }
    }
    choose_roles(sim);
}

/* Some honest ones can reach it, others cannot. */
static void
part(struct sim *sim, const struct host *host, uint64_t reached)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        struct net_line line = sim->net.lines[host->index][i];

        if (i == host->index || sim->hosts[i]->is_dishonest) {
            continue;
        }
        line.is_down = (reached >> i & 1) == 0;
        net_set_line(&sim->net, (int)host->index, (int)i, &line);
        if (line.is_down) {
            net_sever(&sim->net, (int)host->index, (int)i, false);
        }
    }
}

/* From now on the home runs twice: as of what is durable. */
static void
copy_home(struct sim *sim, struct host *copy)
{
    struct host *model = copy->model;
    uint64_t reached = prng_next(&sim->prng);
    struct pool *image = &copy->disk.backup;

    if (!host_is_up(model) || !model->is_enrolled ||
        !sim_chance(sim, COPY_IN)) {
        return;
    }
    sim_say(sim, "%s is a copy of %s", copy->name, model->name);
    pool_put(image, pool_bytes(&model->disk.image));
    disk_restore(&copy->disk);
    buf_put_bytes(&copy->cert, buf_bytes(&model->cert));
    copy->is_enrolled = true;
    copy->wall_offset_ms = model->wall_offset_ms;
    copy->wall_drift_ppm = model->wall_drift_ppm;
    if (!sim_chance(sim, 4)) {
        part(sim, model, reached);
        part(sim, copy, ~reached);
    }
    host_boot(copy);
}

/* Writes before it meets anybody. */
static void
write_apart(struct sim *sim, struct host *host)
{
    uint64_t reached = prng_next(&sim->prng);
    uint64_t edits = 1 + sim_below(sim, EDITS_APART_MAX);

    part(sim, host, 0);
    host_boot(host);
    for (uint64_t i = 0; i < edits; i++) {
        work_edit(host);
    }
    host_drain(host);
    part(sim, host, sim_chance(sim, 2) ? reached : UINT64_MAX);
}

static void
go_back(struct sim *sim, struct host *host)
{
    if (host_is_up(host)) {
        host_crash(host);
    }
    host_restore(host);
    host->was_restored = false; /* nothing keeps it from writing */
    if (sim_chance(sim, 2)) {
        write_apart(sim, host);
    } else {
        host_boot(host);
    }
}

static void
strike_rewriter(struct sim *sim, struct host *host)
{
    bool has_backup = host->disk.backup.size > 0;

    if (has_backup && sim_chance(sim, REWRITE_IN)) {
        go_back(sim, host);
    } else if (host_is_up(host) && host->is_enrolled &&
               sim_chance(sim, has_backup ? 4 * BACK_UP_IN : BACK_UP_IN)) {
        host_back_up(host);
    }
}

void
forks_strike(struct sim *sim)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        struct host *host = sim->hosts[i];

        if (host->model != NULL && host->epoch == 0) {
            copy_home(sim, host);
        }
        if (host->rewrites) {
            strike_rewriter(sim, host);
        }
    }
}
