/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody shares with another office what was written before. */
#include "storage/share.h"
#include "sync/model/change.h"
#include "tests/sim/sim.h"
#include "tests/sim/work_internal.h"

static enum err
run_share(struct host_write *write, struct store *store, struct err_msg *msg)
{
    struct host *host = write->host;
    struct sim *sim = host->sim;
    struct plan *plan = write->context;
    struct prng prng = prng_init(plan->seed);
    struct circle_name circle = {.kind = CIRCLE_OFFICE};
    struct share share = {.circle = &circle, .purpose = PURPOSE_SHARE};
    const struct fact_record *facts = NULL;
    enum err rc = ERR_OK;

    if (host->disk.is_dead || sim->oracle.count == 0) {
        return host->disk.is_dead ? ERR_IO : ERR_NOT_FOUND;
    }
    work_drop(host, write);
    facts = &sim->oracle.records[prng_below(&prng, sim->oracle.count)];
    share.kind = facts->kind;
    share.id = facts->id;
    share.class = (uint8_t)(prng_below(&prng, 3) == 0
                                ? CLASS_SEALED
                                : schema_kind(sim->schema, share.kind)->class);
    circle.office =
        sim->hosts[prng_below(&prng, sim->host_count)]->node.home.office;
    if (prng_below(&prng, 4) == 0) {
        circle.kind = CIRCLE_EVERYONE;
    }
    rc = store_share(store, &share, msg);
    if (rc == ERR_MALFORMED || rc == ERR_CORRUPT || rc == ERR_TOO_BIG) {
        sim_fail(
            sim, VIOLATION_ERROR, "%s cannot share: %s", host->name, msg->text);
    }
    if (rc == ERR_OK) {
        work_put_change(write, share.kind, &share.id);
    }
    return rc;
}

static void
done_share(struct host_write *write, enum err rc)
{
    if (rc != ERR_OK && !write->host->disk.is_dead) {
        work_drop(write->host, write);
    }
    sim_say(write->host->sim, "%s shares: %s", write->host->name, err_text(rc));
}

void
work_share(struct host *host)
{
    struct host_write write = {.run = run_share, .done = done_share};
    struct plan *plan = room_new(sizeof(*plan));

    plan->seed = prng_next(&host->sim->prng);
    write.context = plan;
    host_submit(host, &write);
}
