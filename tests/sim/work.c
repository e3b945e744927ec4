/* SPDX-License-Identifier: Apache-2.0 */
/* Edits on their way from people to the oracle. */
#include "tests/sim/work.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/sim/sim.h"
#include "tests/sim/work_internal.h"

/* An entry that will stand in the host's changes log, with what it says. */
struct pending {
    const struct host_write *write; /* that made it */
    uint16_t kind;
    struct record_id id;
    struct fact *facts;
    size_t count;
};

static void
pending_release(struct pending *pending)
{
    for (size_t i = 0; i < pending->count; i++) {
        fact_release(&pending->facts[i]);
    }
    free(pending->facts);
}

void
work_drop(struct host *host, const struct host_write *write)
{
    size_t kept = 0;

    for (size_t i = 0; i < host->pending_count; i++) {
        if (host->pending[i].write == write) {
            pending_release(&host->pending[i]);
        } else {
            host->pending[kept] = host->pending[i];
            kept++;
        }
    }
    host->pending_count = kept;
}

static struct fact_id
name_globally(struct host *host, const struct op_id *id)
{
    const struct log_table *logs = store_logs(host->node.store);
    struct fact_id name = {.dot = id->dot, .op = id->op};

    name.dot.log = truth_log(host->sim, &logs->ids[id->dot.log]);
    return name;
}

static void
copy_op(struct host *host, const struct change_op *op, uint16_t number,
    struct fact *out)
{
    out->id.op = number;
    out->field = op->field;
    out->action = op->action;
    out->has_reason = op->has_reason;
    out->office = op->office;
    pool_put(&out->value, op->value);
    if (op->dot_count > 0) {
        out->dots = room_new(op->dot_count * sizeof(*out->dots));
        out->dot_count = op->dot_count;
        for (size_t i = 0; i < op->dot_count; i++) {
            out->dots[i] = name_globally(host, &op->dots[i]);
        }
    }
}

static uint8_t
class_of(const struct schema_kind *kind, uint16_t field)
{
    const struct schema_field *known = schema_field(kind, field);

    return (uint8_t)(known == NULL ? kind->class : known->class);
}

/* The entry's last fact is the change itself. */
static void
push(struct host *host, struct pending *pending)
{
    pending->facts[pending->count].id.op = UINT16_MAX;
    pending->count++;
    host->pending = room_grow(host->pending, &host->pending_capacity,
        host->pending_count + 1, sizeof(*host->pending));
    host->pending[host->pending_count] = *pending;
    host->pending_count++;
}

void
work_put_change(
    const struct host_write *write, uint16_t kind, const struct record_id *id)
{
    struct pending pending = {.write = write, .kind = kind, .id = *id};

    pending.facts = room_new(sizeof(*pending.facts));
    push(write->host, &pending);
}

/* One entry for each class that the edit speaks of, in their order. */
static void
put_down(struct host_write *write, const struct edit *edit,
    const struct record_id *id)
{
    struct host *host = write->host;
    const struct schema_kind *kind = schema_kind(host->sim->schema, edit->kind);

    for (uint8_t class = 0; class < CLASS_COUNT; class ++) {
        struct pending pending = {
            .write = write, .kind = edit->kind, .id = *id};
        uint16_t number = 0;

        pending.facts = room_new((edit->op_count + 1) * sizeof(struct fact));
        for (size_t i = 0; i < edit->op_count; i++) {
            if (class_of(kind, edit->ops[i].field) == class) {
                copy_op(
                    host, &edit->ops[i], number, &pending.facts[pending.count]);
                pending.count++;
                number++;
            }
        }
        if (number == 0 && !(edit->is_new && class == kind->class)) {
            free(pending.facts);
            continue;
        }
        push(host, &pending);
    }
}

/* What becomes of an edit that must not have failed. */
static void
judge(struct host_write *write, enum err rc, const struct err_msg *msg)
{
    struct plan *plan = write->context;

    if (rc == ERR_OK && plan->must_be_stale) {
        sim_fail(write->host->sim, VIOLATION_ERROR,
            "%s: an edit of a version that nobody has was taken",
            write->host->name);
    }
    if ((rc == ERR_MALFORMED && !plan->may_be_void) ||
        (rc == ERR_STALE && !plan->must_be_stale) || rc == ERR_CORRUPT ||
        rc == ERR_TOO_BIG) {
        sim_fail(write->host->sim, VIOLATION_ERROR, "%s: an edit fails: %s",
            write->host->name, msg->text[0] == '\0' ? err_text(rc) : msg->text);
    }
}

/* What somebody tried, for whoever wants to know. */
static void
tell(const struct drawn *drawn, enum err rc)
{
    static const char *const verbs[] = {
        "sets", "adds to", "takes from", "gives away"};

    for (size_t i = 0; i < drawn->count; i++) {
        const struct schema_field *field =
            schema_field(drawn->kind, drawn->ops[i].field);

        sim_say(drawn->host->sim, "%s %s %s.%s: %s", drawn->host->name,
            verbs[drawn->ops[i].action], drawn->kind->name, field->name,
            err_text(rc));
    }
}

static enum err
run_edit(struct host_write *write, struct store *store, struct err_msg *msg)
{
    struct plan *plan = write->context;
    struct edit_result result;
    struct edit edit = {0};
    struct drawn drawn = {.host = write->host, .store = store, .plan = plan};
    enum err rc = ERR_OK;

    if (write->host->disk.is_dead) {
        return ERR_IO; /* what it did the first time may be there yet */
    }
    work_drop(write->host, write);
    drawn.prng = prng_init(plan->seed);
    rc = draw_edit(&drawn, &edit);
    if (rc == ERR_OK) {
        rc = store_edit(store, &edit, &result, msg);
        tell(&drawn, rc);
        judge(write, rc, msg);
    }
    if (rc == ERR_OK) {
        mem_fault_after(-1);
        put_down(write, &edit, &result.id);
    }
    draw_release(&drawn);
    return rc;
}

