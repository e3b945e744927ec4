/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge of logs from clear data alone: headers, and the bodies of control
 * entries. It comes to what every node of the corridor comes to that holds
 * the same logs (docs/protocol.md, "Entries", "Content keys, circles and
 * grants"; docs/membership.md), without a key and without a store.
 *
 * Logs are given as ids and sizes; their entries are drawn one by one from a
 * source, of each log in its order:
 *
 *   1. all control logs, over again until the cuts that they make stay as
 *      they are (once, or twice where something is cut): the membership;
 *   2. all changes logs, each entry once.
 *
 * An entry waits for what its clock counts, as it does on a node; another log
 * is drawn from meanwhile. What the source gives is believed: whether a header
 * is the one that the log committed to is the source's to find out, before it
 * hands it over (docs/audit.md).
 *
 * Memory: 8 bytes an entry and 48 a content key, at most twice that as arrays
 * grow; an author per log, and the control statements with their clocks, as on
 * a node.
 *
 * What is not judged: bodies of changes (seals, plaintexts, their records),
 * signatures of heads, and forks. An entry that counts here can still be void
 * for one who opens it (VOID_SEAL, VOID_CLASS, VOID_RECORD, VOID_MALFORMED).
 */
#ifndef CORRIDOR_SYNC_AUDIT_LEDGER_H
#define CORRIDOR_SYNC_AUDIT_LEDGER_H

#include "crypto/bundle.h"
#include "sync/model/membership.h"

/* Of all logs together; more are ERR_TOO_BIG. */
#define LEDGER_ENTRIES_MAX ((uint64_t)UINT32_MAX)

struct ledger;

/* One entry as the source gives it: views that live until its next read. */
struct ledger_entry {
    uint8_t kind;        /* enum entry_kind, or any other */
    uint8_t body_state;  /* enum bundle_body */
    struct bytes header; /* whatever stands there: it need not be one */
    struct bytes body;   /* where BUNDLE_BODY_HERE */
};

/*
 * Where entries come from. `read` gives the entry at `position` of the log
 * with that handle. Positions of one log are asked for in order; the same one
 * again if it had to wait, and a control log from 0 again for another round.
 * ERR_NOT_FOUND: that header is not to be had; the log ends there for the
 * ledger, which says so. Any other error ends the run.
 */
struct ledger_source {
    enum err (*read)(void *context, size_t handle, uint64_t position,
        struct ledger_entry *out);
    void *context;
};

/* A log that is given. */
struct ledger_log {
    struct log_id id;
    uint64_t size; /* entries that the source has */
    size_t handle; /* what `read` knows it by */
    /*
     * More of it may exist than is given, and nobody is to wait for that: it
     * is frozen after a fork, or only a part of it was exported. A clock that
     * counts more of it is read as if it counted `size`. Ranks may then be
     * smaller than a node's.
     */
    bool is_partial;
};

/*
 * What is wrong. Those up to LEDGER_FIRST_ENTRY void the entry, with the
 * reason that a node lists; the others leave it as it is.
 */
enum ledger_fault {
    LEDGER_HEADER,         /* the header breaks its form (VOID_MALFORMED) */
    LEDGER_CLOCK,          /* it decodes, but its clock or time cannot be: it
                            * leads beyond what there can be, names a log twice
                            * or in the wrong place (VOID_MALFORMED) */
    LEDGER_FORM,           /* kind in the wrong log, statement or key that names
                            * nothing (VOID_MALFORMED) */
    LEDGER_UNKNOWN,        /* of a kind or type of a later version */
    LEDGER_NOT_MEMBER,     /* VOID_NOT_MEMBER */
    LEDGER_NO_RIGHT,       /* VOID_NO_RIGHT */
    LEDGER_CUT,            /* VOID_CUT */
    LEDGER_FIREWALL,       /* a statement that breaks it (VOID_FIREWALL) */
    LEDGER_KEY,            /* its key was not its author's to write under, or a
                            * statement's key is another's (VOID_KEY) */
    LEDGER_GRANT_FORM,     /* a grant whose index names nothing */
    LEDGER_GRANT_CIRCLE,   /* … names a circle that did not exist there */
    LEDGER_GRANT_KEY,      /* … of a key that was not its author's to grant */
    LEDGER_GRANT_CLASS,    /* … under another class than the key's own */
    LEDGER_GRANT_FIREWALL, /* … to whom the firewall keeps it from */
    LEDGER_FIRST_ENTRY,    /* a control log that does not begin with its node's
                            * own enrolment (VOID_NOT_MEMBER, by itself or with
                            * all that follows) */
    LEDGER_BODY,           /* its body is gone and no entry says why */
    LEDGER_TIME_STILL,     /* its time is that of the entry before it */
    LEDGER_TIME_BEHIND,    /* … is over 10 minutes before what it counts */
    LEDGER_TIME_AHEAD,     /* … is over 10 minutes after the reader's clock */
    LEDGER_UNSHOWN,        /* a control entry says it has seen entries of
                            * `other` that its log, given in full, lacks */
    LEDGER_UNSAID,         /* a control entry says it has seen less of `other`
                            * than a change that it counts of its own node */
    /* Of a log's first entry that could not be judged: all after it wait. */
    LEDGER_MISSING,       /* its header is not to be had */
    LEDGER_WAITS_UNSHOWN, /* it counts entries of `other` that nobody has
                           * shown: that log, given in full, lacks them, or
                           * none of it was given */
    LEDGER_WAITS_CIRCLE,  /* it counts what counts it: that cannot be */
    LEDGER_WAITS,         /* it counts what itself waits, or is missing */
    LEDGER_FAULT_COUNT
};

/* One thing that is wrong; views live for the call. */
struct ledger_finding {
    enum ledger_fault fault;
    enum void_reason reason; /* VOID_NONE where the entry is not void by it */
    struct log_id log;
    uint64_t position;
    uint8_t kind;        /* the entry's, 0 where it could not be read */
    struct log_id other; /* the log it counts: the UNS… and WAITS… ones */
    uint64_t other_size; /* … so many entries of it */
    uint16_t grant;      /* GRANT ones: its place in the entry's grants */
};

/* A grant as its header has it, and whether it is valid. */
struct ledger_grant {
    struct log_id log; /* the entry that carries it */
    uint64_t position;
    uint64_t time;         /* hybrid time of that entry */
    uint16_t item;         /* its place in the entry's grants */
    struct log_id key_log; /* the dot that names the key */
    uint64_t key_position;
    bool creates_key; /* this entry made it */
    uint8_t class;    /* enum schema_class, as the header says */
    uint8_t mode;     /* enum grant_mode */
    uint8_t purpose;  /* enum grant_purpose */
    bool has_expiry;
    uint64_t expiry_ms;
    enum void_reason reason; /* VOID_NONE: it counts */
    /* Index in the membership's generations; UINT32_MAX: of no such. */
    uint32_t generation;
};

/*
 * An entry that has been judged. Of changes in the order of application, of
 * control entries log by log before any of them.
 */
struct ledger_judged {
    struct log_id log;
    uint64_t position;
    uint64_t rank;
    enum void_reason reason;
};

/* Called as things are found; each may be NULL. An error ends the run. */
struct ledger_watch {
    void *context;
    enum err (*finding)(void *context, const struct ledger_finding *finding);
    enum err (*grant)(void *context, const struct ledger_grant *grant);
    enum err (*judged)(void *context, const struct ledger_judged *judged);
};

struct ledger_options {
    struct corridor_id corridor;
    uint64_t wall_ms; /* the reader's clock for LEDGER_TIME_AHEAD; 0: none */
    struct ledger_source source;
    struct ledger_watch watch;
};

/* ERR_NOMEM. */
enum err ledger_new(
    struct ledger **out, const struct ledger_options *options) MUST_USE;
void ledger_free(struct ledger *ledger); /* NULL is fine */

/*
 * Give a log, before the run; the order does not matter. ERR_EXISTS: it was
 * given before; ERR_TOO_BIG: more logs or entries than a corridor can have;
 * ERR_NOMEM.
 */
enum err ledger_add(
    struct ledger *ledger, const struct ledger_log *log) MUST_USE;

/*
 * Judge all that was given; once. What is wrong in the logs is told to the
 * watch and is no error. ERR_NOMEM, ERR_TOO_BIG, or what the source or the
 * watch said: then nothing can be asked but ledger_free.
 */
enum err ledger_run(struct ledger *ledger) MUST_USE;

/* After the run: the membership that it came to, and its log table. */
const struct membership *ledger_membership(const struct ledger *ledger);
const struct log_table *ledger_logs(const struct ledger *ledger);
/* The control statements that it was made of, by which its verdicts go. */
const struct control *ledger_controls(
    const struct ledger *ledger, size_t *out_count);

/* How a given log came out. */
struct ledger_result {
    uint64_t size;   /* as given */
    uint64_t judged; /* entries that were: below size if something is missing */
    uint64_t voids[VOID_REASON_COUNT]; /* of these, by reason; [0]: valid */
    uint64_t grants;                   /* valid ones */
};
/* ERR_NOT_FOUND: that log was not given. */
enum err ledger_result(const struct ledger *ledger, const struct log_id *log,
    struct ledger_result *out) MUST_USE;

/*
 * One content key that entries created, in the order of log id and position.
 * Which file it belongs to, and whether another key has taken its place, only
 * those can tell who open what stands under it.
 */
struct ledger_key {
    struct log_id log; /* the entry that made it */
    uint64_t position;
    uint8_t class;
    uint32_t grants;  /* valid ones */
    uint32_t changes; /* entries that were written under it, and count */
};
/* Every key, until `each` returns false. ERR_NOMEM. */
enum err ledger_keys(const struct ledger *ledger,
    bool (*each)(void *context, const struct ledger_key *key),
    void *context) MUST_USE;

/* The fault's short name for tools, such as "no-right"; never NULL. */
const char *ledger_fault_name(enum ledger_fault fault);

/*
 * The finding as a sentence for a person, appended; which entry, of which
 * office, what is wrong, and what to do if there is something. The membership
 * may be NULL: then the office is not named. The buffer says if it failed.
 */
void ledger_finding_put(struct buf *out, const struct ledger_finding *finding,
    const struct membership *membership);

#endif
