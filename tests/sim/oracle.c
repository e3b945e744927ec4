/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oracle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle_internal.h"
#include "tests/sim/sim.h"

void
fact_release(struct fact *fact)
{
    pool_release(&fact->value);
    free(fact->dots);
    fact->dots = NULL;
}

void
oracle_release(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->count; i++) {
        for (size_t k = 0; k < oracle->records[i].count; k++) {
            fact_release(&oracle->records[i].facts[k]);
        }
        free(oracle->records[i].facts);
    }
    free(oracle->records);
    *oracle = (struct oracle){0};
}

struct fact_record *
oracle_record(struct oracle *oracle, uint16_t kind, const struct record_id *id)
{
    struct fact_record *record = NULL;

    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->records[i].kind == kind &&
            record_id_equal(&oracle->records[i].id, id)) {
            return &oracle->records[i];
        }
    }
    oracle->records = room_grow(oracle->records, &oracle->capacity,
        oracle->count + 1, sizeof(*oracle->records));
    record = &oracle->records[oracle->count];
    oracle->count++;
    record->kind = kind;
    record->id = *id;
    return record;
}

void
oracle_add(struct fact_record *record, const struct fact *fact)
{
    record->facts = room_grow(record->facts, &record->capacity,
        record->count + 1, sizeof(*record->facts));
    record->facts[record->count] = *fact;
    record->count++;
}

void
oracle_taint(struct oracle *oracle, uint16_t kind, const struct record_id *id)
{
    oracle_record(oracle, kind, id)->is_tainted = true;
}

/* Is it made under that key? */
static bool
has_key(const struct truth *truth, const struct fact_record *record,
    const struct dot *key)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct dot *own =
            &truth_entry(truth, record->facts[i].id.dot)->key;

        if (own->log == key->log && own->position == key->position) {
            return true;
        }
    }
    return false;
}

/*
 * Does it hang on a dishonest node's log what the record shows, and to whom?
 * By who changed it; by its keys, which are its file's; and by grants of
 * those, which a dishonest node's change of another record of the file may
 * have brought.
 */
static bool
is_in_doubt(const struct sim *sim, const struct fact_record *record)
{
    const struct truth *truth = &sim->truth;

    if (record->is_tainted) {
        return true;
    }
    for (size_t i = 0; i < record->count; i++) {
        const struct dot *key =
            &truth_entry(truth, record->facts[i].id.dot)->key;

        if (truth_is_doubtful(truth, record->facts[i].id.dot)) {
            return true;
        }
        for (size_t k = 0; k < sim->oracle.count; k++) {
            if (sim->oracle.records[k].is_tainted &&
                has_key(truth, &sim->oracle.records[k], key)) {
                return true;
            }
        }
    }
    return false;
}

void
oracle_forget(struct oracle *oracle, uint32_t log, uint64_t size)
{
    for (size_t i = 0; i < oracle->count; i++) {
        struct fact_record *record = &oracle->records[i];
        size_t kept = 0;

        for (size_t k = 0; k < record->count; k++) {
            const struct dot *dot = &record->facts[k].id.dot;

            if (dot->log == log && dot->position >= size) {
                fact_release(&record->facts[k]);
            } else {
                record->facts[kept] = record->facts[k];
                kept++;
            }
        }
        record->count = kept;
    }
}

/* Is it applied by the host, and can the host open its key? */
static bool
is_visible(const struct host *host, const struct fact *fact)
{
    const struct truth *truth = &host->sim->truth;
    const struct truth_entry *entry = truth_entry(truth, fact->id.dot);

    assert(entry != NULL && entry->has_key);
    return vclock_counts(&host->applied, fact->id.dot) &&
           !truth_is_void(truth, fact->id.dot, &host->applied) &&
           truth_opens(truth, entry->key,
               &(struct truth_reader){
                   host_id(host), &host->applied, &host->applied});
}

static const char *
name_of_field(const struct asked *asked)
{
    return asked->field == NULL ? "?" : asked->field->name;
}

static void
complain(const struct asked *asked, const char *what)
{
    const struct schema_kind *kind =
        schema_kind(asked->sim->schema, asked->record->kind);

    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *fact = asked->facts[i];

        sim_say(asked->sim, "  fact %u/%zu.%u action %u, %s, %zu bytes",
            fact->id.dot.log, (size_t)fact->id.dot.position, fact->id.op,
            fact->action, fact_is_current(asked, fact) ? "current" : "replaced",
            fact->value.size);
    }
    sim_fail(asked->sim, VIOLATION_LOST,
        "%s: %s.%s (%s) of record %02x%02x: %s", asked->host->name, kind->name,
        name_of_field(asked), schema_rule_name(asked->field->rule),
        asked->record->id.bytes[14], asked->record->id.bytes[15], what);
}

