/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the check share. */
#ifndef CORRIDOR_NODE_AUDIT_CHECK_INTERNAL_H
#define CORRIDOR_NODE_AUDIT_CHECK_INTERNAL_H

#include "crypto/checkpoint_note.h"
#include "node/audit/check.h"
#include "node/audit/log_files.h"
#include "node/audit/trusted.h"
#include "storage/glance.h"
#include "sync/audit/ledger.h"

/* A checkpoint kept from before. */
struct since_item {
    struct corridor_id corridor;
    struct log_id log;
    uint64_t size;
    struct hash root;
    struct buf note;
    char path[160]; /* of its log's folder below the old export */
};

struct since {
    struct since_item *items;
    size_t count;
    size_t capacity;
    bool has_tree; /* it was an export or a log's folder, */
    struct tree tree;
};

/* An entry of a home whose body is not there. */
struct absent_body {
    size_t log; /* index in the result */
    uint64_t position;
};

struct check {
    const struct check_options *options;
    struct check_result *result;
    struct trusted trusted;
    struct since since;
    struct tree root;      /* of an export or a log; fd -1: none */
    bool is_whole;         /* PATH is a whole export or a home, not one log */
    struct glance *glance; /* a home; NULL: none */
    struct node_id self;   /* whose home it is */
    uint8_t self_roles;    /* its office's, once the ledger has run */
    struct absent_body *absent; /* bodies that it lacks; told if it is due */
    size_t absent_count;
    size_t absent_capacity;
    struct log_id *unread; /* logs that are there and may not be read */
    size_t unread_count;
    size_t unread_capacity;
    struct note_key *cosigners; /* keys that cosignatures may be by */
    uint32_t *cosigner_offices; /* of the membership, or below */
    size_t cosigner_count;
    uint32_t *seen_offices; /* that vouch for the log that is looked at */
    size_t seen_count;
    bool knows_cosigners;         /* all of the corridor, by certificates */
    struct ledger_finding *found; /* by the ledger, told after its run */
    size_t found_count;
    size_t found_capacity;
    uint64_t found_of[LEDGER_FAULT_COUNT]; /* all, kept or not */
    uint64_t done;                         /* entries, for the progress */
    uint64_t all;
    struct err_msg *msg;
};

/* A place in a log; of the log as a whole. */
static inline struct finding_place
place_of(const struct check_log *log, uint64_t position)
{
    return (struct finding_place){&log->id, position};
}

/*
 * check_note.c. Read a checkpoint's note whose log is not known yet: whose it
 * is, size and root, and whether that log's key signed it. Findings name
 * `name`, the file. False: it is none, which is a finding too.
 */
struct note_facts {
    struct corridor_id corridor;
    struct log_id log;
    uint64_t size;
    struct hash root;
    bool is_signed;
};
/* The facts alone, without a finding; not whether it is signed. */
bool check_note_facts(struct bytes note, struct note_facts *out);
bool check_note(struct check *check, struct bytes note, const char *name,
    struct note_facts *out);
/* Is that log's key believed? Before certificates are known: given or none. */
enum check_trust check_trust_given(
    const struct check *check, const struct note_facts *facts);
/* Settle on the corridor, or find that this log is of another. False then. */
bool check_corridor(
    struct check *check, const struct note_facts *facts, const char *name);

/* In place of an office: none; one that only the export itself names. */
#define OFFICE_NONE UINT32_MAX
#define OFFICE_CLAIMED (UINT32_MAX - 1)

/* check_cosigners.c. Gather the keys: of `membership` (NULL: not known), else
 * those files in the export that claim to be, and those given. */
enum err check_gather_cosigners(
    struct check *check, const struct membership *membership) MUST_USE;

/* check_vouch.c. Judge the signature lines of a checkpoint of `log` whose own
 * signature holds; `vouch` is brought up to date. */
enum err check_cosignatures(struct check *check, const struct log_id *log,
    struct bytes note, struct check_vouch *vouch) MUST_USE;
/* One that a home keeps, over entries that it holds: does it hold under the
 * key of its member? */
