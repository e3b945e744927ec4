/* SPDX-License-Identifier: Apache-2.0 */
/* Which edit somebody makes. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "sync/model/merge.h"
#include "tests/sim/sim.h"
#include "tests/sim/work_internal.h"

enum {
    TRIES = 6,
    OPS_MAX = 4,
    NEW_IN = 4,   /* one edit in so many makes a record */
    STALE_IN = 12 /* one in so many names a version that nobody has */
};

static uint64_t
below(struct drawn *drawn, uint64_t limit)
{
    return prng_below(&drawn->prng, limit);
}

static bool
chance(struct drawn *drawn, uint64_t n)
{
    return below(drawn, n) == 0;
}

void
draw_release(struct drawn *drawn)
{
    for (size_t i = 0; i < DRAWN_OPS_MAX; i++) {
        buf_release(&drawn->values[i]);
    }
}

/* The next operation, empty, on that field. */
static struct change_op *
next_op(struct drawn *drawn, uint16_t field, enum change_action action)
{
    struct change_op *op = &drawn->ops[drawn->count];

    *op = (struct change_op){.field = field,
        .action = (uint8_t)action,
        .dots = drawn->dots[drawn->count]};
    buf_clear(&drawn->values[drawn->count]);
    drawn->count++;
    return op;
}

static bool
set_value(struct drawn *drawn, const struct schema_field *field,
    enum change_action action)
{
    struct change_op *op = next_op(drawn, field->number, action);
    struct buf *value = &drawn->values[drawn->count - 1];

    if (!work_value(drawn->host->sim, &drawn->prng, field, value) ||
        buf_err(value) != ERR_OK) {
        drawn->count--;
        return false;
    }
    op->has_value = true;
    op->value = buf_bytes(value);
    return true;
}

static bool
set_with_reason(struct drawn *drawn, const struct schema_field *field)
{
    if (!set_value(drawn, field, ACTION_SET)) {
        return false;
    }
    if (chance(drawn, 2)) {
        drawn->ops[drawn->count - 1].has_reason = true;
        drawn->ops[drawn->count - 1].reason = bytes_text("as agreed");
    }
    return true;
}

/* Take out, strike or reverse one that is there; else add. */
static bool
add_or_remove(struct drawn *drawn, const struct schema_field *field)
{
    const struct record_field *have =
        drawn->record == NULL ? NULL
                              : record_field(drawn->record, field->number);

    if (have != NULL && have->count > 0 && chance(drawn, 3)) {
        const struct record_op *victim = &have->ops[below(drawn, have->count)];

        if (victim->action == ACTION_ADD) {
            struct change_op *op = next_op(drawn, field->number, ACTION_REMOVE);
            op->dots[0] = victim->id;
            op->dot_count = 1;
            return true;
        }
    }
    return set_value(drawn, field, ACTION_ADD);
}

/* Give the record to an office, if it is ours to give. */
static bool
transfer(struct drawn *drawn, const struct schema_field *field)
{
    struct sim *sim = drawn->host->sim;
    struct merge_view view = {
        .record = drawn->record,
        .kind = drawn->kind,
        .field = field,
        .logs = store_logs(drawn->store),
        .membership = store_membership(drawn->store),
    };
    struct shown shown = {0};
    struct change_op *op = NULL;
    size_t first = 0;

    if (drawn->record == NULL) {
        op = next_op(drawn, field->number, ACTION_TRANSFER);
        op->office = drawn->host->node.home.office;
        return true;
    }
    if (merge_show(&shown, &view, field->number) != ERR_OK ||
        shown.count == 0 || shown.count > DRAWN_DOTS_MAX) {
        shown_release(&shown);
        return false;
    }
    if (!office_id_equal(&shown.owner, &drawn->host->node.home.office)) {
        if (!chance(drawn, 8)) {
            shown_release(&shown);
            return false;
        }
        drawn->plan->may_be_void = true;
    }
    op = next_op(drawn, field->number, ACTION_TRANSFER);
    op->office = sim->hosts[below(drawn, sim->host_count)]->node.home.office;
    first = shown.has_conflict ? 1 : 0;
    for (size_t i = first; i < shown.count; i++) {
        op->dots[op->dot_count] = shown.values[i].op->id;
        op->dot_count++;
    }
    shown_release(&shown);
    return true;
}

static bool
draw_op(struct drawn *drawn, const struct schema_field *field)
{
    switch (field->rule) {
    case RULE_ONCE:
        return drawn->record == NULL && set_value(drawn, field, ACTION_SET);
    case RULE_REVIEW:
    case RULE_LATEST:
    case RULE_LADDER:
    case RULE_RESTRICT:
    case RULE_AUTHORITY:
        return set_value(drawn, field, ACTION_SET);
    case RULE_HIGHEST:
    case RULE_LOWEST:
        return set_with_reason(drawn, field);
    case RULE_SET:
    case RULE_BAN:
    case RULE_JOURNAL:
    case RULE_LEDGER:
        return add_or_remove(drawn, field);
    case RULE_OWNER:
        return transfer(drawn, field);
    case RULE_COUNT:
        break;
    }
    return false;
}

/* A field once only: an edit says one thing of each. */
static bool
has_field(const struct drawn *drawn, uint16_t field)
{
    for (size_t i = 0; i < drawn->count; i++) {
        if (drawn->ops[i].field == field) {
            return true;
        }
    }
    return false;
}

