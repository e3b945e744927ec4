/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked examples of docs/protocol.md, made by the code: one node writes
 * one change, from the fixed keys that the page names, and sends it.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/hash.h"
#include "sync/model/change.h"
#include "sync/model/cosign.h"
#include "sync/model/evidence.h"
#include "sync/model/hlc.h"
#include "sync/model/log.h"
#include "sync/model/record.h"
#include "tests/lib/examples.h"
#include "tests/lib/run.h"

#define WALL_MS UINT64_C(1790000000000)

/* All that the examples show, in the order of the page. */
struct story {
    struct corridor_id corridor;
    struct secret_key seed;
    struct secret_key content;
    struct secret_key circle;
    struct log_id control;
    struct log_id changes;
    struct log_table logs;
    struct author author;
    struct vclock clock;
    struct header_clock header_clock;
    struct header header;
    struct hash commitment;
    struct hash r;
    struct seal seal;
    struct entry entry;
    struct head head;
    struct record_id record;
    struct buf unsealed;
    struct buf encoded;
    struct buf body;
    struct buf plain;
    struct buf frame;
};

static struct story s;

static struct seal_place
place(void)
{
    return (struct seal_place){
        &s.corridor, &s.changes.node, LOG_CHANGES, 0, ENTRY_CHANGE};
}

static void
write_plain(void)
{
    struct record_salt salt;
    struct change_op op = {.field = 5, .has_value = true};
    struct change change = {.kind = 3, .has_salt = true, .ops = &op};

    memset(salt.bytes, 0x44, sizeof(salt.bytes));
    record_id_make(&s.record, &s.corridor, &s.changes.node, &salt, WALL_MS);
    change.record = s.record;
    change.salt = salt;
    change.op_count = 1;
    op.value = bytes_text("\x66"
                          "unpaid");
    ck_assert_int_eq(change_encode(&s.plain, &change, &s.author, NULL), ERR_OK);
}

static void
write_header(void)
{
    struct grant_out grant = {.purpose = PURPOSE_OWN, .mode = GRANT_WRAPPED};
    struct header_out header = {.clock = &s.clock,
        .time = hlc_next(0, 0, WALL_MS),
        .has_key = true,
        .has_grants = true,
        .class = CLASS_CASE,
        .grants = &grant,
        .grant_count = 1};
    struct seal_place at = place();

    seal_commitment(&s.commitment, &s.content);
    header.commitment = &s.commitment;
    header.key = (struct dot){s.author.log, 0};
    grant.generation = (struct dot){s.author.table[1], 2};
    ck_assert_int_eq(
        header_encode(&s.unsealed, &s.author, &s.logs, &header), ERR_OK);
    seal_opening(&s.r, &s.content, &at, buf_bytes(&s.unsealed));
    seal_compute(&s.seal, &s.r, &at, buf_bytes(&s.frame));
    buf_put_bytes(&s.encoded, buf_bytes(&s.unsealed));
    header_put_seal(&s.encoded, &s.seal);
    ck_assert_int_eq(
        header_decode(&s.header, buf_bytes(&s.encoded), LOG_CHANGES, 0),
        ERR_OK);
}

static void
write_body(void)
{
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
    struct seal_place at = place();
    struct seal_wrap_place generation = {
        &s.corridor, &s.control.node, LOG_CONTROL, 2, &s.commitment};

    seal_wrap(wrapped, &s.circle, &generation, &s.content);
    buf_put(&s.body, wrapped, sizeof(wrapped));
    ck_assert_int_eq(seal_body(&s.body, &s.content, &at, buf_bytes(&s.encoded),
                         &s.seal, buf_bytes(&s.frame)),
        ERR_OK);
    s.entry = (struct entry){.kind = ENTRY_CHANGE, .has_body = true};
    s.entry.header = buf_bytes(&s.encoded);
    s.entry.body = buf_bytes(&s.body);
    hash_sha256(&s.entry.body_hash, s.entry.body);
}

