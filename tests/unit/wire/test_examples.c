/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked examples of docs/protocol.md, made by the code: a dialler whose
 * clock has grown from one clock of the page to the next calls a listener
 * that has the latter.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/keys.h"
#include "sync/wire/session_internal.h"
#include "tests/lib/examples.h"
#include "tests/lib/run.h"

static struct {
    struct buf base; /* clocks of the page */
    struct buf full;
    struct session *dialler;
    struct session *listener;
    struct buf first; /* messages, with their lengths */
    struct buf second;
    struct buf third;
} s;

static struct secret_key
key_of(int byte)
{
    struct secret_key key;

    memset(key.bytes, byte, sizeof(key.bytes));
    return key;
}

/* What both ends hold beside their clocks. */
static const struct frame_marks story_marks = {
    {0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1},
    {0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2},
    {0xa3, 0xa3, 0xa3, 0xa3, 0xa3, 0xa3, 0xa3, 0xa3}};

/* One step, after which what it sends is appended. */
static void
step(struct session *session, const struct event *event, struct buf *sent)
{
    struct effects effects = {0};

    ck_assert_int_eq(session_step(session, event, &effects), ERR_OK);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.items[i].type == EFFECT_SEND) {
            buf_put_bytes(sent, effects.items[i].u.send);
        }
    }
    effects_release(&effects);
}

static void
receive(struct session *session, const struct buf *bytes, struct buf *sent)
{
    const struct event event = {
        .type = EVENT_RECEIVED, .u.received = buf_bytes(bytes)};

    step(session, &event, sent);
}

static void
open_sessions(void)
{
    struct secret_key statics[2] = {key_of(0xd1), key_of(0xe1)};
    struct secret_key psk = key_of(0x55);
    struct session_options options = {.is_dialler = true,
        .noise = &statics[0],
        .ephemeral = key_of(0xd2),
        .psks = &psk,
        .psk_count = 1,
        .clock = {.full = buf_bytes(&s.full), .marks = &story_marks},
        .sent_base = buf_bytes(&s.base),
        .heard_bases = {buf_bytes(&s.full)}};
    const struct event opened = {.type = EVENT_OPENED};

    memset(options.listener.bytes, 0x22, sizeof(options.listener.bytes));
    keys_box_public(&options.peer_noise, &statics[1]);
    ck_assert_int_eq(session_new(&s.dialler, &options), ERR_OK);
    options.is_dialler = false;
    options.noise = &statics[1];
    options.ephemeral = key_of(0xe2);
    ck_assert_int_eq(session_new(&s.listener, &options), ERR_OK);
    step(s.listener, &opened, &s.second);
    step(s.dialler, &opened, &s.first);
}

static void
setup(void)
{
    struct event event = {.type = EVENT_AUTHENTICATED};

    memset(&s, 0, sizeof(s));
    examples_get("model/clock-base", &s.base);
    examples_get("model/clock-full", &s.full);
    open_sessions();
    receive(s.listener, &s.first, &s.second);
    event.u.auth.level = LEVEL_FULL;
    event.u.auth.clock.full = buf_bytes(&s.full);
    event.u.auth.clock.marks = &story_marks;
    event.u.auth.sent_base = buf_bytes(&s.full);
    event.u.auth.heard_bases[0] = buf_bytes(&s.base);
    step(s.listener, &event, &s.second);
    receive(s.dialler, &s.second, &s.third);
    receive(s.listener, &s.third, &s.third);
}

static void
teardown(void)
{
    session_free(s.dialler);
    session_free(s.listener);
    buf_release(&s.base);
    buf_release(&s.full);
    buf_release(&s.first);
    buf_release(&s.second);
    buf_release(&s.third);
}

static struct vclock_name
name_of(const struct buf *full)
{
    struct vclock_name name;

    vclock_name(&name, buf_bytes(full));
    return name;
}

static void
make_first(struct buf *out)
{
    struct buf delta = {0};
    struct hello_first hello = {.has_base = true,
        .base = name_of(&s.base),
        .has_delta = true,
        .has_marks = true,
        .marks = story_marks};

    examples_get("model/clock-delta", &delta);
    hello.delta = buf_bytes(&delta);
    hello_first_encode(out, &hello);
    buf_release(&delta);
}

