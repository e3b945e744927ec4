/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/audit/words.h"

#include "crypto/base/hex.h"

enum { ID_SHOWN_BYTES = 8 };

const char *
words_purpose(uint8_t purpose)
{
    switch ((enum grant_purpose)purpose) {
    case PURPOSE_OWN:
        return "own";
    case PURPOSE_POLICY:
        return "policy";
    case PURPOSE_SHARE:
        return "share";
    case PURPOSE_REFER:
        return "refer";
    case PURPOSE_EMERGENCY:
        return "emergency";
    }
    return "unknown";
}

const char *
words_statement(uint8_t type)
{
    switch ((enum statement_type)type) {
    case STATEMENT_FOUND:
        return "found";
    case STATEMENT_ADMIT:
        return "admit";
    case STATEMENT_ENROL:
        return "enrol";
    case STATEMENT_ROLES:
        return "roles";
    case STATEMENT_RETIRE:
        return "retire";
    case STATEMENT_CIRCLE:
        return "circle";
    case STATEMENT_SEALS:
        return "seals";
    case STATEMENT_PACK:
        return "pack";
    case STATEMENT_CONFIRM:
        return "confirm";
    case STATEMENT_OTHER:
        break;
    }
    return "other";
}

static void
put_id(struct buf *out, const uint8_t id[32])
{
    char hex[2 * ID_SHOWN_BYTES + 1];

    hex_encode(hex, bytes_of(id, ID_SHOWN_BYTES));
    buf_put_text(out, hex);
}

void
words_put_office(struct buf *out, const struct membership *membership,
    const struct office_id *office)
{
    const struct office *found = membership_office(membership, office);

    if (found != NULL) {
        buf_put_text(out, found->name);
        return;
    }
    buf_put_text(out, "the office ");
    put_id(out, office->bytes);
}

/* "node laptop of Mae Sot clinic" */
static void
put_node(struct buf *out, const struct membership *membership,
    const struct node_id *id)
{
    const struct member_node *node = membership_node(membership, id);

    buf_put_text(out, "the node ");
    if (node == NULL) {
        put_id(out, id->bytes);
        return;
    }
    buf_printf(out, "%s of %s", node->cert.node_name,
        membership->offices[node->office].name);
}

/* Whoever wrote the log: its office, or the node where that is unknown. */
static void
put_author(struct buf *out, const struct membership *membership, uint32_t log)
{
    const struct office *office = membership_office_of(membership, log);

    if (office != NULL) {
        buf_put_text(out, office->name);
    } else {
        put_node(out, membership, &membership->logs->ids[log].node);
    }
}

void
words_put_circle(struct buf *out, const struct membership *membership,
    const struct circle_name *circle)
{
    switch ((enum circle_kind)circle->kind) {
    case CIRCLE_LINK:
        buf_put_text(out, "every node");
        return;
    case CIRCLE_EVERYONE:
        buf_put_text(out, "everyone");
        return;
    case CIRCLE_OFFICE:
        words_put_office(out, membership, &circle->office);
        return;
    case CIRCLE_NAMED:
        break;
    }
    buf_put_text(out, circle->name);
}

static void
put_roles(struct buf *out, uint8_t roles)
{
    static const char *const names[] = {
        "admin", "write", "read", "relay", "audit"};
    unsigned left = roles & ROLE_ALL;

    if (left == 0) {
        buf_put_text(out, "no roles");
        return;
    }
    buf_put_text(out, (left & (left - 1)) == 0 ? "the role " : "the roles ");
    for (unsigned i = 0; left != 0; i++) {
        if ((left >> i & 1) == 0) {
            continue;
        }
        buf_put_text(out, names[i]);
        left &= ~(1U << i);
        if (left != 0) {
            buf_put_text(out, (left & (left - 1)) == 0 ? " and " : ", ");
        }
    }
}

