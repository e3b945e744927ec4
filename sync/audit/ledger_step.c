/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of one log: docs/protocol.md, "Entries". The same steps as a
 * node's (storage/apply.c), but that nothing is stored.
 */
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "sync/audit/ledger_internal.h"
#include "sync/model/hlc.h"

enum { MS_PER_SECOND = 1000, AHEAD_SECONDS_MAX = 10 * 60 };

static uint32_t
seconds_of(uint64_t time)
{
    return (uint32_t)num_min_u64(hlc_ms(time) / MS_PER_SECOND, UINT32_MAX);
}

/*
 * How many entries the clock counts, as they are waited for: "a log with a cut
 * counts no further than it" (docs/membership.md), and of a log that is given
 * in part nobody waits for more.
 */
static uint64_t
counted_size(const struct ledger *ledger, const struct delta_item *item)
{
    const struct ledger_state *state = ledger->states[item->log];
    uint64_t size = item->size;

    if (item->log < ledger->cut_count) {
        size = num_min_u64(size, ledger->cuts[item->log]);
    }
    return state->is_partial ? num_min_u64(size, state->size) : size;
}

/* What the entry's causes come to. */
struct causes {
    bool is_blocked;
    uint64_t rank;
    uint32_t seconds; /* the greatest of theirs */
    uint32_t latest;  /* whose that is, */
    uint64_t latest_size;
};

static void
look_at_causes(const struct ledger *ledger, struct ledger_state *state,
    const struct delta *delta, struct causes *out)
{
    *out = (struct causes){.rank = state->author.rank};
    for (size_t i = 0; i < delta->count; i++) {
        const struct delta_item *item = &delta->items[i];
        const struct ledger_state *cause = ledger->states[item->log];
        uint64_t size = counted_size(ledger, item);

        if (size == 0) {
            continue;
        }
        if (cause->author.applied < size) {
            out->is_blocked = true;
            state->waits_for = item->log;
            state->waits_size = size;
            return;
        }
        out->rank = num_max_u64(out->rank, cause->rows[size - 1].rank);
        if (cause->rows[size - 1].seconds > out->seconds) {
            out->seconds = cause->rows[size - 1].seconds;
            out->latest = item->log;
            out->latest_size = size;
        }
    }
    out->rank++;
}

/* Resolve the clock; are all its causes there? */
static enum err
look_up(struct ledger *ledger, struct ledger_state *state,
    const struct header *header, struct causes *out)
{
    enum err rc = ERR_OK;

    *out = (struct causes){0};
    state->waits_for_stranger =
        header_clock_stranger(&state->stranger, &ledger->logs, header);
    if (state->waits_for_stranger) {
        out->is_blocked = true;
        return ERR_OK;
    }
    rc = header_clock_resolve(
        &ledger->clock, &state->author, &ledger->logs, header);
    if (rc == ERR_OK) {
        look_at_causes(ledger, state, &ledger->clock.clock, out);
    }
    return rc;
}

/* "A time more than 10 minutes beyond … is shown as doubtful, and kept." */
static enum err
check_time(const struct judging *j, const struct causes *causes)
{
    const struct ledger *ledger = j->ledger;
    uint64_t time = j->state->author.time;
    uint64_t seconds = seconds_of(time);
    enum err rc = ERR_OK;

    if (j->header->elapsed == 0 && j->dot.position > 0) {
        rc = judging_find(j, LEDGER_TIME_STILL, VOID_NONE);
    }
    if (rc == ERR_OK && causes->seconds > seconds + AHEAD_SECONDS_MAX) {
        struct ledger_finding finding =
            judging_finding(j, LEDGER_TIME_BEHIND, VOID_NONE);

        finding.other = ledger->logs.ids[causes->latest];
        finding.other_size = causes->latest_size;
        rc = ledger_find(j->ledger, &finding);
    }
    if (rc == ERR_OK && ledger->options.wall_ms != 0 &&
        hlc_is_far(time, ledger->options.wall_ms)) {
        rc = judging_find(j, LEDGER_TIME_AHEAD, VOID_NONE);
    }
    return rc;
}

/* The first log of which it says to have seen what its log, in full, lacks. */
static enum err
check_seen(const struct judging *j)
{
    const struct delta *seen = &j->ledger->clock.seen;

    for (size_t i = 0; i < seen->count; i++) {
        const struct delta_item *item = &seen->items[i];
        const struct ledger_state *other = j->ledger->states[item->log];

        if (other->is_given && !other->is_partial && item->size > other->size) {
            struct ledger_finding finding =
                judging_finding(j, LEDGER_UNSHOWN, VOID_NONE);

            finding.other = other->author.id;
            finding.other_size = item->size;
            return ledger_find(j->ledger, &finding);
        }
    }
    return ERR_OK;
}

/*
 * No entry of this version says that a body was destroyed: those of kind 2 are
 * of a later one. Who may not hold a body does not lack it.
 */
static enum err
check_body(const struct judging *j)
{
    bool is_clear =
        j->entry->kind == ENTRY_CONTROL || j->entry->kind == ENTRY_ERASE;

    if (j->entry->body_state == BUNDLE_BODY_LACKING ||
        (is_clear && j->entry->body_state != BUNDLE_BODY_HERE)) {
        return judging_find(j, LEDGER_BODY, VOID_NONE);
    }
    return ERR_OK;
}