static void
sign(void)
{
    struct merkle_edge edge = {0};
    struct hash completed[MERKLE_LEVELS_MAX];
    struct hash leaf = {{0}};

    entry_leaf_hash(&leaf, &s.entry);
    merkle_append(&edge, &leaf, completed);
    s.head.size = edge.size;
    merkle_root(&s.head.root, &edge);
    ck_assert_int_eq(
        log_head_sign(&s.head, &s.corridor, &s.changes, &s.seed), ERR_OK);
}

static void
setup(void)
{
    struct public_key key = {{0}};

    s = (struct story){.control = {.kind = LOG_CONTROL}};
    memset(s.corridor.bytes, 0xc0, sizeof(s.corridor.bytes));
    memset(s.seed.bytes, 0x5e, sizeof(s.seed.bytes));
    memset(s.content.bytes, 0x11, sizeof(s.content.bytes));
    memset(s.circle.bytes, 0x33, sizeof(s.circle.bytes));
    keys_sign_public(&key, &s.seed);
    memcpy(s.control.node.bytes, key.bytes, sizeof(key.bytes));
    s.changes = s.control;
    s.changes.kind = LOG_CHANGES;
    ck_assert_int_eq(author_init(&s.author, &s.logs, &s.changes), ERR_OK);
    ck_assert_int_eq(vclock_raise(&s.clock, s.author.table[1], 3), ERR_OK);
    /* What a compressor makes of a plaintext is its own affair, so the
     * frame is the page's. */
    examples_get("model/frame", &s.frame);
    write_plain();
    write_header();
    write_body();
    sign();
}

static void
teardown(void)
{
    buf_release(&s.unsealed);
    buf_release(&s.encoded);
    buf_release(&s.body);
    buf_release(&s.plain);
    buf_release(&s.frame);
    vclock_release(&s.clock);
    header_clock_release(&s.header_clock);
    author_release(&s.author);
    log_table_release(&s.logs);
}

static void
make_node(struct buf *out)
{
    buf_put(out, s.changes.node.bytes, sizeof(s.changes.node.bytes));
}

static void
make_derived(struct buf *out)
{
    struct secret_key key = {{0}};

    hash_derive_label(&key, &s.content, "corridor/body/1");
    buf_put(out, key.bytes, sizeof(key.bytes));
}

static void
make_time(struct buf *out)
{
    buf_put_u64(out, hlc_next(0, 0, WALL_MS));
}

static void
make_time_after(struct buf *out)
{
    /* Somebody else's clock is five seconds ahead. */
    buf_put_u64(out, hlc_next(hlc_make(WALL_MS, 0), hlc_make(WALL_MS + 5000, 9),
                         WALL_MS + 1));
}

/* The base of the delta: 3 control entries. */
static void
make_clock_base(struct buf *out)
{
    ck_assert_int_eq(vclock_encode(out, &s.clock, &s.logs), ERR_OK);
}

static void
make_clock_full(struct buf *out)
{
    struct log_id other = {.kind = LOG_CONTROL};
    struct vclock clock = {0};
    uint32_t log = 0;

    memset(other.node.bytes, 0x22, sizeof(other.node.bytes));
    ck_assert_int_eq(log_table_add(&s.logs, &other, &log), ERR_OK);
    ck_assert_int_eq(vclock_raise(&clock, s.author.table[1], 5), ERR_OK);
    ck_assert_int_eq(vclock_raise(&clock, log, 300), ERR_OK);
    ck_assert_int_eq(vclock_encode(out, &clock, &s.logs), ERR_OK);
    vclock_release(&clock);
}

static void
make_clock_name(struct buf *out)
{
    struct buf base = {0};
    struct vclock_name name;

    make_clock_base(&base);
    vclock_name(&name, buf_bytes(&base));
    buf_put(out, name.bytes, sizeof(name.bytes));
    buf_release(&base);
}