static void
put_admit(struct buf *out, const struct statement *s)
{
    buf_printf(out, " admitted %s (node %s) with ", s->cert.office_name,
        s->cert.node_name);
    put_roles(out, s->roles);
    buf_put_text(out, s->firewall ? ", behind the firewall" : "");
    buf_put_text(out, s->has_invitation ? ", by an invitation" : "");
    buf_put_text(
        out, s->confirmed ? ", its code compared" : ", its code not compared");
}

static void
put_enrol(struct buf *out, const struct membership *membership,
    const struct statement *s)
{
    buf_printf(out, " enrolled the node %s of %s", s->cert.node_name,
        s->cert.office_name);
    if (s->has_retired) {
        buf_put_text(out, " and retired ");
        put_node(out, membership, &s->node);
    }
}

static void
put_retire(struct buf *out, const struct membership *membership,
    const struct statement *s)
{
    buf_put_text(out, " retired ");
    if (s->is_node) {
        put_node(out, membership, &s->node);
    } else {
        words_put_office(out, membership, &s->office);
    }
    for (size_t i = 0; i < s->cut_count; i++) {
        buf_printf(out, "%s %s log is cut at %llu", i == 0 ? ": its" : ", its",
            s->cuts[i].log.kind == LOG_CONTROL ? "control" : "changes",
            (unsigned long long)s->cuts[i].size);
    }
}

/* Who a generation is sealed to. */
static void
put_seals(struct buf *out, const struct membership *membership,
    const struct statement *s)
{
    for (size_t i = 0; i < s->seal_count; i++) {
        buf_put_text(out, i == 0 ? " to " : ", ");
        put_node(out, membership, &s->seals[i].node);
    }
}

static void
put_circle(struct buf *out, const struct membership *membership,
    const struct statement *s)
{
    buf_put_text(out,
        s->has_former ? " renewed the circle of " : " made the circle of ");
    words_put_circle(out, membership, &s->circle);
    buf_put_text(out, " and sealed it");
    put_seals(out, membership, s);
}

/* "sealed the circle of Mae Sot clinic to …" */
static void
put_more_seals(struct buf *out, const struct membership *membership,
    const struct control *control)
{
    uint32_t generation = 0;

    buf_put_text(out, " sealed ");
    if (control->has_generation &&
        membership_generation(membership, control->generation, &generation)) {
        buf_put_text(out, "the circle of ");
        words_put_circle(
            out, membership, &membership->generations[generation].circle);
    } else {
        buf_put_text(out, "a circle that does not count");
    }
    put_seals(out, membership, &control->statement);
}

static void
put_deed(struct buf *out, const struct membership *membership,
    const struct control *control)
{
    const struct statement *s = &control->statement;

    switch ((enum statement_type)s->type) {
    case STATEMENT_FOUND:
        buf_printf(out, " founded the corridor %s, of %zu founder%s", s->name,
            s->founder_count, s->founder_count == 1 ? "" : "s");
        return;
    case STATEMENT_ADMIT:
        put_admit(out, s);
        return;
    case STATEMENT_ENROL:
        put_enrol(out, membership, s);
        return;
    case STATEMENT_ROLES:
        buf_put_text(out, " gave ");
        words_put_office(out, membership, &s->office);
        buf_put_u8(out, ' ');
        put_roles(out, s->roles);
        return;
    case STATEMENT_RETIRE:
        put_retire(out, membership, s);
        return;
    case STATEMENT_CIRCLE:
        put_circle(out, membership, s);
        return;
    case STATEMENT_SEALS:
        put_more_seals(out, membership, control);
        return;
    case STATEMENT_PACK:
        buf_printf(out, " named the pack %s, version %llu", s->name,
            (unsigned long long)s->version);
        return;
    case STATEMENT_CONFIRM:
        buf_put_text(out, " confirmed ");
        words_put_office(out, membership, &s->office);
        buf_put_text(out, ", its code compared");
        return;
    case STATEMENT_OTHER:
        break;
    }
    buf_put_text(out, " stated what this program does not know");
}

void
words_put_statement(struct buf *out, const struct membership *membership,
    const struct control *control)
{
    put_author(out, membership, control->dot.log);
    put_deed(out, membership, control);
    buf_put_u8(out, '.');
}
