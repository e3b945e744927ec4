/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small histories of a record, told in a line of text for tables:
 *
 *     "a 0 =x; c 1 =y @900 why; e 12 -1"
 *
 * Each step is one change: the node (a b of office A, c d of B, e of C, f of
 * D; by their ids they stand b < d < f < a < e < c), the steps that it counts
 * with what they count, and what it does:
 *
 *     =text  the value; /names parts of a ledger's entry, commas those of codes
 *     -12    the steps that it names: it removes, or (owner) follows them
 *     @900   its time; otherwise a hundred times its rank
 *     why    with a reason
 *     key    under a key of its own, which `blind` steps could not open
 *     blind
 *     plain  a set, whatever the rule
 *     other  of the row's other field
 *
 * Step 0 is the creation, by a: `once` is "made", the owner A, and the office
 * named for good B.
 */
#ifndef CORRIDOR_TESTS_LIB_RECORD_HISTORY_H
#define CORRIDOR_TESTS_LIB_RECORD_HISTORY_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "sync/model/merge_internal.h"
#include "tests/lib/record_world.h"

enum { STEPS_MAX = 7 };
enum {
    STEP_REASON = 1,
    STEP_BLIND = 2,
    STEP_OTHER_KEY = 4,
    STEP_PLAIN = 8,
    STEP_OTHER_FIELD = 16
};

/* One change, as it was told; empty texts for what it does not have. */
struct step {
    size_t node;
    char sees[80];
    char value[80];
    char names[80];
    unsigned flags;
    uint64_t time; /* 0: a hundred times the rank */
};

/* One history made of a row's steps. */
struct history {
    struct world world;
    struct event events[STEPS_MAX];
    size_t count;
};

static inline void
put_codes(struct buf *out, const char *text)
{
    size_t count = text[0] == '\0' ? 0 : 1;

    for (const char *at = text; *at != '\0'; at++) {
        count += *at == ',';
    }
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        size_t size = strcspn(text, ",");

        cbor_put_text(out, bytes_of(text, size));
        text += size + (text[size] == ',');
    }
}

/* "type/payer/reference/units", with - for no reference. */
static inline void
put_posting(struct buf *out, const char *text)
{
    char type[16];
    char payer[16];
    char reference[16];
    long units = 0;
    struct world_entry entry = {type, payer, reference, 0, "THB", 2};

    ck_assert_int_eq(sscanf(text, "%15[^/]/%15[^/]/%15[^/]/%ld", type, payer,
                         reference, &units),
        4);
    entry.units = units;
    if (strcmp(reference, "-") == 0) {
        entry.reference = "";
    }
    put_entry(out, &entry);
}

static inline void
put_office(struct buf *out, char letter)
{
    uint8_t id[32];

    memset(id, 0xa0 + (letter - 'A'), sizeof(id));
    cbor_put_bytes(out, bytes_of(id, sizeof(id)));
}

/* A value of the field's type, from text. */
static inline void
put_value(struct buf *out, uint16_t field, const char *text)
{
    const struct schema_field *schema = schema_field(&world_kind, field);

    buf_clear(out);
    if (strcmp(text, "null") == 0) {
        cbor_put_null(out);
        return;
    }
    switch (schema == NULL ? VALUE_CODE : schema->type) {
    case VALUE_N:
        cbor_put_int(out, strtol(text, NULL, 10));
        break;
    case VALUE_B:
        cbor_put_bool(out, strcmp(text, "true") == 0);
        break;
    case VALUE_DT:
        cbor_put_array(out, 3);
        cbor_put_uint(out, CALENDAR_COMMON);
        cbor_put_null(out);
        cbor_put_uint(out, strtoul(text, NULL, 10));
        break;
    case VALUE_TX:
        cbor_put_array(out, 2);
        cbor_put_cstr(out, text);
        cbor_put_null(out);
        break;
    case VALUE_CODES:
        put_codes(out, text);
        break;
    case VALUE_LE:
        put_posting(out, text);
        break;
    case VALUE_OFFICE:
        put_office(out, text[0]);
        break;
    default:
        cbor_put_cstr(out, text);
        break;
    }
}

static inline enum change_action
action_of(uint16_t field, const struct step *step)
{
    const struct schema_field *schema = schema_field(&world_kind, field);
    const struct merge_rule *rule = merge_rule_of(schema);

    if ((step->flags & STEP_PLAIN) != 0) {
        return ACTION_SET;
    }
    if (schema != NULL && schema->rule == RULE_OWNER) {
        return ACTION_TRANSFER;
    }
    if (step->value[0] == '\0') {
        return ACTION_REMOVE;
    }
    return (rule->actions >> ACTION_SET & 1) != 0 ? ACTION_SET : ACTION_ADD;
}