enum ledger_fault
ledger_fault_of(enum void_reason reason)
{
    switch (reason) {
    case VOID_UNKNOWN:
        return LEDGER_UNKNOWN;
    case VOID_NOT_MEMBER:
        return LEDGER_NOT_MEMBER;
    case VOID_NO_RIGHT:
        return LEDGER_NO_RIGHT;
    case VOID_CUT:
        return LEDGER_CUT;
    case VOID_FIREWALL:
        return LEDGER_FIREWALL;
    case VOID_KEY:
        return LEDGER_KEY;
    case VOID_NONE:
    case VOID_MALFORMED:
    case VOID_SEAL:
    case VOID_CLASS:
    case VOID_RECORD:
    case VOID_REASON_COUNT:
        break;
    }
    return LEDGER_FORM;
}

/* "Control entries stand in control logs, the others in changes logs." */
static bool
is_of_its_log(const struct judging *j)
{
    bool is_control = j->entry->kind == ENTRY_CONTROL;
    bool is_change = j->entry->kind == ENTRY_CHANGE;

    return j->state->author.id.kind == LOG_CONTROL ? !is_change : !is_control;
}

/* What the entry says beyond its clock. */
static enum err
judge_body(const struct judging *j, enum void_reason *out_reason)
{
    enum err rc = ERR_OK;

    if (!is_of_its_log(j)) {
        *out_reason = VOID_MALFORMED;
    } else if (j->entry->kind == ENTRY_CONTROL) {
        rc = control_judge(j, out_reason);
    } else if (j->entry->kind == ENTRY_CHANGE) {
        return change_judge(j, out_reason);
    } else {
        *out_reason = VOID_UNKNOWN;
    }
    if (rc == ERR_OK && *out_reason != VOID_NONE) {
        rc = judging_find(j, ledger_fault_of(*out_reason), *out_reason);
    }
    return rc;
}

/* The row of the entry that the author is about to be past. */
static enum err
add_row(const struct judging *j)
{
    struct ledger_state *state = j->state;
    size_t at = (size_t)j->dot.position;
    enum err rc = mem_grow((void **)&state->rows, &state->row_capacity, at + 1,
        sizeof(*state->rows));

    if (rc == ERR_OK && state->author.id.kind == LOG_CONTROL) {
        rc = mem_grow((void **)&state->reasons, &state->reason_capacity, at + 1,
            sizeof(*state->reasons));
    }
    return rc;
}

/* Note what came of it, and tell of a change at once. */
static enum err
finish(const struct judging *j, enum void_reason reason)
{
    const struct ledger_watch *watch = &j->ledger->options.watch;
    struct ledger_state *state = j->state;
    size_t at = (size_t)j->dot.position;
    struct ledger_judged judged = {
        state->author.id, j->dot.position, j->rank, reason};

    state->rows[at] =
        (struct entry_row){(uint32_t)j->rank, seconds_of(state->author.time)};
    if (state->author.id.kind == LOG_CONTROL) {
        state->reasons[at] = (uint8_t)reason;
        return ERR_OK;
    }
    state->voids[reason]++;
    return watch->judged == NULL ? ERR_OK
                                 : watch->judged(watch->context, &judged);
}

/* "It counts nothing …, has no time, and has the rank of the entry before." */
static enum err
judge_malformed(struct judging *j, enum ledger_fault fault)
{
    enum err rc = author_advance(&j->state->author, NULL, NULL, 0);

    j->rank = j->state->author.rank;
    if (rc == ERR_OK) {
        rc = judging_find(j, fault, VOID_MALFORMED);
    }
    if (rc == ERR_OK) {
        rc = check_body(j);
    }
    return rc == ERR_OK ? finish(j, VOID_MALFORMED) : rc;
}

static enum err
judge_entry(struct judging *j, const struct causes *causes)
{
    struct author *author = &j->state->author;
    enum void_reason reason = VOID_NONE;
    enum err rc = ERR_OK;

    j->rank = causes->rank;
    rc = author_advance(author, &j->ledger->clock, j->header, j->rank);
    if (rc == ERR_OK) {
        rc = check_time(j, causes);
    }
    if (rc == ERR_OK) {
        rc = check_seen(j);
    }
    if (rc == ERR_OK) {
        rc = check_body(j);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    /* The entry does not count itself while it is judged. */
    author_count_own(author, j->dot.position);
    rc = judge_body(j, &reason);
    author_count_own(author, author->applied);
    if (rc == ERR_OK && author->id.kind == LOG_CHANGES) {
        rc = control_compare_seen(j);
    }
    return rc == ERR_OK ? finish(j, reason) : rc;
}

enum err
ledger_step(struct ledger *ledger, struct ledger_state *state, bool *out_moved)
{
    const struct ledger_source *source = &ledger->options.source;
    struct author *author = &state->author;
    struct ledger_entry entry = {0};
    struct header header;
    struct causes causes;
    struct judging j = {
        .ledger = ledger,
        .state = state,
        .entry = &entry,
        .dot = {author->log, author->applied},
    };
    enum err rc =
        source->read(source->context, state->handle, author->applied, &entry);

    *out_moved = false;
    if (rc == ERR_NOT_FOUND) {
        state->is_missing = true;
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = add_row(&j);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = header_decode(
        &header, entry.header, (enum log_kind)author->id.kind, author->applied);
    if (rc == ERR_MALFORMED) {
        *out_moved = true;
        return judge_malformed(&j, LEDGER_HEADER);
    }
    if (rc == ERR_OK) {
        rc = look_up(ledger, state, &header, &causes);
    }
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        *out_moved = true;
        return judge_malformed(&j, LEDGER_CLOCK);
    }
    if (rc != ERR_OK || causes.is_blocked) {
        return rc;
    }
    j.header = &header;
    *out_moved = true;
    return judge_entry(&j, &causes);
}
