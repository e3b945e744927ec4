/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Membership out of hostile statements. Each 16 bytes of the input are one
 * control entry: who writes it, what it counts and what it says. The
 * certificates are of a few nodes and offices, and not signed: that is for
 * statement_decode. Whatever is written, the order of arrival changes
 * nothing, and no query goes astray.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "sync/model/membership.h"
#include "tests/fuzz/fuzz.h"

enum { NODES = 8, OFFICES = 5, ENTRIES_MAX = 64 };

struct scene {
    struct log_table logs;
    struct corridor_id corridor;
    struct cert certs[NODES];
    struct founder founders[2];
    struct control controls[ENTRIES_MAX];
    size_t count;
    uint64_t sizes[2 * NODES];
};

static void
make_cert(struct scene *scene, uint8_t node)
{
    struct cert *cert = &scene->certs[node];

    memset(cert, 0, sizeof(*cert));
    cert->corridor = scene->corridor;
    memset(cert->office.bytes, 0x80 + node % OFFICES, 32);
    memset(cert->keys.sign.bytes, 1 + node, 32);
    memset(cert->keys.noise.bytes, 0x20 + node, 32);
    memset(cert->keys.seal.bytes, 0x30 + node, 32);
    memset(cert->keys.cosign.bytes, 0x40 + node, 32);
    /* Two of the nodes share a key. */
    memset(cert->keys.clock.bytes, 0x50 + node % (NODES - 1), 32);
    cert->time_ms = node;
}

static void
add_logs(struct scene *scene)
{
    for (uint8_t node = 0; node < NODES; node++) {
        for (uint8_t kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
            struct log_id id = {scene->certs[node].keys.sign, kind};
            uint32_t log = 0;
            enum err rc = log_table_add(&scene->logs, &id, &log);

            assert(rc == ERR_OK && log == 2U * node + kind);
        }
    }
}

static void
put_seals(struct statement *s, uint8_t count)
{
    s->seals = mem_zalloc(2, sizeof(*s->seals));
    assert(s->seals != NULL);
    s->seal_count = count % 3;
    for (uint8_t i = 0; i < s->seal_count; i++) {
        memset(s->seals[i].node.bytes, 1 + (count + i) % NODES, 32);
    }
}

static void
put_cuts(struct statement *s, struct cursor *cursor)
{
    uint8_t node = cursor_u8(cursor) % NODES;

    s->cuts = mem_zalloc(2, sizeof(*s->cuts));
    assert(s->cuts != NULL);
    s->cut_count = 2;
    for (uint8_t kind = 0; kind < 2; kind++) {
        memset(s->cuts[kind].log.node.bytes, 1 + node, 32);
        s->cuts[kind].log.kind = kind;
        s->cuts[kind].size = cursor_u8(cursor) % 8;
    }
    memset(s->node.bytes, 1 + node, 32);
}

static void
put_statement(struct scene *scene, struct control *c, struct cursor *cursor)
{
    struct statement *s = &c->statement;
    uint8_t about = cursor_u8(cursor);

    s->type = cursor_u8(cursor) % (STATEMENT_CONFIRM + 2);
    s->cert = scene->certs[about % NODES];
    memset(s->office.bytes, 0x80 + about % OFFICES, 32);
    s->roles = cursor_u8(cursor) & ROLE_ALL;
    s->firewall = about >= 0xc0;
    s->version = about;
    s->is_node = (about & 0x40) != 0;
    s->circle.kind = about % (CIRCLE_NAMED + 1);
    s->circle.office = s->office;
    if (s->type == STATEMENT_FOUND) {
        s->founding = bytes_of("founding", 8);
        s->founder_count = 2;
        s->founders = mem_copy(scene->founders, sizeof(scene->founders));
        assert(s->founders != NULL);
    }
    if (s->type == STATEMENT_CIRCLE || s->type == STATEMENT_SEALS) {
        put_seals(s, cursor_u8(cursor));
        c->has_generation = (about & 0x20) != 0;
        s->has_former = c->has_generation;
        c->generation.log = cursor_u8(cursor) % (2 * NODES);
        c->generation.position = cursor_u8(cursor) % 8;
    }
    if (s->type == STATEMENT_RETIRE || s->type == STATEMENT_ROLES ||
        (s->type == STATEMENT_ENROL && (about & 0x80) != 0)) {
        s->has_retired = s->type == STATEMENT_ENROL;
        put_cuts(s, cursor);
    }
}

