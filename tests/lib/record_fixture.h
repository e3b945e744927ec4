/* SPDX-License-Identifier: Apache-2.0 */
/* One record in a world, and changes of it by node 0, for tests of records. */
#ifndef CORRIDOR_TESTS_LIB_RECORD_FIXTURE_H
#define CORRIDOR_TESTS_LIB_RECORD_FIXTURE_H

#include <check.h>

#include "tests/lib/record_world.h"

struct fixture {
    struct world world;
    struct record record;
};
static struct fixture fixture;

static inline void
setup(void)
{
    world_init(&fixture.world, 0);
    record_init(&fixture.record, &fixture.world.record, WORLD_KIND);
}

static inline void
teardown(void)
{
    record_release(&fixture.record);
    world_release(&fixture.world);
}

/* A change by node 0 that counts all its own before. */
static inline struct event
own_event(uint64_t position)
{
    struct event event = {
        .position = position, .rank = position + 1, .time = 100 + position};

    event.sizes[0] = position;
    return event;
}

static inline void
add_code(struct event *event, uint16_t field, enum change_action action,
    const char *code)
{
    struct buf value = {0};

    put_code(&value, code);
    event_op(event, field, action);
    event_value(event, &value);
    buf_release(&value);
}

static inline enum void_reason
apply(const struct event *event)
{
    enum void_reason reason = VOID_NONE;
    enum err rc = event_apply(&fixture.record, &fixture.world, event, &reason);

    ck_assert_int_eq(rc, ERR_OK);
    ck_assert(record_check(&fixture.record, &fixture.world.logs));
    return reason;
}

static inline struct event
creation(void)
{
    struct event event = own_event(0);

    event.is_creating = true;
    add_code(&event, F_ONCE, ACTION_SET, "made");
    event_op(&event, F_OWNER, ACTION_TRANSFER)->office =
        fixture.world.offices[0].id;
    return event;
}

/* A creation and five changes that leave something of everything. */
static inline void
apply_much(void)
{
    struct event event = creation();
    struct event item;

    add_code(&event, F_REVIEW, ACTION_SET, "x");
    ck_assert_int_eq(apply(&event), VOID_NONE);
    item = own_event(1);
    add_code(&item, F_JOURNAL, ACTION_ADD, "first");
    add_code(&item, F_SET, ACTION_ADD, "one");
    add_code(&item, F_HIGHEST_CODE, ACTION_SET, "high");
    event_reason(&item, "told by letter");
    ck_assert_int_eq(apply(&item), VOID_NONE);
    event = own_event(2);
    event.key = WORLD_KEYS - 1;
    add_code(&event, F_SEALED, ACTION_SET, "secret");
    add_code(&event, F_REVIEW, ACTION_SET, "also");
    ck_assert_int_eq(apply(&event), VOID_NONE);
    event = own_event(3);
    event_op(&event, F_JOURNAL, ACTION_REMOVE);
    event_name(&event, &item, 0);
    add_code(&event, F_UNKNOWN, ACTION_SET, "unknown");
    ck_assert_int_eq(apply(&event), VOID_NONE);
    /* Concurrent with all but the creation, with an earlier time. */
    event = (struct event){.node = 2, .rank = 2, .time = 7, .key = 1};
    event.sizes[0] = 1;
    add_code(&event, F_REVIEW, ACTION_SET, "y");
    add_code(&event, F_JOURNAL, ACTION_ADD, "second");
    ck_assert_int_eq(apply(&event), VOID_NONE);
}

/* A change written out, for what events do not have. */
static inline enum void_reason
apply_change(const struct change *change, uint64_t position, uint8_t class)
{
    uint64_t sizes[WORLD_NODES] = {0};
    struct vclock clock = {sizes, WORLD_NODES, WORLD_NODES};
    struct change_place place = {
        .dot = world_dot(&fixture.world, 0, position),
        .rank = position + 1,
        .time = position + 1,
        .clock = &clock,
        .key = world_key(&fixture.world, class == CLASS_SEALED ? 3 : 0),
        .class = class,
        .corridor = &fixture.world.corridor,
        .logs = &fixture.world.logs,
        .membership = &fixture.world.membership,
    };
    enum void_reason reason = VOID_NONE;
    enum err rc = ERR_OK;

    sizes[fixture.world.log_of[0]] = position;
    rc = record_apply(&fixture.record,
        fixture.record.kind == WORLD_KIND ? &world_kind : NULL, change, &place,
        &reason);
    ck_assert_int_eq(rc, ERR_OK);
    return reason;
}

#endif
