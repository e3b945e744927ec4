/* SPDX-License-Identifier: Apache-2.0 */
/* One change opened: to its receiver, and no other with it. */
#include "storage/disclose.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/tiles.h"
#include "sync/model/log_key.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { CHANGES = 6 };

static struct corridor_fixture f;
static struct view *view;
static struct log_id log_id;
static struct note_key key;

static void
open_view(size_t office)
{
    view_close(view);
    ck_assert_int_eq(view_open(&view, f.offices[office].store, &f.msg), ERR_OK);
}

/* Office 1 is a member that the case is not shared with; 2 an auditor. */
static void
setup(void)
{
    struct fixture_options options = {.offices = 3, .only_first = true};
    struct fixture_pump pump = {.from = 0, .to = 1};
    struct record_id id;

    fixture_make(&f, &options);
    fixture_admit(&f, 1, ROLE_READ | ROLE_WRITE);
    fixture_admit(&f, 2, ROLE_AUDIT);
    id = fixture_case(&f, 0, "a summary that is nobody else's business");
    for (size_t i = 1; i < CHANGES; i++) {
        fixture_desk(&f, 0, &id, i % 2 == 0 ? "north" : "south");
    }
    (void)fixture_pump(&f, &pump);
    pump.to = 2;
    pump.without_bodies = true;
    (void)fixture_pump(&f, &pump);
    log_id = (struct log_id){.node = f.offices[0].node, .kind = LOG_CHANGES};
    log_key(&key, &f.corridor, &log_id);
    open_view(0);
}

static void
teardown(void)
{
    view_close(view);
    view = NULL;
    fixture_release(&f);
}

/* The change, and its proof; the checkpoint is appended to *note. */
static void
disclose(struct disclosure *out, struct buf *note, uint64_t position)
{
    struct tiles_inclusion inclusion;
    enum err rc = view_disclose(view, &log_id, position, out, &f.msg);

    ck_assert_msg(rc == ERR_OK, "%s", f.msg.text);
    ck_assert_int_eq(
        tiles_inclusion(view, &log_id, position, &inclusion, &f.msg), ERR_OK);
    buf_clear(note);
    log_checkpoint(note, &f.corridor, &log_id, &inclusion.head);
    out->proof = (struct proof_file){.index = position,
        .proof = inclusion.proof,
        .checkpoint = buf_bytes(note)};
}

static enum err
verify(const struct disclosure *disclosure)
{
    const struct disclosure_place place = {&f.corridor, &log_id};
    const struct checkpoint_keys keys = {.log = &key};

    return disclosure_verify(disclosure, &place, &keys, NULL);
}

/* How many entries the log has; all are changes. */
static uint64_t
log_size(void)
{
    struct head head;

    ck_assert_int_eq(view_head(view, &log_id, &head, &f.msg), ERR_OK);
    ck_assert_uint_ge(head.size, CHANGES);
    return head.size;
}

START_TEST(each_change_can_be_shown_alone)
{
    for (uint64_t i = 0; i < log_size(); i++) {
        struct disclosure disclosure;
        struct buf note = {0};

        disclose(&disclosure, &note, i);
        ck_assert_int_eq(verify(&disclosure), ERR_OK);
        disclosure.opening.bytes[0] ^= 1;
        ck_assert_int_eq(verify(&disclosure), ERR_BAD_SIGNATURE);
        disclosure_release(&disclosure);
        buf_release(&note);
    }
}
END_TEST

/* Does what was disclosed of one change open the body of another? */
static bool
opens(const struct disclosure *disclosure, uint64_t position)
{
    struct tiles_inclusion other;
    struct change_body body;
    struct header header;
    struct buf plain = {0};
    struct secret_key guess;
    struct seal_place place = {.corridor = &f.corridor,
        .node = &log_id.node,
        .log_kind = log_id.kind,
        .position = position,
        .kind = ENTRY_CHANGE};
    struct seal_open_options options = {.content = &guess, .place = &place};
    bool opened = false;

    ck_assert_int_eq(
        tiles_inclusion(view, &log_id, position, &other, &f.msg), ERR_OK);
    ck_assert_int_eq(
        header_decode(&header, other.entry.header, LOG_CHANGES, position),
        ERR_OK);
    ck_assert_int_eq(
        change_body_split(&body, &header, other.entry.body), ERR_OK);
    memcpy(guess.bytes, disclosure->opening.bytes, sizeof(guess.bytes));
    options.header = other.entry.header;
    options.header_unsealed = header.unsealed;
    options.seal = &header.seal;
    opened = seal_body_open(&plain, &options, body.sealed) == ERR_OK;
    /* Nor is it the key that bodies are sealed under itself. */
    opened = opened || seal_body_open_with(&plain,
                           &(struct seal_keys){.aead = guess, .blind = guess},
                           &options, body.sealed) == ERR_OK;
    buf_release(&plain);
    return opened;
}

