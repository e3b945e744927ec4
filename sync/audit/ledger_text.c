/* SPDX-License-Identifier: Apache-2.0 */
/* Findings in words: which entry, of whom, what is wrong, and what to do. */
#include "crypto/base/hex.h"
#include "sync/audit/ledger_internal.h"

enum { NODE_SHOWN_BYTES = 8 };

/* Names for tools, and what is said of "entry 3 of …". %o: the other log. */
static const struct {
    const char *name;
    const char *text;
} faults[LEDGER_FAULT_COUNT] = {
    [LEDGER_HEADER] = {"header-malformed",
        "has a header that breaks its form: it counts nothing"},
    [LEDGER_CLOCK] = {"clock-backwards",
        "has a clock or time that cannot be, as it does not lead on from the "
        "entry before it: it counts nothing"},
    [LEDGER_FORM] = {"entry-malformed",
        "says something that breaks its form: it does not count"},
    [LEDGER_UNKNOWN] = {"entry-unknown",
        "is of a kind that this program does not know, and does not count "
        "here: check it with a newer one"},
    [LEDGER_NOT_MEMBER] = {"not-a-member",
        "was written when its author was no member of the corridor: it does "
        "not count"},
    [LEDGER_NO_RIGHT] = {"no-right",
        "was written without the right to: its author's office did not have "
        "the role, and it does not count"},
    [LEDGER_CUT] = {"beyond-cut",
        "lies behind the point at which its log was cut: it does not count"},
    [LEDGER_FIREWALL] = {"firewall",
        "would give a firewall office what it must never have: it does not "
        "count"},
    [LEDGER_KEY] = {"key-not-its-own",
        "uses a key that was not its author's to use: it does not count"},
    [LEDGER_GRANT_FORM] = {"grant-malformed",
        "names a key or circle by a number that stands for none: it gives "
        "nothing"},
    [LEDGER_GRANT_CIRCLE] = {"unknown-circle",
        "is to a circle that did not exist for its author: it gives nothing"},
    [LEDGER_GRANT_KEY] = {"grant-invalid",
        "is of a key that was not its author's to grant: it gives nothing"},
    [LEDGER_GRANT_CLASS] = {"grant-class",
        "is under another class than the key's own: it gives nothing"},
    [LEDGER_GRANT_FIREWALL] = {"grant-firewall",
        "is to a circle that the firewall keeps it from: it gives nothing"},
    [LEDGER_FIRST_ENTRY] = {"first-entry",
        "does not enrol its own node, as the first of a control log must: "
        "no statement of this log counts"},
    [LEDGER_BODY] = {"body-missing",
        "has lost its body, and no entry says that it was to be erased: ask "
        "another office for it"},
    [LEDGER_TIME_STILL] = {"time-still",
        "bears the same time as the entry before it, which no program of "
        "ours writes: do not rely on its time"},
    [LEDGER_TIME_BEHIND] = {"time-behind",
        "bears a time that is more than 10 minutes before that of an entry "
        "which it counts, of %o: one of the two clocks was wrong, or the "
        "entry is dated back"},
    [LEDGER_TIME_AHEAD] = {"time-ahead",
        "bears a time that is more than 10 minutes ahead of the clock here: "
        "do not rely on its time"},
    [LEDGER_UNSHOWN] = {"seen-unshown",
        "says that it has seen more entries than there are, of %o: ask its "
        "office where they are"},
    [LEDGER_UNSAID] = {"seen-unsaid",
        "says that it has seen less than its own node's changes had counted "
        "by then, of %o: its office hides what it knew"},
    [LEDGER_MISSING] = {"header-missing",
        "has no header here: it and what follows it could not be judged; get "
        "a whole export"},
    [LEDGER_WAITS_UNSHOWN] = {"clock-unshown",
        "counts entries that nobody has shown, of %o: it and what follows it "
        "could not be judged; get these entries"},
    [LEDGER_WAITS_CIRCLE] = {"clock-circle",
        "counts entries that in turn count it, of %o: that cannot be, and it "
        "and what follows it could not be judged"},
    [LEDGER_WAITS] = {"waits",
        "counts entries that could not be judged, of %o: nor could it and "
        "what follows it"},
};

const char *
ledger_fault_name(enum ledger_fault fault)
{
    assert(fault < LEDGER_FAULT_COUNT);
    return faults[fault].name;
}

/* "the changes log of Mae Sot (node 8146640f02493af4)" */
static void
put_log(struct buf *out, const struct log_id *log,
    const struct membership *membership)
{
    const struct member_node *node =
        membership == NULL ? NULL : membership_node(membership, &log->node);
    char hex[2 * NODE_SHOWN_BYTES + 1];

    hex_encode(hex, bytes_of(log->node.bytes, NODE_SHOWN_BYTES));
    buf_printf(out, "the %s log of ",
        log->kind == LOG_CONTROL ? "control" : "changes");
    if (node == NULL) {
        buf_printf(out, "node %s", hex);
    } else {
        buf_printf(
            out, "%s (node %s)", membership->offices[node->office].name, hex);
    }
}

static bool
is_of_grant(enum ledger_fault fault)
{
    return fault >= LEDGER_GRANT_FORM && fault <= LEDGER_GRANT_FIREWALL;
}

void
ledger_finding_put(struct buf *out, const struct ledger_finding *finding,
    const struct membership *membership)
{
    assert(finding->fault < LEDGER_FAULT_COUNT);
    if (is_of_grant(finding->fault)) {
        buf_printf(out, "Grant %u of entry ", (unsigned)finding->grant);
    } else {
        buf_put_text(out, "Entry ");
    }
    buf_printf(out, "%llu of ", (unsigned long long)finding->position);
    put_log(out, &finding->log, membership);
    buf_put_u8(out, ' ');
    for (const char *at = faults[finding->fault].text; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 'o') {
            put_log(out, &finding->other, membership);
            at++;
        } else {
            buf_put_u8(out, (uint8_t)*at);
        }
    }
    buf_put_u8(out, '.');
}