enum { FLAGS = SHOWN_STRUCK | SHOWN_DUPLICATE | SHOWN_ALLEGATION };

static bool
is_expected(const struct answer *answer, const struct shown_value *shown)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (bytes_equal(pool_bytes(&answer->values[i].value), shown->value) &&
            answer->values[i].flags == (shown->flags & FLAGS)) {
            return true;
        }
    }
    return false;
}

static bool
is_shown(const struct shown *shown, const struct expected *expected)
{
    for (size_t i = 0; i < shown->count; i++) {
        if (bytes_equal(pool_bytes(&expected->value), shown->values[i].value) &&
            expected->flags == (shown->values[i].flags & FLAGS)) {
            return true;
        }
    }
    return false;
}

static void
compare(const struct asked *asked, const struct shown *shown,
    const struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (!is_shown(shown, &answer->values[i])) {
            complain(asked, "a value is not shown");
        }
    }
    for (size_t i = 0; i < shown->count; i++) {
        if (!is_expected(answer, &shown->values[i])) {
            complain(asked, "a value is shown that must not be");
        }
    }
    if (answer->has_default &&
        (!shown->has_default || !bytes_equal(shown->values[0].value,
                                    pool_bytes(&answer->chosen)))) {
        complain(asked, "another value stands first");
    }
    if (answer->says_conflict && answer->has_conflict != shown->has_conflict) {
        complain(asked, answer->has_conflict ? "the conflict is not told"
                                             : "there is no conflict");
    }
}

static void
check_field(struct asked *asked, struct view *view, const struct record *record)
{
    struct merge_view of = {
        .record = record,
        .kind = schema_kind(asked->sim->schema, record->kind),
        .field = asked->field,
        .logs = view_logs(view),
        .membership = view_membership(view),
    };
    struct shown shown = {0};
    struct answer answer = {0};

    *asked->sim->truth.is_doubtful = false;
    if (merge_show(&shown, &of, asked->field->number) != ERR_OK) {
        complain(asked, "it cannot be shown");
    }
    oracle_answer(asked, &answer);
    if (!answer.is_open && !*asked->sim->truth.is_doubtful) {
        compare(asked, &shown, &answer);
    }
    answer_release(&answer);
    shown_release(&shown);
}

/* All fields that somebody wrote to, as far as the host can see. */
static void
check_fields(
    struct asked *asked, struct view *view, const struct record *record)
{
    const struct schema_kind *kind =
        schema_kind(asked->sim->schema, record->kind);

    for (size_t f = 0; f < kind->count; f++) {
        asked->field = &kind->fields[f];
        asked->count = 0;
        for (size_t i = 0; i < asked->other_count; i++) {
            if (asked->others[i]->field == asked->field->number) {
                asked->facts[asked->count] = asked->others[i];
                asked->count++;
            }
        }
        if (asked->count > 0) {
            check_field(asked, view, record);
        }
    }
}

static void
check_record(
    struct host *host, struct view *view, const struct fact_record *facts)
{
    struct asked asked = {.sim = host->sim, .host = host, .record = facts};
    struct record record = {0};
    enum err rc = ERR_OK;

    if (host->sim->faults.forks && is_in_doubt(host->sim, facts)) {
        return;
    }
    *host->sim->truth.is_doubtful = false;
    asked.facts = room_new((facts->count + 1) * sizeof(*asked.facts));
    asked.others = room_new((facts->count + 1) * sizeof(*asked.others));
    for (size_t i = 0; i < facts->count; i++) {
        if (is_visible(host, &facts->facts[i])) {
            asked.others[asked.other_count] = &facts->facts[i];
            asked.other_count++;
        }
    }
    if (*host->sim->truth.is_doubtful) {
        goto out;
    }
    host->sim->oracle.judged++;
    rc = view_record(view, facts->kind, &facts->id, &record, NULL);
    if (asked.other_count > 0 && rc != ERR_OK) {
        sim_fail(host->sim, VIOLATION_LOST,
            "%s: record %02x%02x of kind %u is not there: %s", host->name,
            facts->id.bytes[14], facts->id.bytes[15], facts->kind,
            err_text(rc));
    }
    if (asked.other_count == 0 && rc == ERR_OK) {
        sim_fail(host->sim, VIOLATION_LOST,
            "%s: record %02x%02x of kind %u can be read, and must not",
            host->name, facts->id.bytes[14], facts->id.bytes[15], facts->kind);
    }
    if (rc == ERR_OK) {
        check_fields(&asked, view, &record);
        record_release(&record);
    }
out:
    free(asked.facts);
    free(asked.others);
}

void
oracle_check(struct host *host, struct view *view)
{
    const struct oracle *oracle = &host->sim->oracle;

    for (size_t i = 0; i < oracle->count; i++) {
        check_record(host, view, &oracle->records[i]);
    }
}
