/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints with all their signatures. */
#include "crypto/checkpoint_note.h"

#include <check.h>
#include <string.h>

#include "tests/lib/crypto/signer.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { COSIGNERS = 2, TIME = 1790000000 };

/* A log, two cosigners that are known, and one that is not. */
struct fixture {
    struct signer log;
    struct signer cosigners[COSIGNERS];
    struct signer stranger;
    struct note_key cosigner_keys[COSIGNERS];
    struct checkpoint_keys keys;
    struct hash root;
    struct buf encoded;
    bool strict; /* judge refuses unknown lines too */
};
static struct fixture fixture;

static void
setup(void)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof(*f));
    signer_init(&f->log, "example.com/log", NOTE_ED25519, 1);
    signer_init(&f->cosigners[0], "example.com/w0", NOTE_COSIGNATURE, 2);
    signer_init(&f->cosigners[1], "example.com/w1", NOTE_COSIGNATURE, 3);
    signer_init(&f->stranger, "example.com/w2", NOTE_COSIGNATURE, 4);
    for (size_t i = 0; i < COSIGNERS; i++) {
        f->cosigner_keys[i] = f->cosigners[i].key;
    }
    f->keys =
        (struct checkpoint_keys){&f->log.key, f->cosigner_keys, COSIGNERS};
    memset(f->root.bytes, 0xab, sizeof(f->root.bytes));
    signer_checkpoint(&f->encoded, &f->log, 7, &f->root);
}

static void
teardown(void)
{
    buf_release(&fixture.encoded);
}

START_TEST(each_line_is_told_with_what_came_of_it)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note;

    signer_cosign(&f->encoded, &f->cosigners[1], TIME);
    signer_cosign(&f->encoded, &f->stranger, TIME + 1);
    signer_cosign(&f->encoded, &f->cosigners[0], TIME + 2);
    signer_cosign(&f->encoded, &f->cosigners[0], TIME + 3);
    ck_assert_int_eq(
        checkpoint_note_verify(&note, buf_bytes(&f->encoded), &f->keys),
        ERR_OK);
    ck_assert_str_eq(note.checkpoint.origin, "example.com/log");
    ck_assert_uint_eq(note.checkpoint.size, 7);
    ck_assert(hash_equal(&note.checkpoint.root, &f->root));
    ck_assert_uint_eq(note.line_count, 5);
    ck_assert_uint_eq(note.cosigned_count, 3);
    ck_assert_uint_eq(note.broken_count, 0);
    ck_assert_uint_eq(note.unknown_count, 1);
    ck_assert_int_eq(note.lines[0].state, CHECKPOINT_LINE_LOG);
    ck_assert_int_eq(note.lines[1].state, CHECKPOINT_LINE_COSIGNED);
    ck_assert_uint_eq(note.lines[1].cosigner, 1);
    ck_assert_uint_eq(note.lines[1].time, TIME);
    ck_assert_int_eq(note.lines[2].state, CHECKPOINT_LINE_UNKNOWN);
    ck_assert(bytes_equal(note.lines[2].name, bytes_text("example.com/w2")));
    ck_assert_uint_eq(note.lines[2].id, f->stranger.key.id);
    ck_assert_uint_eq(note.lines[3].cosigner, 0);
    ck_assert_uint_eq(note.lines[4].time, TIME + 3);
}
END_TEST

START_TEST(a_broken_line_of_a_known_cosigner_is_told_or_refused)
{
    struct fixture *f = &fixture;
    struct buf other = {0};
    struct checkpoint_note note;
    struct note parsed;

    /* A cosignature of another checkpoint. */
    signer_checkpoint(&other, &f->log, 8, &f->root);
    signer_cosign(&other, &f->cosigners[0], TIME);
    ck_assert_int_eq(note_parse(&parsed, buf_bytes(&other)), ERR_OK);
    note_put_signature(&f->encoded, &f->cosigners[0].key,
        bytes_of(parsed.signatures[1].bytes, parsed.signatures[1].size));
    ck_assert_int_eq(
        checkpoint_note_verify(&note, buf_bytes(&f->encoded), &f->keys),
        ERR_BAD_SIGNATURE);
    ck_assert_int_eq(
        checkpoint_note_read(&note, buf_bytes(&f->encoded), &f->keys), ERR_OK);
    ck_assert_uint_eq(note.broken_count, 1);
    ck_assert_int_eq(note.lines[1].state, CHECKPOINT_LINE_BROKEN);
    buf_release(&other);
}
END_TEST