static void
draw_ops(struct drawn *drawn)
{
    size_t wanted = 1 + (size_t)below(drawn, OPS_MAX);

    for (size_t i = 0; i < wanted * TRIES && drawn->count < wanted; i++) {
        const struct schema_field *field =
            &drawn->kind->fields[below(drawn, drawn->kind->count)];

        if (!has_field(drawn, field->number)) {
            draw_op(drawn, field);
        }
    }
}

/* A record of that kind (0: any) that can be read here. */
static enum err
pick(struct drawn *drawn, uint16_t kind, const struct fact_record **out)
{
    const struct oracle *oracle = &drawn->host->sim->oracle;

    for (unsigned i = 0; i < TRIES && oracle->count > 0; i++) {
        const struct fact_record *facts =
            &oracle->records[below(drawn, oracle->count)];
        const struct record *record = NULL;
        enum err rc = ERR_OK;

        if (kind != 0 && facts->kind != kind) {
            continue;
        }
        rc = store_record(drawn->store, facts->kind, &facts->id, &record, NULL);
        if (rc == ERR_OK && record->key_count > 0) {
            drawn->record = record;
            *out = facts;
            return ERR_OK;
        }
        if (rc != ERR_OK && rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err
draw_new(struct drawn *drawn, struct edit *out)
{
    static const uint16_t kinds[] = {2, 3, 3, 4, 4, 5, 6, 7, 12, 22};
    const struct fact_record *parent = NULL;
    uint16_t kind = kinds[below(drawn, sizeof(kinds) / sizeof(*kinds))];

    drawn->kind = schema_kind(drawn->host->sim->schema, kind);
    out->is_new = true;
    out->kind = kind;
    if (drawn->kind->parent != 0) {
        enum err rc = pick(drawn, drawn->kind->parent, &parent);
        if (rc != ERR_OK) {
            return rc;
        }
        out->has_parent = true;
        out->parent = parent->id;
    }
    drawn->record = NULL;
    draw_ops(drawn);
    drawn->plan->must_be_stale = false;
    return ERR_OK;
}

static enum err
set_version(struct drawn *drawn, struct edit *out)
{
    struct hash digest;
    enum err rc =
        record_digest(&digest, drawn->record, store_logs(drawn->store));

    if (rc == ERR_OK) {
        out->has_version = true;
        memcpy(out->version.bytes, digest.bytes, VERSION_BYTES);
        if (drawn->plan->must_be_stale) {
            out->version.bytes[0] ^= 1;
        }
    }
    return rc;
}

static enum err
draw_old(struct drawn *drawn, struct edit *out)
{
    const struct fact_record *facts = NULL;
    enum err rc = pick(drawn, 0, &facts);

    if (rc != ERR_OK) {
        return rc;
    }
    drawn->kind = schema_kind(drawn->host->sim->schema, facts->kind);
    out->kind = facts->kind;
    out->id = facts->id;
    draw_ops(drawn);
    if (drawn->count == 0) {
        return ERR_NOT_FOUND;
    }
    drawn->plan->must_be_stale = chance(drawn, STALE_IN);
    return drawn->plan->must_be_stale || chance(drawn, 2)
               ? set_version(drawn, out)
               : ERR_OK;
}

/* A story's edit: one text of one field. */
static enum err
draw_story(struct drawn *drawn, struct edit *out)
{
    const struct work_plan *story = &drawn->plan->story;
    const struct oracle *oracle = &drawn->host->sim->oracle;
    const struct schema_field *field = NULL;
    struct change_op *op = NULL;
    struct buf *value = &drawn->values[0];
    enum err rc = ERR_OK;

    drawn->kind = schema_kind(drawn->host->sim->schema, story->kind);
    field = schema_field_by_name(drawn->kind, bytes_text(story->field));
    out->kind = story->kind;
    out->is_new = story->record == SIZE_MAX;
    if (!out->is_new) {
        out->id = oracle->records[story->record].id;
        rc = store_record(
            drawn->store, out->kind, &out->id, &drawn->record, NULL);
    }
    op = next_op(drawn, field->number,
        field->rule == RULE_SET || field->rule == RULE_JOURNAL ? ACTION_ADD
                                                               : ACTION_SET);
    if (field->type == VALUE_TX) {
        cbor_put_array(value, 2);
    }
    cbor_put_cstr(value, story->text);
    if (field->type == VALUE_TX) {
        cbor_put_null(value);
    }
    op->has_value = true;
    op->value = buf_bytes(value);
    return rc;
}

enum err
draw_edit(struct drawn *drawn, struct edit *out)
{
    enum err rc = ERR_OK;

    drawn->plan->must_be_stale = false;
    drawn->plan->may_be_void = false;
    if (drawn->plan->is_story) {
        rc = draw_story(drawn, out);
    } else if (chance(drawn, NEW_IN)) {
        rc = draw_new(drawn, out);
    } else {
        rc = draw_old(drawn, out);
        if (rc == ERR_NOT_FOUND) {
            drawn->count = 0;
            rc = draw_new(drawn, out);
        }
    }
    out->ops = drawn->ops;
    out->op_count = drawn->count;
    return rc;
}