/* Count another event, with all that it counts. */
static inline void
see(struct event *event, const struct event *other)
{
    for (size_t i = 0; i < WORLD_NODES; i++) {
        if (other->sizes[i] > event->sizes[i]) {
            event->sizes[i] = other->sizes[i];
        }
    }
    if (other->position >= event->sizes[other->node]) {
        event->sizes[other->node] = other->position + 1;
    }
    if (other->rank >= event->rank) {
        event->rank = other->rank + 1;
    }
}

static inline void
add_creation(struct history *history)
{
    struct event *event = &history->events[0];
    struct buf value = {0};

    *event = (struct event){.rank = 1, .time = 1, .is_creating = true};
    put_code(&value, "made");
    event_op(event, F_ONCE, ACTION_SET);
    event_value(event, &value);
    event_op(event, F_OWNER, ACTION_TRANSFER)->office =
        history->world.offices[0].id;
    event_op(event, F_OFFICE, ACTION_SET);
    buf_clear(&value);
    put_office(&value, 'B');
    event_value(event, &value);
    history->count = 1;
    buf_release(&value);
}

/* Which of an event's operations is of the field. */
static inline uint16_t
op_of(const struct event *event, uint16_t field)
{
    for (uint16_t i = 0; i < event->op_count; i++) {
        if (event->ops[i].field == field) {
            return i;
        }
    }
    return 0;
}

static inline void
add_step(struct history *history, const struct step *step, uint16_t field)
{
    struct event *event = &history->events[history->count];
    enum change_action action = action_of(field, step);
    struct buf value = {0};

    *event = (struct event){.node = step->node, .rank = 1};
    for (const char *at = step->sees; *at != '\0'; at++) {
        see(event, &history->events[*at - '0']);
    }
    for (size_t i = 0; i < history->count; i++) {
        if (history->events[i].node == event->node) {
            see(event, &history->events[i]);
            event->position = history->events[i].position + 1;
        }
    }
    event->time = step->time == 0 ? 100 * event->rank : step->time;
    event->key = (step->flags & STEP_OTHER_KEY) != 0 ? 1 : 0;
    event->blind = (step->flags & STEP_BLIND) != 0 ? 2 : 0;
    event_op(event, field, action);
    if (action == ACTION_TRANSFER) {
        event->ops[0].office = history->world.offices[step->value[0] - 'A'].id;
    } else if (step->value[0] != '\0') {
        put_value(&value, field, step->value);
        event_value(event, &value);
    }
    if ((step->flags & STEP_REASON) != 0) {
        event_reason(event, "seen the letter");
    }
    for (const char *at = step->names; *at != '\0'; at++) {
        const struct event *named = &history->events[*at - '0'];

        event_name(event, named, op_of(named, field));
    }
    history->count++;
    buf_release(&value);
}

/* One word of a step. */
static inline void
read_word(struct step *step, const char *word)
{
    static const struct {
        const char *word;
        unsigned flag;
    } flags[] = {{"why", STEP_REASON}, {"blind", STEP_BLIND},
        {"key", STEP_OTHER_KEY}, {"plain", STEP_PLAIN},
        {"other", STEP_OTHER_FIELD}};

    switch (word[0]) {
    case '=':
        (void)snprintf(step->value, sizeof(step->value), "%s", word + 1);
        return;
    case '-':
        (void)snprintf(step->names, sizeof(step->names), "%s", word + 1);
        return;
    case '@':
        step->time = strtoull(word + 1, NULL, 10);
        return;
    default:
        break;
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(word, flags[i].word) == 0) {
            step->flags |= flags[i].flag;
            return;
        }
    }
    ck_abort_msg("a step cannot be told as \"%s\"", word);
}

/* The next step of a history; where the rest begins, or NULL at the end. */
static inline const char *
read_step(struct step *step, const char *told)
{
    char word[80];
    size_t words = 0;
    int size = 0;

    *step = (struct step){.node = 0};
    while (sscanf(told, " %79[^; ]%n", word, &size) == 1) {
        if (words == 0) {
            step->node = (size_t)(word[0] - 'a');
        } else if (words == 1) {
            (void)snprintf(step->sees, sizeof(step->sees), "%s", word);
        } else {
            read_word(step, word);
        }
        told += size;
        words++;
    }
    if (words == 0) {
        return NULL;
    }
    ck_assert_uint_lt(step->node, WORLD_NODES);
    return told + (*told == ';');
}

/* The events of a history of `field`, and of `other` where a step says so. */
static inline void
history_init(
    struct history *history, const char *told, uint16_t field, uint16_t other)
{
    struct step step;

    *history = (struct history){.count = 0};
    world_init(&history->world, 0);
    add_creation(history);
    for (told = read_step(&step, told); told != NULL;
         told = read_step(&step, told)) {
        ck_assert_uint_lt(history->count, STEPS_MAX);
        add_step(history, &step,
            (step.flags & STEP_OTHER_FIELD) != 0 ? other : field);
    }
}

static inline void
history_release(struct history *history)
{
    world_release(&history->world);
}

#endif