static void
make_clock_delta(struct buf *out)
{
    struct buf base = {0};
    struct buf full = {0};

    make_clock_base(&base);
    make_clock_full(&full);
    ck_assert_int_eq(
        vclock_delta_encode(out, buf_bytes(&base), buf_bytes(&full)), ERR_OK);
    buf_release(&base);
    buf_release(&full);
}

static void
make_header(struct buf *out)
{
    buf_put_bytes(out, buf_bytes(&s.encoded));
}

/* The first header of the node's control log once it has seen the change. */
static void
make_control_header(struct buf *out)
{
    struct author author = {0};
    struct vclock applied = {0};
    struct seal seal;
    struct header_out header = {.time = hlc_make(WALL_MS, 1)};

    ck_assert_int_eq(author_init(&author, &s.logs, &s.control), ERR_OK);
    ck_assert_int_eq(vclock_raise(&applied, s.author.log, 1), ERR_OK);
    header.clock = &applied;
    header.seen = &applied;
    ck_assert_int_eq(header_encode(out, &author, &s.logs, &header), ERR_OK);
    memset(seal.bytes, 0x77, sizeof(seal.bytes));
    header_put_seal(out, &seal);
    author_release(&author);
    vclock_release(&applied);
}

static void
make_leaf(struct buf *out)
{
    uint8_t leaf[ENTRY_LEAF_BYTES];

    entry_leaf(leaf, &s.entry);
    buf_put(out, leaf, sizeof(leaf));
}

static void
make_leaf_hash(struct buf *out)
{
    struct hash leaf = {{0}};

    entry_leaf_hash(&leaf, &s.entry);
    buf_put_bytes(out, bytes_hash(&leaf));
}

/* The entry without its body, as auditors get it. */
static void
make_entry_absent(struct buf *out)
{
    struct entry entry = s.entry;

    entry.has_body = false;
    entry_put(out, &entry);
}

static void
make_head_text(struct buf *out)
{
    log_head_text(out, &s.corridor, &s.changes, &s.head);
}

static void
make_head_signature(struct buf *out)
{
    buf_put(out, s.head.signature.bytes, sizeof(s.head.signature.bytes));
}

static void
make_batch(struct buf *out)
{
    struct batch batch = {.log = s.changes, .count = 1, .head = s.head};

    batch.entries = &s.entry;
    ck_assert_int_eq(batch_encode(out, &batch), ERR_OK);
}

/* The story's head, and one of two other leaves: 68 bytes 01, 68 bytes 02. */
static void
make_evidence(struct buf *out)
{
    struct evidence evidence = {
        .log = s.changes, .a = s.head, .b = {.size = 2}};
    uint8_t leaf[ENTRY_LEAF_BYTES];

    memset(leaf, 1, sizeof(leaf));
    merkle_leaf(&evidence.root, bytes_of(leaf, sizeof(leaf)));
    memset(leaf, 2, sizeof(leaf));
    merkle_leaf(&evidence.proof.hashes[0], bytes_of(leaf, sizeof(leaf)));
    evidence.proof.count = 1;
    merkle_node(&evidence.b.root, &evidence.root, &evidence.proof.hashes[0]);
    ck_assert_int_eq(
        log_head_sign(&evidence.b, &s.corridor, &s.changes, &s.seed), ERR_OK);
    ck_assert_int_eq(evidence_verify(&evidence, &s.corridor), ERR_OK);
    ck_assert_int_eq(evidence_encode(out, &evidence), ERR_OK);
}

static void
make_cosignature(struct buf *out)
{
    struct cosignature cosignature = {.log = s.changes,
        .size = s.head.size,
        .root = s.head.root,
        .time = WALL_MS / 1000};
    struct secret_key seed;

    memset(cosignature.cosigner.bytes, 0x22, sizeof(struct node_id));
    memset(seed.bytes, 0x63, sizeof(seed.bytes));
    ck_assert_int_eq(
        cosignature_make(&cosignature, &s.corridor, &seed), ERR_OK);
    cosignature_encode(out, &cosignature);
}

