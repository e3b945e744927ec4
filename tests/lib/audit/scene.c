/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/audit/scene.h"

#include <check.h>
#include <string.h>

void
scene_init(struct scene *scene)
{
    const unsigned all[] = {FOUNDER, MEMBER};
    const unsigned member[] = {MEMBER};
    struct world *world = &scene->s.world;
    struct world_circle circle = {.by = FOUNDER,
        .name = {.kind = CIRCLE_EVERYONE},
        .nodes = all,
        .node_count = 2};

    memset(scene, 0, sizeof(*scene));
    scribe_init(&scene->s);
    world->is_firewall[GUARD] = true;
    for (unsigned i = 0; i < SCENE_NODES; i++) {
        ck_assert_uint_eq(world_node(world, i), i);
    }
    world_found(world, FOUNDER, 1);
    world_join(world, FOUNDER, MEMBER, ROLE_WRITE | ROLE_READ);
    world_see(world, FOUNDER, MEMBER);
    scene->everyone = world_circle(world, &circle);
    world_join(world, FOUNDER, GUARD, ROLE_READ);
    world_see(world, FOUNDER, GUARD);
    world_see(world, MEMBER, FOUNDER);
    circle = (struct world_circle){.by = MEMBER,
        .name = world_office_circle(world, MEMBER),
        .nodes = member,
        .node_count = 1};
    scene->own = world_circle(world, &circle);
}

void
scene_release(struct scene *scene)
{
    ledger_free(scene->ledger);
    heard_release(&scene->heard);
    scribe_release(&scene->s);
}

void
scene_run(struct scene *scene)
{
    ledger_free(scene->ledger);
    heard_release(&scene->heard);
    scene->ledger = scribe_run(&scene->s, &scene->heard);
}

struct dot
scene_create(struct scene *scene, unsigned by, uint8_t class, size_t generation)
{
    struct grant_out grant = {.generation = scribe_dot(&scene->s, generation)};
    struct scribe_change change = {.by = by,
        .creates = true,
        .class = class,
        .grants = &grant,
        .grant_count = 1};

    return scribe_change(&scene->s, &change);
}

struct dot
scene_write(struct scene *scene, unsigned by, struct dot key)
{
    struct scribe_change change = {.by = by, .key = &key};

    return scribe_change(&scene->s, &change);
}

const struct ledger_finding *
scene_only(const struct scene *scene, enum ledger_fault fault, struct dot dot)
{
    const struct ledger_finding *findings = scene->heard.findings;

    for (size_t i = 0; i < scene->heard.finding_count; i++) {
        ck_assert_msg(findings[i].fault == fault, "also found: %s",
            ledger_fault_name(findings[i].fault));
    }
    ck_assert_uint_eq(scene->heard.finding_count, 1);
    ck_assert_uint_eq(findings[0].position, dot.position);
    ck_assert(log_id_equal(&findings[0].log, scribe_id(&scene->s, dot.log)));
    return &findings[0];
}

enum void_reason
scene_reason(const struct scene *scene, struct dot dot)
{
    const struct ledger_judged *judged = heard_judged(
        &scene->heard, scribe_id(&scene->s, dot.log), dot.position);

    ck_assert_ptr_nonnull(judged);
    return judged->reason;
}