enum err check_member_cosignature(struct check *check, struct check_log *log,
    const struct cosignature *cosignature) MUST_USE;
/* The same of an older checkpoint beside the log, which it need not have
 * signed itself. */
enum err check_former_cosignatures(struct check *check,
    const struct log_id *log, struct bytes note,
    struct check_vouch *vouch) MUST_USE;
/* Given witnesses who have signed nothing of what was looked at. */
void check_absent_witnesses(struct check *check);
/* Of every log, where its own signature holds. */
enum err check_all_cosignatures(struct check *check) MUST_USE;

/* check_since.c */
enum err since_load(struct check *check) MUST_USE;
void since_release(struct since *since);
/* The sizes at which a log's roots are wanted: at most `max`, ascending. */
size_t since_sizes(const struct check *check, const struct check_log *log,
    uint64_t *out, size_t max);
/* Compare; `roots` answer since_sizes, among others. */
struct root_wanted;
enum err since_compare(struct check *check, struct check_log *log,
    const struct root_wanted *roots, size_t count) MUST_USE;
/* Is it a checkpoint of that log? */
bool since_is_of(const struct check *check, const struct since_item *item,
    const struct log_id *log);
/* Logs that were there and are not; or that nothing was compared. */
void since_missing(struct check *check);

/* check_formers.c: the older checkpoints beside a log, that others vouch for;
 * once its roots are known, those of another history. */
enum { FORMERS_MAX = 32 };
enum err formers_read(struct check *check, struct check_log *log,
    const struct tree *folder) MUST_USE;
void formers_judge(struct check *check, struct check_log *log,
    const struct root_wanted *roots, size_t count);

/* check_export.c */
enum err check_export(struct check *check) MUST_USE;
/* The folder of a log below the export. */
enum err check_open_log(
    struct tree *out, const struct tree *root, const char *path) MUST_USE;
/* A file or folder of what is checked that may not or cannot be read: a gap. */
void check_unread(struct check *check, const char *name, enum err rc);
/* Note the log of a folder "<node>/<control|changes>" as one of which nothing
 * may be read, so that nobody is blamed for what it lacks. ERR_NOMEM. */
enum err check_unread_log(struct check *check, const char *path) MUST_USE;
/* A new log of the result; NULL without memory. */
struct check_log *check_add_log(struct check *check);
/* check_list.c: the logs of an export, by their paths below it. */
struct log_list {
    char (*paths)[160];
    size_t count;
    size_t capacity;
};
enum err log_list_read(struct log_list *out, const struct tree *root,
    struct findings *findings) MUST_USE;
void log_list_release(struct log_list *list);

/* check_trust.c: what the keys that were given do not reach. */
/* Say of which logs the keys are not believed. */
void check_tell_trust(struct check *check);
/* The same of the log of a proof or another file. */
void check_tell_no_key(struct check *check);
/* Say of which keys nothing is here. */
void check_tell_keys(struct check *check);

/* check_headers.c: headers against leaves, and the ledger they make. */
enum err check_headers(struct check *check) MUST_USE;
/* The ledger alone, of a source whose handles are indices in the result. */
enum err check_judge(
    struct check *check, const struct ledger_source *source) MUST_USE;

/* check_ledger.c: the finding of a ledger's fault; FINDING_CODES: none. */
enum finding_code check_code_of(enum ledger_fault fault);
/* What a ledger finds, as findings (the context is the
 * check), and after its run its figures, names and cosigners' keys. */
enum err check_ledger_finding(
    void *context, const struct ledger_finding *finding) MUST_USE;
enum err check_take_ledger(
    struct check *check, const struct ledger *ledger) MUST_USE;

/* check_file.c: proofs, disclosures, evidence, checkpoints. */
enum err check_file(struct check *check) MUST_USE;

/* check_home.c */
bool check_is_home(const struct tree *root);
enum err check_home(struct check *check) MUST_USE;

/* Tell the progress, if anybody wants to know. */
void check_progress(struct check *check, uint64_t more);

#endif