START_TEST(no_other_change_opens_with_it)
{
    uint64_t size = log_size();

    for (uint64_t i = 0; i < size; i++) {
        struct disclosure disclosure;
        struct buf note = {0};

        disclose(&disclosure, &note, i);
        for (uint64_t j = 0; j < size; j++) {
            struct disclosure other;
            struct buf other_note = {0};

            ck_assert(!opens(&disclosure, j));
            disclose(&other, &other_note, j);
            ck_assert(
                i == j || !hash_equal(&other.opening, &disclosure.opening));
            other.opening = disclosure.opening;
            ck_assert_int_eq(
                verify(&other), i == j ? ERR_OK : ERR_BAD_SIGNATURE);
            disclosure_release(&other);
            buf_release(&other_note);
        }
        disclosure_release(&disclosure);
        buf_release(&note);
    }
}
END_TEST

START_TEST(a_file_says_that_change_and_nothing_of_the_others)
{
    static const char summary[] = "nobody else's business";
    struct disclosure disclosure;
    struct buf note = {0};
    struct buf file = {0};
    struct disclosure back;

    disclose(&disclosure, &note, log_size() - 1);
    ck_assert_int_eq(disclosure_write(&file, &disclosure), ERR_OK);
    ck_assert_int_eq(disclosure_read(&back, buf_bytes(&file)), ERR_OK);
    ck_assert_int_eq(verify(&back), ERR_OK);
    for (size_t i = 0; i + sizeof(summary) <= back.plaintext.size; i++) {
        ck_assert(
            memcmp(back.plaintext.data + i, summary, sizeof(summary) - 1) != 0);
    }
    disclosure_release(&back);
    disclosure_release(&disclosure);
    buf_release(&file);
    buf_release(&note);
}
END_TEST

/* Who cannot, and what they are told. */
static const struct {
    size_t office;
    enum log_kind kind;
    uint64_t position;
    enum err rc;
} refusals[] = {
    {1, LOG_CHANGES, 0, ERR_NO_KEY},
    {2, LOG_CHANGES, 0, ERR_NOT_FOUND},
    {0, LOG_CONTROL, 0, ERR_MALFORMED},
    {0, LOG_CHANGES, 1000, ERR_NOT_FOUND},
};

START_TEST(only_who_holds_key_and_body_can)
{
    struct disclosure disclosure;

    open_view(refusals[_i].office);
    log_id.kind = (uint8_t)refusals[_i].kind;
    ck_assert_int_eq(view_disclose(view, &log_id, refusals[_i].position,
                         &disclosure, &f.msg),
        refusals[_i].rc);
}
END_TEST

START_TEST(a_lack_of_memory_discloses_nothing)
{
    enum err rc = ERR_NOMEM;
    long n = 0;

    for (; rc != ERR_OK; n++) {
        struct disclosure disclosure;

        ck_assert_int_lt(n, 1000);
        open_view(0);
        mem_fault_after(n);
        rc = view_disclose(view, &log_id, 1, &disclosure, &f.msg);
        ck_assert(rc == ERR_OK ? true : mem_fault_hit());
        mem_fault_after(-1);
        if (rc == ERR_OK) {
            disclosure_release(&disclosure);
        }
    }
    ck_assert_int_gt(n, 3);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("disclose");
    TCase *tcase = tcase_create("store");
    int count = (int)(sizeof(refusals) / sizeof(refusals[0]));

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_change_can_be_shown_alone);
    tcase_add_test(tcase, no_other_change_opens_with_it);
    tcase_add_test(tcase, a_file_says_that_change_and_nothing_of_the_others);
    tcase_add_loop_test(tcase, only_who_holds_key_and_body_can, 0, count);
    tcase_add_test(tcase, a_lack_of_memory_discloses_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