START_TEST(the_log_must_have_signed_under_its_own_origin)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note = {.line_count = 99};
    struct checkpoint_keys keys = f->keys;
    struct signer other;
    struct buf encoded = {0};

    /* By another log's key; of another origin; by a cosigner alone. */
    signer_init(&other, "example.com/log", NOTE_ED25519, 9);
    keys.log = &other.key;
    ck_assert_int_eq(checkpoint_note_read(&note, buf_bytes(&f->encoded), &keys),
        ERR_BAD_SIGNATURE);
    signer_init(&other, "example.com/other", NOTE_ED25519, 1);
    ck_assert_int_eq(checkpoint_note_read(&note, buf_bytes(&f->encoded), &keys),
        ERR_BAD_SIGNATURE);
    signer_init(&other, "example.com/log", NOTE_COSIGNATURE, 1);
    ck_assert_int_eq(checkpoint_note_read(&note, buf_bytes(&f->encoded), &keys),
        ERR_BAD_SIGNATURE);
    /* The right origin, signed by a key of another name. */
    signer_init(&other, "example.com/other", NOTE_ED25519, 1);
    memcpy(other.key.name, f->log.key.name, sizeof(other.key.name));
    signer_checkpoint(&encoded, &other, 7, &f->root);
    ck_assert_int_eq(checkpoint_note_read(&note, buf_bytes(&encoded), &f->keys),
        ERR_BAD_SIGNATURE);
    ck_assert_uint_eq(note.line_count, 99);
    buf_release(&encoded);
}
END_TEST

START_TEST(a_note_that_is_no_checkpoint_is_refused)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note;
    struct checkpoint checkpoint;
    const struct bytes text = bytes_text("example.com/log\nseven\n");
    struct buf encoded = {0};

    buf_put_bytes(&encoded, text);
    buf_put_u8(&encoded, '\n');
    ck_assert_int_eq(
        note_sign(&encoded, &f->log.key, &f->log.seed, text), ERR_OK);
    ck_assert_int_eq(checkpoint_note_read(&note, buf_bytes(&encoded), &f->keys),
        ERR_MALFORMED);
    ck_assert_int_eq(
        checkpoint_note_peek(&checkpoint, buf_bytes(&encoded)), ERR_MALFORMED);
    ck_assert_int_eq(
        checkpoint_note_peek(&checkpoint, buf_bytes(&f->encoded)), ERR_OK);
    ck_assert_uint_eq(checkpoint.size, 7);
    buf_release(&encoded);
}
END_TEST

START_TEST(cosigners_may_vouch_without_the_logs_own_line)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note = {.line_count = 99};
    struct buf alone = {0};
    struct note parsed;

    ck_assert_int_eq(note_parse(&parsed, buf_bytes(&f->encoded)), ERR_OK);
    buf_put_bytes(&alone, parsed.text);
    buf_put_u8(&alone, '\n');
    signer_cosign_text(&alone, &f->stranger, TIME, parsed.text);
    ck_assert_int_eq(
        checkpoint_note_vouched(&note, buf_bytes(&alone), &f->keys),
        ERR_BAD_SIGNATURE);
    ck_assert_int_eq(
        checkpoint_note_vouched(&note, buf_bytes(&f->encoded), &f->keys),
        ERR_BAD_SIGNATURE);
    ck_assert_uint_eq(note.line_count, 99);
    signer_cosign_text(&alone, &f->cosigners[1], TIME, parsed.text);
    ck_assert_int_eq(
        checkpoint_note_vouched(&note, buf_bytes(&alone), &f->keys), ERR_OK);
    ck_assert_uint_eq(note.cosigned_count, 1);
    ck_assert_uint_eq(note.unknown_count, 1);
    ck_assert_uint_eq(note.checkpoint.size, 7);
    ck_assert_int_eq(checkpoint_note_read(&note, buf_bytes(&alone), &f->keys),
        ERR_BAD_SIGNATURE);
    /* Where the log's line stands there, it must hold. */
    signer_cosign_text(&f->encoded, &f->cosigners[1], TIME, parsed.text);
    ck_assert_int_eq(
        checkpoint_note_vouched(&note, buf_bytes(&f->encoded), &f->keys),
        ERR_OK);
    f->log.key.key.bytes[0] ^= 1;
    ck_assert_int_eq(
        checkpoint_note_vouched(&note, buf_bytes(&f->encoded), &f->keys),
        ERR_BAD_SIGNATURE);
    buf_release(&alone);
}
END_TEST

static enum err
judge(struct bytes bytes, struct buf *out)
{
    struct checkpoint_note note;
    enum err rc = checkpoint_note_verify(&note, bytes, &fixture.keys);

    if (rc == ERR_OK && fixture.strict && note.unknown_count > 0) {
        rc = ERR_DENIED;
    }
    buf_put_bytes(out, bytes);
    return rc;
}

START_TEST(no_bit_of_a_cosigned_checkpoint_can_be_flipped_unseen)
{
    struct fixture *f = &fixture;

    f->strict = true;
    signer_cosign(&f->encoded, &f->cosigners[0], TIME);
    signer_cosign(&f->encoded, &f->cosigners[1], TIME);
    /* Cut behind a signature it is a checkpoint with fewer of them. */
    ck_assert_uint_eq(mutation_run(buf_bytes(&f->encoded), judge),
        9 * f->encoded.size - COSIGNERS);
}
END_TEST

