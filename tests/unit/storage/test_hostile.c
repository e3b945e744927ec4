/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that nobody honest sends, and honest ones at the wrong time. */
#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/store_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;
static struct fixture_ids ids;
static struct buf batch;
static struct accept_result result;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = 2, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    batch = (struct buf){.limit = LOG_BATCH_BYTES_MAX};
    fixture_make(&f, &options);
    fixture_work(&f, 0, 20, &ids);
    fixture_work(&f, 1, 5, &ids);
}

static void
teardown(void)
{
    buf_release(&batch);
    fixture_release(&f);
}

/* Office n takes the batch in, in a transaction that is then committed. */
static enum err
accept_at(size_t n)
{
    enum err rc = ERR_OK;

    fixture_begin(&f, n);
    rc = store_accept(f.offices[n].store, buf_bytes(&batch), &result, &f.msg);
    if (rc != ERR_OK) {
        ck_assert(!store_is_dirty(f.offices[n].store));
    }
    fixture_commit(&f, n);
    return rc;
}

/* A log of office 0 from a position on, into the batch. */
static uint64_t
take_log(enum log_kind kind, uint64_t from, size_t bytes_max)
{
    struct log_id id = {f.offices[0].node, (uint8_t)kind};
    struct view_range range = {
        .log = &id, .from = from, .bytes_max = bytes_max};

    buf_clear(&batch);
    return fixture_batch(&f, 0, &range, &batch);
}

static uint64_t
take_changes(uint64_t from, size_t bytes_max)
{
    return take_log(LOG_CHANGES, from, bytes_max);
}

START_TEST(a_batch_with_any_bit_flipped_is_refused)
{
    size_t step = 0;

    take_changes(0, 2000);
    step = batch.size * 8 / 400 + 1;
    for (size_t bit = 0; bit < batch.size * 8; bit += step) {
        batch.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_ne(accept_at(1), ERR_OK);
        batch.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(accept_at(1), ERR_OK);
    fixture_verify(&f, 1, true);
}
END_TEST

START_TEST(a_batch_cut_short_is_refused)
{
    take_changes(0, 2000);
    for (size_t size = 0; size < batch.size; size += 1 + batch.size / 100) {
        struct bytes part = bytes_of(batch.data, size);

        fixture_begin(&f, 1);
        ck_assert_int_eq(
            store_accept(f.offices[1].store, part, &result, &f.msg),
            ERR_MALFORMED);
        fixture_commit(&f, 1);
    }
}
END_TEST

START_TEST(what_is_held_is_stale_and_what_lies_beyond_is_a_gap)
{
    uint64_t middle = take_changes(0, 1000);
    uint64_t end = 0;

    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(result.accepted, middle);
    ck_assert_uint_eq(result.stored, middle);
    ck_assert_int_eq(accept_at(1), ERR_STALE);
    ck_assert_uint_eq(result.stored, middle);
    end = take_changes(middle + 1, 1 << 20);
    ck_assert_int_eq(accept_at(1), ERR_GAP);
    /* Half held: the rest of it counts. */
    ck_assert_uint_eq(take_changes(0, 1 << 20), end);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(result.accepted, end - middle);
    ck_assert_uint_eq(result.stored, end);
    fixture_verify(&f, 1, true);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
}
END_TEST

/* A prefix is verified, kept, and passed on with its proof. */
START_TEST(a_prefix_can_be_passed_on_by_who_holds_no_more)
{
    struct log_id id = {f.offices[0].node, LOG_CHANGES};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};
    uint64_t middle = take_changes(0, 1000);
    struct buf relayed = {.limit = LOG_BATCH_BYTES_MAX};

    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(fixture_batch(&f, 1, &range, &relayed), middle);
    range.from = 2;
    buf_clear(&relayed);
    ck_assert_uint_eq(fixture_batch(&f, 1, &range, &relayed), middle);
    fixture_close(&f, 1);
    fixture_open(&f, 1);
    fixture_verify(&f, 1, true);
    buf_release(&relayed);
}
END_TEST