static void
put_control(struct scene *scene, struct bytes bytes)
{
    struct cursor cursor = cursor_init(bytes);
    struct control *c = &scene->controls[scene->count];
    uint8_t log = cursor_u8(&cursor) % (2 * NODES);
    enum err rc = ERR_OK;

    if (log % 4 != 1) {
        log &= 0xfe; /* mostly control logs */
    }
    memset(c, 0, sizeof(*c));
    c->dot = (struct dot){log, scene->sizes[log]};
    c->rank = cursor_u8(&cursor);
    rc = vclock_raise(&c->clock, log, scene->sizes[log]++);
    for (int i = 0; i < 3 && rc == ERR_OK; i++) {
        uint8_t word = cursor_u8(&cursor);

        rc = vclock_raise(&c->clock, word % (2 * NODES), word / 16);
    }
    assert(rc == ERR_OK);
    put_statement(scene, c, &cursor);
    scene->count++;
}

static void
scene_init(struct scene *scene, struct bytes bytes)
{
    memset(scene, 0, sizeof(*scene));
    statement_corridor_id(&scene->corridor, bytes_of("founding", 8));
    for (uint8_t node = 0; node < NODES; node++) {
        make_cert(scene, node);
    }
    scene->founders[0].cert = scene->certs[0];
    scene->founders[1].cert = scene->certs[1];
    add_logs(scene);
    for (size_t at = 0; at + 16 <= bytes.size && scene->count < ENTRIES_MAX;
         at += 16) {
        put_control(scene, bytes_of(bytes.data + at, 16));
    }
}

/* What must hold of any result. */
static void
check_queries(const struct scene *scene, const struct membership *m)
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct control *c = &scene->controls[i];
        enum void_reason reason =
            membership_allows(m, c->dot, &c->clock, ROLE_ADMIN);

        assert(m->verdicts[i] < VOID_REASON_COUNT);
        /* A statement in a changes log is nobody's. */
        if (c->dot.log % 2 == LOG_CHANGES) {
            reason = VOID_NOT_MEMBER;
        }
        assert(c->statement.type != STATEMENT_PACK || m->verdicts[i] == reason);
        for (uint8_t n = 0; n < NODES; n++) {
            for (uint32_t g = 0; g < m->generation_count; g++) {
                (void)membership_opens(
                    m, g, &scene->certs[n].keys.sign, &c->clock);
            }
        }
    }
    for (size_t i = 0; i < m->office_count; i++) {
        assert(m->offices[i].seniority == i);
        assert(membership_office(m, &m->offices[i].id) == &m->offices[i]);
    }
    for (size_t i = 0; i < m->node_count; i++) {
        assert(membership_node(m, &m->nodes[i].cert.keys.sign) == &m->nodes[i]);
    }
}

/* The same, from the last to the first. */
static void
check_reversed(const struct scene *scene, const struct membership *m)
{
    struct control reversed[ENTRIES_MAX];
    struct membership other = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < scene->count; i++) {
        reversed[i] = scene->controls[scene->count - 1 - i];
    }
    rc = membership_eval(
        &other, &scene->corridor, &scene->logs, reversed, scene->count);
    assert(rc == ERR_OK);
    assert(other.office_count == m->office_count);
    assert(other.node_count == m->node_count);
    assert(other.generation_count == m->generation_count);
    for (size_t i = 0; i < scene->count; i++) {
        assert(m->verdicts[i] == other.verdicts[scene->count - 1 - i]);
    }
    membership_release(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene;
    struct membership m = {0};
    enum err rc = ERR_OK;

    scene_init(&scene, bytes_of(data, size));
    rc = membership_eval(
        &m, &scene.corridor, &scene.logs, scene.controls, scene.count);
    assert(rc == ERR_OK);
    check_queries(&scene, &m);
    check_reversed(&scene, &m);
    membership_release(&m);
    for (size_t i = 0; i < scene.count; i++) {
        control_release(&scene.controls[i]);
    }
    log_table_release(&scene.logs);
    return 0;
}