static void
done_edit(struct host_write *write, enum err rc)
{
    struct host *host = write->host;

    /* Of one that failed as the power went nobody knows. */
    if (rc != ERR_OK && !host->disk.is_dead) {
        work_drop(host, write);
    }
    if (rc != ERR_OK) {
        sim_say(host->sim, "%s: an edit fails: %s", host->name, err_text(rc));
    }
}

void
work_submit(struct host *host, const struct plan *plan)
{
    struct host_write write = {.run = run_edit, .done = done_edit};
    struct plan *copy = room_new(sizeof(*copy));

    *copy = *plan;
    write.context = copy;
    host_submit(host, &write);
}

void
work_edit(struct host *host)
{
    struct plan plan = {.seed = prng_next(&host->sim->prng)};

    work_submit(host, &plan);
}

void
work_do(struct host *host, const struct work_plan *story)
{
    struct plan plan = {
        .seed = prng_next(&host->sim->prng), .story = *story, .is_story = true};

    work_submit(host, &plan);
}

static void
match(struct host *host, struct pending *pending, struct dot dot)
{
    struct oracle *oracle = &host->sim->oracle;
    size_t before = oracle->count;
    struct fact_record *record =
        oracle_record(oracle, pending->kind, &pending->id);

    if (oracle->count > before) {
        record->creator = (int)host->index;
        sim_say(host->sim, "%s has made record %zu", host->name, before);
    }
    for (size_t i = 0; i < pending->count; i++) {
        pending->facts[i].id.dot = dot;
        oracle_add(record, &pending->facts[i]);
    }
    free(pending->facts);
}

/* What a dishonest host writes may be gone again, or twice: no record that it
 * touches is judged any more. */
static void
taint(struct host *host)
{
    for (size_t i = 0; i < host->pending_count; i++) {
        oracle_taint(
            &host->sim->oracle, host->pending[i].kind, &host->pending[i].id);
        pending_release(&host->pending[i]);
    }
    host->pending_count = 0;
}

void
work_match(struct host *host, bool is_complete)
{
    struct log_id id = {*host_id(host), LOG_CHANGES};
    uint32_t log = truth_log(host->sim, &id);
    uint64_t size = vclock_get(&host->stored, log);
    size_t taken = 0;

    if (host->is_dishonest) {
        taint(host);
        return;
    }
    while (host->matched < size) {
        if (taken == host->pending_count) {
            sim_fail(host->sim, VIOLATION_POSITION,
                "%s holds an entry of its own that nobody made at %zu",
                host->name, (size_t)host->matched);
        }
        match(host, &host->pending[taken], (struct dot){log, host->matched});
        taken++;
        host->matched++;
    }
    if (is_complete && taken < host->pending_count) {
        sim_fail(host->sim, VIOLATION_DURABLE,
            "%s was told that its edit is written, and it is not there",
            host->name);
    }
    for (size_t i = taken; i < host->pending_count; i++) {
        pending_release(&host->pending[i]);
    }
    host->pending_count = 0;
}

void
work_forget(struct host *host)
{
    /* Kept until the disk has told: work_match, when it starts again. The
     * writes themselves are gone. */
    for (size_t i = 0; i < host->pending_count; i++) {
        host->pending[i].write = NULL;
    }
}

void
work_release(struct host *host)
{
    for (size_t i = 0; i < host->pending_count; i++) {
        pending_release(&host->pending[i]);
    }
    free(host->pending);
    host->pending = NULL;
    host->pending_count = 0;
    host->pending_capacity = 0;
}

static enum err
run_demote(struct host_write *write, struct store *store, struct err_msg *msg)
{
    const struct office_id *office = write->context;
    struct buf body = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_put_roles(&body, office, ROLE_READ);
    rc = buf_err(&body);
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&body), &dot, msg);
    }
    buf_release(&body);
    return rc;
}

static void
done_demote(struct host_write *write, enum err rc)
{
    sim_say(write->host->sim, "%s takes the right to write: %s",
        write->host->name, err_text(rc));
}

void
work_demote(struct host *founder, const struct host *other)
{
    struct host_write write = {.run = run_demote, .done = done_demote};
    struct office_id *office = room_new(sizeof(*office));

    *office = other->node.home.office;
    write.context = office;
    host_submit(founder, &write);
}

static enum err
run_enrol(struct host_write *write, struct store *store, struct err_msg *msg)
{
    struct host *host = write->host;
    enum err rc = store_enrol(store, buf_bytes(&host->cert), msg);

    for (size_t i = 0; rc == ERR_OK && i < host->sim->host_count; i++) {
        const struct host *guest = host->sim->hosts[i];

        if (guest != host && guest->inviter == host->index) {
            rc = host_invite(store, guest, msg);
        }
    }
    return rc;
}

static void
done_enrol(struct host_write *write, enum err rc)
{
    if (rc == ERR_OK || rc == ERR_EXISTS) {
        if (!write->host->is_enrolled) {
            sim_say(write->host->sim, "%s is enrolled", write->host->name);
        }
        write->host->is_enrolled = true;
    }
}

void
work_enrol(struct host *host)
{
    struct host_write write = {.run = run_enrol, .done = done_enrol};

    host_submit(host, &write);
}