static void
make_record(struct buf *out)
{
    buf_put(out, s.record.bytes, sizeof(s.record.bytes));
}

static void
make_plain(struct buf *out)
{
    buf_put_bytes(out, buf_bytes(&s.plain));
}

/* One operation of each shape: dots of this log, and of index 1. */
static void
make_shapes(struct buf *out)
{
    struct op_id dots[2] = {
        {{s.author.table[1], 0}, 0}, {{s.author.table[1], 2}, 1}};
    struct change_op ops[6] = {{.field = 1, .has_value = true},
        {.field = 1, .has_value = true, .has_reason = true},
        {.field = 2, .action = ACTION_ADD, .has_value = true},
        {.field = 2, .action = ACTION_REMOVE, .dot_count = 2},
        {.field = 3,
            .action = ACTION_REMOVE,
            .dot_count = 1,
            .has_value = true},
        {.field = 4, .action = ACTION_TRANSFER, .dot_count = 1}};
    struct change change = {.kind = 3, .ops = ops, .op_count = 6};

    change.record = s.record;
    for (size_t i = 0; i < 6; i++) {
        ops[i].value = bytes_text("\x07");
        ops[i].reason = bytes_text("because");
        ops[i].dots = dots;
    }
    memset(ops[5].office.bytes, 0x0f, sizeof(ops[5].office.bytes));
    ck_assert_int_eq(change_encode(out, &change, &s.author, NULL), ERR_OK);
}

static void
make_frame(struct buf *out)
{
    struct codec *codec = NULL;
    struct buf plain = {0};

    ck_assert_int_eq(codec_new(&codec, 0, bytes_of(NULL, 0)), ERR_OK);
    ck_assert_int_eq(codec_unpack(codec, &plain, buf_bytes(&s.frame)), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&plain), buf_bytes(&s.plain)));
    codec_free(codec);
    buf_release(&plain);
    buf_put_bytes(out, buf_bytes(&s.frame));
}

static void
make_as_it_is(struct buf *out)
{
    struct codec *codec = NULL;

    ck_assert_int_eq(codec_new(&codec, 0, bytes_of(NULL, 0)), ERR_OK);
    ck_assert_int_eq(codec_pack(codec, out, buf_bytes(&s.plain)), ERR_OK);
    codec_free(codec);
}

static void
make_commitment(struct buf *out)
{
    buf_put_bytes(out, bytes_hash(&s.commitment));
}

static void
make_opening(struct buf *out)
{
    buf_put_bytes(out, bytes_hash(&s.r));
}

static void
make_seal(struct buf *out)
{
    buf_put(out, s.seal.bytes, sizeof(s.seal.bytes));
}

static void
make_body(struct buf *out)
{
    buf_put_bytes(out, buf_bytes(&s.body));
}

/* The record that the change creates, of a kind that no pack knows. */
static void
apply_change(struct record *record)
{
    struct change change = {.kind = 0};
    struct change_place at = {.dot = {s.author.log, 0},
        .rank = 4,
        .time = s.header.elapsed,
        .clock = &s.clock,
        .key = {s.author.log, 0},
        .class = CLASS_CASE,
        .corridor = &s.corridor,
        .logs = &s.logs};
    enum void_reason reason = VOID_NONE;
    enum err rc = change_decode(&change, buf_bytes(&s.plain), &s.author, NULL);

    ck_assert_int_eq(rc, ERR_OK);
    record_init(record, &s.record, change.kind);
    rc = record_apply(record, NULL, &change, &at, &reason);
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_eq(reason, VOID_NONE);
    change_release(&change);
}

