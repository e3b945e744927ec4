/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A founded corridor of a few offices, each with a store in a scratch
 * directory, whose batches are handed from store to store without sessions.
 * All randomness and time come from one seed (sealed boxes apart, whose
 * ephemeral keys libsodium draws). What goes wrong fails the Check test.
 */
#ifndef CORRIDOR_TESTS_LIB_STORAGE_CORRIDOR_FIXTURE_H
#define CORRIDOR_TESTS_LIB_STORAGE_CORRIDOR_FIXTURE_H

#include "storage/store.h"
#include "storage/verify.h"
#include "storage/view.h"
#include "tests/lib/prng.h"
#include "tests/lib/scratch.h"

enum { FIXTURE_OFFICES_MAX = 6 };

/* Kinds and fields of the pack that tests write. */
enum {
    FIXTURE_PERSON = 2,
    FIXTURE_CASE = 3,
    FIXTURE_CLAIM = 4,
    FIXTURE_AGENCY = 7,
    FIXTURE_CASE_NO = 1,       /* tx, once */
    FIXTURE_CASE_STATUS = 4,   /* state, ladder */
    FIXTURE_CASE_DESK = 6,     /* tx, latest */
    FIXTURE_CASE_COUNTRY = 7,  /* code, review */
    FIXTURE_CASE_SUMMARY = 12, /* tx, review */
    FIXTURE_CASE_NOTES = 13,   /* tx, journal */
    FIXTURE_CASE_TASKS = 14,   /* tx, set */
    FIXTURE_CASE_CHANNEL = 17, /* code, review, sealed */
    FIXTURE_CLAIM_NOTES = 20   /* tx, journal */
};

struct fixture_office {
    struct secret_key key; /* the office's own */
    struct office_id id;
    struct node_secrets secrets;
    struct node_id node;
    struct buf cert; /* encoded */
    struct env_faults faults;
    uint64_t map_bytes;
    struct store *store; /* NULL while closed */
    char dir[SCRATCH_PATH_BYTES];
};

struct corridor_fixture {
    struct scratch scratch;
    struct prng prng;
    struct schema *schema;
    struct corridor_id corridor;
    uint64_t wall_ms; /* moves on with each transaction */
    size_t count;
    struct fixture_office offices[FIXTURE_OFFICES_MAX];
    struct err_msg msg;
};

struct fixture_options {
    size_t offices;
    uint64_t policy;    /* enum policy */
    uint64_t map_bytes; /* of each environment; 0: the usual */
    bool only_first;    /* the others have certificates and no store yet */
    uint64_t seed;      /* 0: the usual one */
};

/*
 * Found by office 0; the others are admitted to write and read, enrolled, and
 * have synced with it.
 */
void fixture_make(
    struct corridor_fixture *f, const struct fixture_options *options);
void fixture_release(struct corridor_fixture *f);

/* The options that office n's store is opened with. */
struct store_options fixture_store_options(
    struct corridor_fixture *f, size_t n);
/* Close and open office n's store. */
void fixture_open(struct corridor_fixture *f, size_t n);
void fixture_close(struct corridor_fixture *f, size_t n);
/* Office 0 admits office n (which gets a store), both sync, n enrols. */
void fixture_admit(struct corridor_fixture *f, size_t n, uint8_t roles);

/* Office 0 sets the roles of office n, in a transaction of its own. */
void fixture_roles(struct corridor_fixture *f, size_t n, uint8_t roles);

/* A transaction of office n. */
void fixture_begin(struct corridor_fixture *f, size_t n);
void fixture_commit(struct corridor_fixture *f, size_t n);

/* Hand over what `to` lacks of what `from` holds; how many entries that was.
 * Batches are of `bytes_max` at the most, one to a commit. */
struct fixture_pump {
    size_t from;
    size_t to;
    size_t bytes_max; /* 0: the usual */
    bool without_bodies; /* else as the receiver's roles have it */
};
size_t fixture_pump(struct corridor_fixture *f, const struct fixture_pump *p);
/* The same both ways, for all, until nobody lacks anything. */
void fixture_sync(struct corridor_fixture *f);
/* The batch of office n's log `of` (kind) from position `from`, appended. */
uint64_t fixture_batch(struct corridor_fixture *f, size_t n,
    const struct view_range *range, struct buf *out);

/* One operation that sets or adds a text or a code. */
struct fixture_op {
    uint16_t field;
    bool is_add;
    bool is_code; /* a code or state; else a tx */
    const char *text;
};
struct fixture_edit {
    uint16_t kind;
    const struct record_id *id;     /* NULL: a new record */
    const struct record_id *parent; /* with a new one */
    const struct version *version;  /* NULL: whatever it is */
    const struct fixture_op *ops;
    size_t op_count;
};
/* Within office n's transaction. */
enum err fixture_try_edit(struct corridor_fixture *f, size_t n,
    const struct fixture_edit *edit, struct edit_result *out);
/* In one of its own, that must succeed. */
struct edit_result fixture_edit(
    struct corridor_fixture *f, size_t n, const struct fixture_edit *edit);
/* A new case with this summary; and a changed desk of it. */
struct record_id fixture_case(
    struct corridor_fixture *f, size_t n, const char *summary);
void fixture_desk(struct corridor_fixture *f, size_t n,
    const struct record_id *id, const char *desk);
/* A few random edits, by office n, of its own and others' cases in `ids`. */
struct fixture_ids {
    struct record_id ids[256];
    size_t count;
};
void fixture_work(struct corridor_fixture *f, size_t n, size_t edits,
    struct fixture_ids *ids);

/* What office n shows, as one hash and a count. */
struct digest_result fixture_digest(struct corridor_fixture *f, size_t n);
/* Fails unless offices a and b show the same. */
void fixture_expect_same(struct corridor_fixture *f, size_t a, size_t b);
/* How many findings verify has; prints them when `expected` is 0. */
uint64_t fixture_verify(
    struct corridor_fixture *f, size_t n, bool expected_clean);
/* The counts of a view of office n. */
struct view_stat fixture_stat(struct corridor_fixture *f, size_t n);

#endif