static void
make_message_1(struct buf *out)
{
    buf_put_bytes(out, buf_bytes(&s.first));
}

static void
make_second(struct buf *out)
{
    static const uint8_t empty[] = {0x80};

    hello_second_encode(out, &(struct hello_second){.knows_base = true,
                                 .has_base = true,
                                 .base = name_of(&s.full),
                                 .has_delta = true,
                                 .delta = bytes_of(empty, sizeof(empty)),
                                 .level = LEVEL_FULL,
                                 .has_marks = true,
                                 .marks = story_marks});
}

static void
make_message_2(struct buf *out)
{
    buf_put_bytes(out, buf_bytes(&s.second));
}

static void
make_clock(struct buf *out)
{
    static const uint8_t empty[] = {0x80};
    struct buf payload = {0};

    frame_clock_encode(&payload, &(struct frame_clock){.has_heard = true,
                                     .heard = name_of(&s.full),
                                     .has_base = true,
                                     .base = name_of(&s.full),
                                     .delta = bytes_of(empty, sizeof(empty))});
    frame_put(out, FRAME_CLOCK, buf_bytes(&payload));
    buf_release(&payload);
}

static void
make_message_3(struct buf *out)
{
    buf_put_bytes(out, buf_bytes(&s.third));
}

static void
make_want(struct buf *out)
{
    struct log_id log = {.kind = LOG_CHANGES};
    struct frame_want want = {.hold = true, .logs = &log, .count = 1};
    struct buf payload = {0};

    memset(log.node.bytes, 0x22, sizeof(log.node.bytes));
    frame_want_encode(&payload, &want);
    frame_put(out, FRAME_WANT, buf_bytes(&payload));
    buf_release(&payload);
}

static void
make_bye(struct buf *out)
{
    struct buf payload = {0};

    frame_number_encode(&payload, BYE_SHUTDOWN);
    frame_put(out, FRAME_BYE, buf_bytes(&payload));
    buf_release(&payload);
}

/* The story's head, of its one entry: docs/protocol.md, "Heads". */
static void
make_head(struct buf *out)
{
    struct log_id log = {.kind = LOG_CHANGES};
    struct head head = {.size = 1};
    struct buf signature = {0};
    struct buf batch = {0};
    struct buf payload = {0};

    examples_get("model/head-signature", &signature);
    examples_get("model/batch", &batch);
    memcpy(log.node.bytes, batch.data, sizeof(log.node.bytes));
    memcpy(head.root.bytes, batch.data + 51, sizeof(head.root.bytes));
    memcpy(head.signature.bytes, signature.data, signature.size);
    frame_head_encode(&payload, &log, &head);
    frame_put(out, FRAME_HEAD, buf_bytes(&payload));
    buf_release(&signature);
    buf_release(&batch);
    buf_release(&payload);
}

static const struct {
    const char *name;
    void (*make)(struct buf *out);
} examples[] = {
    {"wire/first", make_first},
    {"wire/message-1", make_message_1},
    {"wire/second", make_second},
    {"wire/message-2", make_message_2},
    {"wire/clock", make_clock},
    {"wire/message-3", make_message_3},
    {"wire/want", make_want},
    {"wire/bye", make_bye},
    {"wire/head", make_head},
};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

START_TEST(an_example_is_what_the_code_makes)
{
    struct buf made = {0};
    struct buf shown = {0};
    char hex[2 * 512 + 1] = "";

    examples[_i].make(&made);
    ck_assert_uint_le(made.size, 512);
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
    ck_assert_uint_eq(examples_count("wire/"), EXAMPLES);
}
END_TEST

/* The messages carry what the page says: the listener understood them. */
START_TEST(the_messages_of_the_examples_are_taken)
{
    ck_assert_int_eq(s.listener->state, STATE_OPEN);
    ck_assert(s.listener->is_confirmed && s.listener->is_synced);
    ck_assert(s.dialler->is_synced);
    ck_assert(bytes_equal(
        buf_bytes(&s.listener->reconcile.theirs), buf_bytes(&s.full)));
    ck_assert_uint_eq(s.first.size, 210);
    ck_assert_uint_eq(s.second.size, 162);
    ck_assert_uint_eq(s.third.size, 258);
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
    tcase_add_test(tcase, the_messages_of_the_examples_are_taken);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