static void
make_record_state(struct buf *out)
{
    struct record record;

    apply_change(&record);
    ck_assert_int_eq(record_canonical(out, &record, &s.logs), ERR_OK);
    record_release(&record);
}

static void
make_record_digest(struct buf *out)
{
    struct record record;
    struct hash digest;

    apply_change(&record);
    ck_assert_int_eq(record_digest(&digest, &record, &s.logs), ERR_OK);
    buf_put_bytes(out, bytes_hash(&digest));
    record_release(&record);
}

static const struct {
    const char *name;
    void (*make)(struct buf *out);
} examples[] = {
    {"model/node", make_node},
    {"model/derived", make_derived},
    {"model/time", make_time},
    {"model/time-after", make_time_after},
    {"model/clock-base", make_clock_base},
    {"model/clock-name", make_clock_name},
    {"model/clock-full", make_clock_full},
    {"model/clock-delta", make_clock_delta},
    {"model/header", make_header},
    {"model/header-control", make_control_header},
    {"model/leaf", make_leaf},
    {"model/leaf-hash", make_leaf_hash},
    {"model/entry-absent", make_entry_absent},
    {"model/head-text", make_head_text},
    {"model/head-signature", make_head_signature},
    {"model/batch", make_batch},
    {"model/evidence", make_evidence},
    {"model/cosignature", make_cosignature},
    {"model/record", make_record},
    {"model/change", make_plain},
    {"model/change-shapes", make_shapes},
    {"model/frame", make_frame},
    {"model/plain", make_as_it_is},
    {"model/record-state", make_record_state},
    {"model/record-digest", make_record_digest},
    {"model/commitment", make_commitment},
    {"model/opening", make_opening},
    {"model/seal", make_seal},
    {"model/body", make_body},
};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

START_TEST(an_example_is_what_the_code_makes)
{
    struct buf made = {0};
    struct buf shown = {0};
    char hex[2 * 2048 + 1] = "";

    examples[_i].make(&made);
    ck_assert_uint_le(made.size, 2048);
    hex_encode(hex, buf_bytes(&made));
    examples_get(examples[_i].name, &shown);
    ck_assert_msg(bytes_equal(buf_bytes(&made), buf_bytes(&shown)), "%s is %s",
        examples[_i].name, hex);
    buf_release(&made);
    buf_release(&shown);
}
END_TEST

START_TEST(every_example_of_this_folder_is_checked)
{
    ck_assert_uint_eq(examples_count("model/"), EXAMPLES);
}
END_TEST

START_TEST(the_example_opens_for_who_holds_the_circle)
{
    struct change_body split;
    struct seal_wrap_place generation = {
        &s.corridor, &s.control.node, LOG_CONTROL, 2, &s.commitment};
    struct seal_place at = place();
    struct secret_key content = {{0}};
    struct buf padded = {0};
    struct seal_open_options options = {.content = &content,
        .place = &at,
        .header = s.entry.header,
        .header_unsealed = s.header.unsealed,
        .seal = &s.header.seal};

    ck_assert_int_eq(
        change_body_split(&split, &s.header, s.entry.body), ERR_OK);
    ck_assert_int_eq(
        seal_unwrap(&content, &s.circle, &generation, split.wrapped[0].data),
        ERR_OK);
    ck_assert_int_eq(seal_body_open(&padded, &options, split.sealed), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&padded), buf_bytes(&s.frame)));
    ck_assert_int_eq(
        header_clock_resolve(&s.header_clock, &s.author, &s.logs, &s.header),
        ERR_OK);
    ck_assert_uint_eq(s.header_clock.clock.count, 1);
    buf_release(&padded);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("examples");
    TCase *tcase = tcase_create("examples");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, an_example_is_what_the_code_makes, 0, EXAMPLES);
    tcase_add_test(tcase, every_example_of_this_folder_is_checked);
    tcase_add_test(tcase, the_example_opens_for_who_holds_the_circle);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
