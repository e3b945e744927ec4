/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an audit finds, and what it could not look at (docs/audit.md,
 * "Findings"). Findings have stable codes; their sentences are for people.
 * Sentences may hold names that others chose (files, offices): whoever prints
 * them takes the controls out.
 */
#ifndef CORRIDOR_NODE_AUDIT_FINDING_H
#define CORRIDOR_NODE_AUDIT_FINDING_H

#include "sync/model/vclock.h"

enum finding_code {
    FINDING_CHECKPOINT_MISSING,
    FINDING_CHECKPOINT_MALFORMED,
    FINDING_CHECKPOINT_SIGNATURE,
    FINDING_KEY_MISMATCH,
    FINDING_COSIGNATURE_BAD,
    FINDING_UNKNOWN_SIGNATURE,
    FINDING_WITNESS_ABSENT,
    FINDING_ROOT_MISMATCH,
    FINDING_LEAF_WRONG,
    FINDING_LEAF_MALFORMED,
    FINDING_TILE_MISSING,
    FINDING_TILE_TRUNCATED,
    FINDING_TILE_WRONG,
    FINDING_UNEXPECTED_FILE,
    FINDING_LOG_MISSING,
    FINDING_LOG_ROLLED_BACK,
    FINDING_LOG_REWRITTEN,
    FINDING_HEADER_MISSING,
    FINDING_HEADER_MISMATCH,
    FINDING_HEADER_MALFORMED,
    /* Of entries, by the names that a ledger gives them. */
    FINDING_CLOCK_BACKWARDS,
    FINDING_ENTRY_MALFORMED,
    FINDING_ENTRY_UNKNOWN,
    FINDING_NOT_A_MEMBER,
    FINDING_NO_RIGHT,
    FINDING_BEYOND_CUT,
    FINDING_FIREWALL,
    FINDING_KEY_NOT_ITS_OWN,
    FINDING_GRANT_MALFORMED,
    FINDING_UNKNOWN_CIRCLE,
    FINDING_GRANT_INVALID,
    FINDING_GRANT_CLASS,
    FINDING_GRANT_FIREWALL,
    FINDING_FIRST_ENTRY,
    FINDING_BODY_MISSING,
    FINDING_TIME_STILL,
    FINDING_SEEN_UNSHOWN,
    FINDING_SEEN_UNSAID,
    FINDING_CLOCK_UNSHOWN,
    FINDING_CLOCK_CIRCLE,
    FINDING_BODY_MISMATCH,
    FINDING_PROOF_MALFORMED,
    FINDING_PROOF_WRONG,
    FINDING_DISCLOSURE_MALFORMED,
    FINDING_DISCLOSURE_WRONG,
    FINDING_EVIDENCE_MALFORMED,
    FINDING_EVIDENCE_WRONG,
    FINDING_FORK,
    FINDING_CODES
};

/* The stable code, and what it means in one sentence; never NULL. */
const char *finding_code_text(enum finding_code code);
const char *finding_code_meaning(enum finding_code code);

enum {
    FINDING_TEXT_BYTES = 512,
    FINDINGS_PER_CODE_MAX = 100, /* kept; more are only counted */
    REMARKS_MAX = 200
};

struct finding {
    enum finding_code code;
    bool has_log;
    struct log_id log;
    bool has_position;
    uint64_t position;
    char text[FINDING_TEXT_BYTES]; /* a sentence */
};

/* What could not be looked at, or what a reader should know. */
struct remark {
    bool is_gap; /* something that was asked for was not checked */
    char text[FINDING_TEXT_BYTES];
};

struct findings {
    struct finding *items;
    size_t count;
    size_t capacity;
    uint64_t counts[FINDING_CODES]; /* of all, kept or not */
    struct remark *remarks;
    size_t remark_count;
    size_t remark_capacity;
    bool has_gap; /* one of the remarks, kept or not, is one */
    enum err rc;  /* ERR_NOMEM: sticky, asked for once at the end */
};

/* Free what it holds; zeroed is fine. */
void findings_release(struct findings *findings);
/* All findings, kept or not. */
uint64_t findings_total(const struct findings *findings);

/* Where a finding is: NULL log for none, POSITION_NONE for no position. */
struct finding_place {
    const struct log_id *log;
    uint64_t position;
};
#define POSITION_NONE UINT64_MAX

/*
 * Add a finding. Its sentence begins with its place: "log 8146640f02493af4
 * changes, entry 17: " and then the format's text; without a log, the text.
 */
void findings_add(struct findings *findings, struct finding_place place,
    enum finding_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Add one whose sentence names its place itself. */
void findings_add_text(struct findings *findings, struct finding_place place,
    enum finding_code code, const char *text);
/* Add a remark, unless the same one stands already. */
void findings_remark(struct findings *findings, bool is_gap, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* "8146640f02493af4 changes": how sentences name a log. */
enum { LOG_LABEL_BYTES = 32 };
void log_label(char out[LOG_LABEL_BYTES], const struct log_id *log);

#endif