START_TEST(only_who_cosigned_can_be_flipped_into_an_unknown_name)
{
    struct fixture *f = &fixture;
    size_t refused = 0;

    signer_cosign(&f->encoded, &f->cosigners[0], TIME);
    refused = mutation_run(buf_bytes(&f->encoded), judge);
    /* At most the bits of a name, a key id of 32 bits, and one cut. */
    ck_assert_uint_lt(refused, 9 * f->encoded.size - 1);
    ck_assert_uint_ge(refused, 9 * f->encoded.size - 8 * 14 - 32 - 1);
}
END_TEST

/* A witness's answer to the fixture's checkpoint. */
static void
make_answer(struct buf *answer, const struct signer *const *by, size_t count)
{
    struct buf note = {0};

    buf_put_bytes(&note, buf_bytes(&fixture.encoded));
    for (size_t i = 0; i < count; i++) {
        signer_cosign(&note, by[i], TIME + i);
    }
    buf_put(answer, note.data + fixture.encoded.size,
        note.size - fixture.encoded.size);
    buf_release(&note);
}

static enum err
judge_answer(struct bytes bytes, struct buf *out)
{
    struct checkpoint_note note;
    struct note parsed;
    enum err rc = note_parse(&parsed, buf_bytes(&fixture.encoded));

    ck_assert_int_eq(rc, ERR_OK);
    rc = checkpoint_note_answer(&note, bytes, parsed.text, &fixture.keys);
    if (rc == ERR_OK) {
        ck_assert_uint_eq(note.lines[0].time, TIME);
        ck_assert_uint_eq(
            note.line_count - note.cosigned_count, note.unknown_count);
    }
    buf_put_bytes(out, bytes);
    return rc;
}

START_TEST(an_answer_holds_lines_of_known_witnesses)
{
    struct fixture *f = &fixture;
    const struct signer *const one[] = {&f->cosigners[0]};
    const struct signer *const two[] = {&f->cosigners[0], &f->stranger};
    struct buf answer = {0};
    struct buf out = {0};

    make_answer(&answer, two, 2);
    ck_assert_int_eq(judge_answer(buf_bytes(&answer), &out), ERR_OK);
    buf_clear(&answer);
    make_answer(&answer, two + 1, 1);
    ck_assert_int_eq(judge_answer(buf_bytes(&answer), &out), ERR_BAD_SIGNATURE);
    buf_clear(&answer);
    make_answer(&answer, one, 1);
    ck_assert_uint_eq(
        mutation_run(buf_bytes(&answer), judge_answer), 9 * answer.size);
    buf_put_u8(&answer, '\n');
    ck_assert_int_eq(judge_answer(buf_bytes(&answer), &out), ERR_MALFORMED);
    ck_assert_int_eq(judge_answer(bytes_text(""), &out), ERR_MALFORMED);
    buf_release(&answer);
    buf_release(&out);
}
END_TEST

START_TEST(an_answer_is_bounded)
{
    struct fixture *f = &fixture;
    const struct signer *const one[] = {&f->cosigners[0]};
    struct buf line = {0};
    struct buf answer = {0};
    struct buf out = {0};

    make_answer(&line, one, 1);
    for (size_t i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        buf_put_bytes(&answer, buf_bytes(&line));
    }
    ck_assert_int_eq(judge_answer(buf_bytes(&answer), &out), ERR_OK);
    buf_put_bytes(&answer, buf_bytes(&line));
    ck_assert_int_eq(judge_answer(buf_bytes(&answer), &out), ERR_TOO_BIG);
    buf_clear(&answer);
    ck_assert_ptr_nonnull(buf_extend(&answer, NOTE_BYTES_MAX + 1));
    memset(answer.data, 'a', answer.size);
    ck_assert_int_eq(judge_answer(buf_bytes(&answer), &out), ERR_TOO_BIG);
    buf_release(&line);
    buf_release(&answer);
    buf_release(&out);
}
END_TEST

static Suite *
checkpoint_note_suite(void)
{
    Suite *suite = suite_create("checkpoint_note");
    TCase *notes = tcase_create("notes");

    tcase_add_checked_fixture(notes, setup, teardown);
    tcase_add_test(notes, each_line_is_told_with_what_came_of_it);
    tcase_add_test(notes, a_broken_line_of_a_known_cosigner_is_told_or_refused);
    tcase_add_test(notes, the_log_must_have_signed_under_its_own_origin);
    tcase_add_test(notes, cosigners_may_vouch_without_the_logs_own_line);
    tcase_add_test(notes, a_note_that_is_no_checkpoint_is_refused);
    tcase_add_test(
        notes, no_bit_of_a_cosigned_checkpoint_can_be_flipped_unseen);
    tcase_add_test(
        notes, only_who_cosigned_can_be_flipped_into_an_unknown_name);
    tcase_add_test(notes, an_answer_holds_lines_of_known_witnesses);
    tcase_add_test(notes, an_answer_is_bounded);
    suite_add_tcase(suite, notes);
    return suite;
}

int
main(void)
{
    return run_suite(checkpoint_note_suite());
}