START_TEST(without_bodies_only_an_auditor_takes_a_batch)
{
    struct log_id id = {f.offices[0].node, LOG_CHANGES};
    struct view_range range = {
        .log = &id, .bytes_max = 1 << 20, .without_bodies = true};
    struct buf body = {0};
    struct dot dot;

    fixture_batch(&f, 0, &range, &batch);
    ck_assert_int_eq(accept_at(1), ERR_DENIED);
    statement_put_roles(&body, &f.offices[1].id, ROLE_AUDIT);
    fixture_begin(&f, 0);
    ck_assert_int_eq(
        store_state(f.offices[0].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, 0);
    buf_release(&body);
    range.log = &(struct log_id){f.offices[0].node, LOG_CONTROL};
    range.without_bodies = true; /* statements keep theirs */
    buf_clear(&batch);
    fixture_batch(&f, 0, &range, &batch);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    range.log = &id;
    buf_clear(&batch);
    fixture_batch(&f, 0, &range, &batch);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(fixture_stat(&f, 1).unapplied, 0);
    fixture_verify(&f, 1, true);
}
END_TEST

/* Entries that a member signs, though they say nothing sensible. */
struct forged {
    struct entry entry;
    struct buf header;
    struct buf body;
};

static void
forged_release(struct forged *forged)
{
    buf_release(&forged->header);
    buf_release(&forged->body);
}

/* A batch of office 0's log as it would be, had it written these. */
static void
forge(enum log_kind kind, struct forged *forged, size_t count)
{
    struct log_id id = {f.offices[0].node, (uint8_t)kind};
    struct view *view = NULL;
    struct view_log log = {0};
    struct entry entries[4];
    struct batch made = {.log = id, .entries = entries, .count = count};
    struct merkle_edge edge = {0};
    struct batch whole = {0};
    uint32_t number = 0;
    struct hash nodes[MERKLE_LEVELS_MAX];

    /* The edge, from all that it really wrote. */
    take_log(kind, 0, 1 << 20);
    ck_assert_int_eq(batch_decode(&whole, buf_bytes(&batch)), ERR_OK);
    for (size_t i = 0; i < whole.count; i++) {
        struct hash leaf;

        entry_leaf_hash(&leaf, &whole.entries[i]);
        merkle_append(&edge, &leaf, nodes);
    }
    batch_release(&whole);
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert(log_table_find(view_logs(view), &id, &number));
    ck_assert_int_eq(view_log(view, number, &log), ERR_OK);
    view_close(view);
    ck_assert_uint_eq(log.stored, edge.size);
    made.from = edge.size;
    for (size_t i = 0; i < count; i++) {
        struct hash leaf;

        forged[i].entry.header = buf_bytes(&forged[i].header);
        forged[i].entry.body = buf_bytes(&forged[i].body);
        forged[i].entry.has_body = true;
        hash_sha256(&forged[i].entry.body_hash, forged[i].entry.body);
        entries[i] = forged[i].entry;
        entry_leaf_hash(&leaf, &entries[i]);
        merkle_append(&edge, &leaf, nodes);
    }
    made.head.size = edge.size;
    merkle_root(&made.head.root, &edge);
    ck_assert_int_eq(
        log_head_sign(&made.head, &f.corridor, &id, &f.offices[0].secrets.sign),
        ERR_OK);
    buf_clear(&batch);
    ck_assert_int_eq(batch_encode(&batch, &made), ERR_OK);
}

static void
put_zeros(struct buf *out, size_t size)
{
    uint8_t *room = buf_extend(out, size);

    ck_assert_ptr_nonnull(room);
    memset(room, 0, size);
}

START_TEST(what_breaks_its_format_is_kept_and_listed)
{
    struct forged forged[4] = {{{0}, {0}, {0}}};
    uint64_t refused = 0;

    /* A header that is a number; one as long as they may be; an unknown kind
     * of entry; a control entry in a changes log. */
    forged[0].entry.kind = ENTRY_CHANGE;
    cbor_put_uint(&forged[0].header, 5);
    put_zeros(&forged[0].body, 100);
    forged[1].entry.kind = ENTRY_CHANGE;
    cbor_put_bytes(&forged[1].header, bytes_of(NULL, 0));
    buf_clear(&forged[1].header);
    {
        uint8_t *zeros = mem_zalloc(ENTRY_HEADER_BYTES_MAX, 1);

        cbor_put_bytes(
            &forged[1].header, bytes_of(zeros, ENTRY_HEADER_BYTES_MAX - 3));
        mem_free(zeros);
    }
    ck_assert_uint_eq(forged[1].header.size, ENTRY_HEADER_BYTES_MAX);
    put_zeros(&forged[1].body, ENTRY_BODY_BYTES_MAX);
    forged[2].entry.kind = 77;
    cbor_put_null(&forged[2].header);
    forged[3].entry.kind = ENTRY_CONTROL;
    cbor_put_null(&forged[3].header);
    put_zeros(&forged[3].body, 5);
    fixture_sync(&f);
    refused = fixture_stat(&f, 1).refused;
    forge(LOG_CHANGES, forged, 4);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(result.accepted, 4);
    ck_assert_uint_eq(result.refused, 4);
    ck_assert_uint_eq(fixture_stat(&f, 1).refused, refused + 4);
    ck_assert_uint_eq(fixture_stat(&f, 1).unapplied, 0);
    fixture_verify(&f, 1, true);
    fixture_close(&f, 1);
    fixture_open(&f, 1);
    ck_assert_int_eq(store_rebuild(f.offices[1].store, NULL, &f.msg), ERR_OK);
    ck_assert_uint_eq(fixture_stat(&f, 1).refused, refused + 4);
    fixture_verify(&f, 1, true);
    for (size_t i = 0; i < 4; i++) {
        forged_release(&forged[i]);
    }
}
END_TEST

/* The founder's generation of `everyone`, as office 0 names it. */
static const struct author_dot everyone_in_changes = {1, 3};
static const struct author_dot everyone_in_control = {0, 3};

/* [time, [], key, [granted, class, one grant], ([],) seal], and a body that
 * has the size that goes with it. */
static void
put_granting(struct forged *out, enum log_kind kind, uint64_t key,
    struct bytes commitment, uint64_t class)
{
    struct author_dot to =
        kind == LOG_CONTROL ? everyone_in_control : everyone_in_changes;

    out->entry.kind = ENTRY_CHANGE;
    cbor_put_array(&out->header, kind == LOG_CONTROL ? 6 : 5);
    cbor_put_uint(&out->header, f.wall_ms << 16);
    cbor_put_array(&out->header, 0);
    cbor_put_uint(&out->header, key);
    cbor_put_array(&out->header, 3);
    if (commitment.size > 0) {
        cbor_put_bytes(&out->header, commitment);
    } else {
        cbor_put_uint(&out->header, key);
    }
    cbor_put_uint(&out->header, class);
    cbor_put_array(&out->header, 5);
    cbor_put_uint(&out->header, to.index);
    cbor_put_uint(&out->header, to.position);
    cbor_put_uint(&out->header, GRANT_WRAPPED);
    cbor_put_uint(&out->header, 0);
    cbor_put_null(&out->header);
    if (kind == LOG_CONTROL) {
        cbor_put_array(&out->header, 0);
    }
    cbor_put_bytes(
        &out->header, bytes_of((const uint8_t[SEAL_BYTES]){0}, SEAL_BYTES));
    put_zeros(&out->body, 96);
}

static bool
take_newest(void *context, const struct refused_item *item)
{
    *(struct refused_item *)context = *item;
    return false;
}

static struct refused_item
newest_refused(size_t n)
{
    struct view *view = NULL;
    struct refused_item item = {.reason = VOID_NONE};

    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    ck_assert_int_eq(view_refused(view, take_newest, &item, &f.msg), ERR_OK);
    view_close(view);
    return item;
}

START_TEST(a_change_counts_in_a_changes_log_alone)
{
    const struct hash commitment = {{7}};
    enum log_kind kind = _i == 0 ? LOG_CONTROL : LOG_CHANGES;
    struct forged change = {{0}, {0}, {0}};
    uint64_t before = 0;

    fixture_sync(&f);
    before = fixture_stat(&f, 1).refused;
    put_granting(&change, kind, take_log(kind, 0, 1 << 20),
        bytes_of(commitment.bytes, sizeof(commitment.bytes)), CLASS_CASE);
    forge(kind, &change, 1);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(
        fixture_stat(&f, 1).refused - before, kind == LOG_CONTROL);
    if (kind == LOG_CONTROL) {
        ck_assert_int_eq(newest_refused(1).reason, VOID_MALFORMED);
    }
    fixture_verify(&f, 1, true);
    forged_release(&change);
}
END_TEST

START_TEST(a_key_is_granted_again_with_its_own_class_alone)
{
    const struct hash commitment = {{7}};
    struct forged forged[2] = {{{0}, {0}, {0}}};
    uint64_t class = (uint64_t)_i;
    uint64_t key = 0;
    uint64_t before = 0;

    fixture_sync(&f);
    before = fixture_stat(&f, 1).refused;
    key = take_changes(0, 1 << 20);
    put_granting(&forged[0], LOG_CHANGES, key,
        bytes_of(commitment.bytes, sizeof(commitment.bytes)), CLASS_CASE);
    put_granting(&forged[1], LOG_CHANGES, key, bytes_of(NULL, 0), class);
    forge(LOG_CHANGES, forged, 2);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_uint_eq(
        fixture_stat(&f, 1).refused - before, class != CLASS_CASE);
    if (class != CLASS_CASE) {
        ck_assert_uint_eq(newest_refused(1).dot.position, key + 1);
        ck_assert_int_eq(newest_refused(1).reason, VOID_KEY);
    }
    fixture_verify(&f, 1, true);
    forged_release(&forged[0]);
    forged_release(&forged[1]);
}
END_TEST

START_TEST(statements_without_right_are_listed_where_they_arrived)
{
    struct buf body = {0};
    struct forged unknown = {{0}, {0}, {0}};
    struct dot dot;
    uint64_t before = 0;

    fixture_sync(&f);
    before = fixture_stat(&f, 0).refused;
    statement_put_confirm(&body, &f.offices[0].id);
    fixture_begin(&f, 1);
    ck_assert_int_eq(
        store_state(f.offices[1].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, 1);
    fixture_sync(&f);
    for (size_t n = 0; n < 2; n++) {
        ck_assert_uint_eq(fixture_stat(&f, n).refused, before + 1);
        ck_assert_int_eq(newest_refused(n).reason, VOID_NO_RIGHT);
        ck_assert_uint_eq(newest_refused(n).dot.position, dot.position);
    }
    /* What came after it stands before it. */
    unknown.entry.kind = 77;
    cbor_put_null(&unknown.header);
    forge(LOG_CHANGES, &unknown, 1);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert_int_eq(newest_refused(1).reason, VOID_MALFORMED);
    ck_assert_uint_eq(fixture_stat(&f, 1).refused, before + 2);
    forged_release(&unknown);
    buf_release(&body);
}
END_TEST

/* A log of a stranger, and of one whom a stranger's office certified. */
START_TEST(logs_of_strangers_are_not_begun)
{
    struct node_secrets stranger;
    struct node_public public;
    struct log_id id = {.kind = LOG_CONTROL};
    struct entry entry = {.kind = ENTRY_CONTROL, .has_body = true};
    struct batch made = {.entries = &entry, .count = 1};
    struct merkle_edge edge = {0};
    struct hash nodes[MERKLE_LEVELS_MAX];
    struct hash leaf;
    struct buf body = {0};
    uint64_t logs = fixture_stat(&f, 1).logs;

    prng_fill(&f.prng, &stranger, sizeof(stranger));
    node_secrets_public(&public, &stranger);
    id.node = public.sign;
    statement_put_enrol(&body, buf_bytes(&f.offices[0].cert));
    entry.header = bytes_of("\xf6", 1);
    entry.body = buf_bytes(&body);
    hash_sha256(&entry.body_hash, entry.body);
    entry_leaf_hash(&leaf, &entry);
    merkle_append(&edge, &leaf, nodes);
    made.log = id;
    made.head.size = 1;
    merkle_root(&made.head.root, &edge);
    ck_assert_int_eq(
        log_head_sign(&made.head, &f.corridor, &id, &stranger.sign), ERR_OK);
    ck_assert_int_eq(batch_encode(&batch, &made), ERR_OK);
    ck_assert_int_eq(accept_at(1), ERR_DENIED);
    ck_assert_uint_eq(fixture_stat(&f, 1).logs, logs);
    buf_release(&body);
}
END_TEST

/* The first batch of a node's log that office 0 certified; its only entry has
 * a header that is none, so the node never becomes a member. */
static void
take_stray(void)
{
    struct cert cert = {.corridor = f.corridor,
        .office = f.offices[0].id,
        .office_name = "O",
        .node_name = "n"};
    struct node_secrets secrets;
    struct log_id id = {.kind = LOG_CONTROL};
    struct entry entry = {.kind = ENTRY_CONTROL, .has_body = true};
    struct batch made = {.entries = &entry, .count = 1};
    struct merkle_edge edge = {0};
    struct hash nodes[MERKLE_LEVELS_MAX];
    struct hash leaf;
    struct buf encoded = {0};
    struct buf body = {0};

    prng_fill(&f.prng, &secrets, sizeof(secrets));
    node_secrets_public(&cert.keys, &secrets);
    ck_assert_int_eq(
        cert_encode(&encoded, &cert, &f.offices[0].key, &secrets.sign), ERR_OK);
    statement_put_enrol(&body, buf_bytes(&encoded));
    entry.header = bytes_of("\xf6", 1);
    entry.body = buf_bytes(&body);
    hash_sha256(&entry.body_hash, entry.body);
    entry_leaf_hash(&leaf, &entry);
    merkle_append(&edge, &leaf, nodes);
    id.node = cert.keys.sign;
    made.log = id;
    made.head.size = 1;
    merkle_root(&made.head.root, &edge);
    ck_assert_int_eq(
        log_head_sign(&made.head, &f.corridor, &id, &secrets.sign), ERR_OK);
    buf_clear(&batch);
    ck_assert_int_eq(batch_encode(&batch, &made), ERR_OK);
    buf_release(&encoded);
    buf_release(&body);
}

/* Else one office could fill the corridor's table of logs for good. */
START_TEST(an_office_begins_few_logs_that_come_to_nothing)
{
    fixture_sync(&f);
    fixture_begin(&f, 1);
    for (int i = 0; i <= STORE_STRAYS_MAX; i++) {
        take_stray();
        ck_assert_int_eq(store_accept(f.offices[1].store, buf_bytes(&batch),
                             &result, &f.msg),
            i < STORE_STRAYS_MAX ? ERR_OK : ERR_DENIED);
    }
    fixture_commit(&f, 1);
    /* Members go on. */
    fixture_work(&f, 0, 3, &ids);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
    fixture_verify(&f, 1, true);
}
END_TEST

/* Two heads of one size that the log's author really signed. */
START_TEST(a_fork_is_kept_as_evidence_and_not_taken_in)
{
    struct forged one = {{0}, {0}, {0}};
    struct forged two = {{0}, {0}, {0}};
    struct digest_result before;
    struct digest_result after;

    fixture_sync(&f);
    one.entry.kind = ENTRY_CHANGE;
    two.entry.kind = ENTRY_CHANGE;
    cbor_put_uint(&one.header, 1);
    cbor_put_uint(&two.header, 2);
    forge(LOG_CHANGES, &one, 1);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    before = fixture_digest(&f, 1);
    forge(LOG_CHANGES, &two, 1);
    ck_assert_int_eq(accept_at(1), ERR_OK);
    ck_assert(result.is_forked);
    ck_assert_uint_eq(result.accepted, 0);
    ck_assert_int_eq(evidence_verify(&result.evidence, &f.corridor), ERR_OK);
    /* The same again, and all else of that log: no more of it. */
    ck_assert_int_eq(accept_at(1), ERR_FORK);
    after = fixture_digest(&f, 1);
    ck_assert_mem_eq(before.digest.bytes, after.digest.bytes, 32);
    fixture_verify(&f, 1, true);
    forged_release(&one);
    forged_release(&two);
}
END_TEST

/* Bring office 0's store back to what it was when `copy` was made of it. */
static void
roll_back(const char *copy)
{
    fixture_close(&f, 0);
    memcpy(f.offices[0].dir, copy, SCRATCH_PATH_BYTES);
    fixture_open(&f, 0);
}

static void
back_up(char copy[SCRATCH_PATH_BYTES])
{
    scratch_path(copy, &f.scratch, "backup");
    ck_assert_int_eq(
        env_copy(store_env(f.offices[0].store), copy, &f.msg), ERR_OK);
}

static enum err
try_to_write(size_t n)
{
    struct fixture_op op = {FIXTURE_CASE_NO, false, false, "a case"};
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .ops = &op, .op_count = 1};
    struct edit_result made;
    enum err rc = ERR_OK;

    fixture_begin(&f, n);
    rc = fixture_try_edit(&f, n, &edit, &made);
    if (rc != ERR_OK) {
        ck_assert(!store_is_dirty(f.offices[n].store));
        store_cancel(f.offices[n].store);
    } else {
        fixture_commit(&f, n);
    }
    return rc;
}

/* Office 0's log from office 1, which holds what was lost. */
static enum err
take_back(uint64_t from, size_t bytes_max, uint64_t *out_to)
{
    struct log_id id = {f.offices[0].node, LOG_CHANGES};
    struct view_range range = {
        .log = &id, .from = from, .bytes_max = bytes_max};

    buf_clear(&batch);
    *out_to = fixture_batch(&f, 1, &range, &batch);
    return accept_at(0);
}

/* The same with one bit of the last entry's body turned. */
static enum err
lie(uint64_t from)
{
    struct log_id id = {f.offices[0].node, LOG_CHANGES};
    struct view_range range = {.log = &id, .from = from, .bytes_max = 1 << 20};

    buf_clear(&batch);
    ck_assert_uint_gt(fixture_batch(&f, 1, &range, &batch), from);
    batch.data[batch.size - 1] ^= 1;
    return accept_at(0);
}

START_TEST(a_node_that_was_rolled_back_takes_its_entries_back_and_goes_on)
{
    char copy[SCRATCH_PATH_BYTES];
    uint64_t held = 0;
    uint64_t to = 0;

    fixture_sync(&f);
    back_up(copy);
    held = take_changes(0, 1 << 20);
    fixture_work(&f, 0, 20, &ids);
    fixture_sync(&f);
    roll_back(copy);
    ck_assert_int_eq(take_back(held, 600, &to), ERR_OK);
    /* It knows that it signed more: until that is back it does not write. */
    ck_assert_int_eq(try_to_write(0), ERR_BUSY);
    fixture_close(&f, 0);
    fixture_open(&f, 0);
    ck_assert_int_eq(try_to_write(0), ERR_BUSY);
    ck_assert_int_eq(take_back(to, 1 << 20, &to), ERR_OK);
    ck_assert_int_eq(try_to_write(0), ERR_OK);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
    fixture_verify(&f, 0, true);
    fixture_verify(&f, 1, true);
}
END_TEST

/* Entries that nobody signed, under a head that we did before: no peer can so
 * keep us from reading our log back. */
START_TEST(a_lie_to_who_was_rolled_back_stops_it_until_the_truth_comes)
{
    char copy[SCRATCH_PATH_BYTES];
    uint64_t held = 0;
    uint64_t to = 0;

    fixture_sync(&f);
    back_up(copy);
    held = take_changes(0, 1 << 20);
    fixture_work(&f, 0, 5, &ids);
    fixture_sync(&f);
    roll_back(copy);
    ck_assert_int_eq(lie(held), ERR_BAD_SIGNATURE);
    ck_assert(result.head_differs);
    ck_assert_int_eq(try_to_write(0), ERR_BUSY);
    fixture_close(&f, 0);
    fixture_open(&f, 0);
    fixture_verify(&f, 0, true);
    ck_assert_int_eq(take_back(held, 1 << 20, &to), ERR_OK);
    ck_assert_int_eq(try_to_write(0), ERR_OK);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(a_node_that_wrote_on_after_a_rollback_writes_no_more)
{
    char copy[SCRATCH_PATH_BYTES];
    uint64_t held = 0;
    uint64_t to = 0;

    fixture_sync(&f);
    back_up(copy);
    held = take_changes(0, 1 << 20);
    fixture_work(&f, 0, 20, &ids);
    fixture_sync(&f);
    roll_back(copy);
    ck_assert_int_eq(try_to_write(0), ERR_OK);
    ck_assert_int_eq(take_back(held + 1, 1 << 20, &to), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(try_to_write(0), ERR_BUSY);
    fixture_close(&f, 0);
    fixture_open(&f, 0);
    ck_assert_int_eq(try_to_write(0), ERR_BUSY);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(without_memory_a_batch_is_taken_in_whole_or_not_at_all)
{
    struct digest_result before;
    enum err rc = ERR_NOMEM;

    take_changes(0, 1 << 20);
    before = fixture_digest(&f, 1);
    for (long n = 0; rc != ERR_OK; n += 1 + n / 20) {
        struct digest_result after;
        struct store *store = f.offices[1].store;

        fixture_begin(&f, 1);
        mem_fault_after(n);
        rc = store_accept(store, buf_bytes(&batch), &result, NULL);
        if (rc == ERR_OK) {
            rc = store_commit(store, NULL);
        } else {
            store_abort(store);
        }
        mem_fault_after(-1);
        ck_assert_msg(
            rc == ERR_OK || rc == ERR_NOMEM, "%ld: %s", n, err_text(rc));
        after = fixture_digest(&f, 1);
        ck_assert(rc == ERR_OK || after.records == before.records);
    }
    fixture_verify(&f, 1, true);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *tcase = tcase_create("hostile");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_batch_with_any_bit_flipped_is_refused);
    tcase_add_test(tcase, a_batch_cut_short_is_refused);
    tcase_add_test(tcase, what_is_held_is_stale_and_what_lies_beyond_is_a_gap);
    tcase_add_test(tcase, a_prefix_can_be_passed_on_by_who_holds_no_more);
    tcase_add_test(tcase, without_bodies_only_an_auditor_takes_a_batch);
    tcase_add_test(tcase, what_breaks_its_format_is_kept_and_listed);
    tcase_add_loop_test(tcase, a_change_counts_in_a_changes_log_alone, 0, 2);
    tcase_add_loop_test(
        tcase, a_key_is_granted_again_with_its_own_class_alone, 0, CLASS_COUNT);
    tcase_add_test(
        tcase, statements_without_right_are_listed_where_they_arrived);
    tcase_add_test(tcase, logs_of_strangers_are_not_begun);
    tcase_add_test(tcase, an_office_begins_few_logs_that_come_to_nothing);
    tcase_add_test(tcase, a_fork_is_kept_as_evidence_and_not_taken_in);
    tcase_add_test(
        tcase, a_node_that_was_rolled_back_takes_its_entries_back_and_goes_on);
    tcase_add_test(
        tcase, a_lie_to_who_was_rolled_back_stops_it_until_the_truth_comes);
    tcase_add_test(tcase, a_node_that_wrote_on_after_a_rollback_writes_no_more);
    tcase_add_test(
        tcase, without_memory_a_batch_is_taken_in_whole_or_not_at_all);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
