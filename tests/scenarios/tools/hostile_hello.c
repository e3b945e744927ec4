/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes byte by byte, and those that should not succeed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "sync/wire/session.h"
#include "tests/scenarios/tools/hostile.h"
#include "tests/scenarios/tools/net.h"

static const char prologue_name[] = "corridor/1";

enum { PROLOGUE_NAME_BYTES = sizeof(prologue_name) - 1 };

static void
begin(struct noise_handshake *hs, const struct hostile *h,
    const struct hello_options *options)
{
    uint8_t prologue[PROLOGUE_NAME_BYTES + sizeof(h->peer)] = {0};
    struct secret_key ephemeral;
    struct noise_options noise = {
        .prologue = bytes_of(prologue, sizeof(prologue)),
        .psk = options->psk,
        .local_static = options->noise,
        .ephemeral = &ephemeral,
        .remote_static = &h->peer_noise,
    };

    memcpy(prologue, prologue_name, PROLOGUE_NAME_BYTES);
    memcpy(prologue + PROLOGUE_NAME_BYTES, h->peer.bytes, sizeof(h->peer));
    keys_random(&ephemeral, sizeof(ephemeral));
    noise_init_dialler(hs, &noise);
}

/* Message 1, with a clock of no logs. */
static enum err
write_first(struct noise_handshake *hs, struct buf *out)
{
    static const uint8_t no_logs[] = {0x80};
    struct hello_first hello = {
        .has_delta = true, .delta = bytes_of(no_logs, sizeof(no_logs))};
    struct buf payload = {0};
    struct buf plain = {0};
    struct buf message = {0};
    enum err rc = ERR_OK;

    hello_first_encode(&payload, &hello);
    rc = link_pad_hello(&plain, buf_bytes(&payload));
    if (rc == ERR_OK) {
        rc = noise_write(hs, buf_bytes(&plain), &message);
    }
    if (rc == ERR_OK) {
        link_put_hello(out, buf_bytes(&message));
        rc = buf_err(out);
    }
    buf_release(&payload);
    buf_release(&plain);
    buf_release(&message);
    return rc;
}

/* Wait for message 2 and take it in. */
static enum answer
read_second(struct talk *talk, struct noise_handshake *hs)
{
    static uint8_t bytes[LINK_HELLO_BYTES_MAX];
    struct bytes message = {0};
    struct buf plain = {0};
    struct hash session;
    enum err rc = ERR_NOT_FOUND;
    size_t all = 0;
    long n = 1;

    while (rc == ERR_NOT_FOUND) {
        struct bytes input = {0};

        n = net_receive(talk->fd, bytes, sizeof(bytes), HOSTILE_WAIT_MS);
        if (n <= 0) {
            break;
        }
        all += (size_t)n;
        input = bytes_of(bytes, (size_t)n);
        rc = link_take_hello(
            &talk->link, &input, NOISE_SECOND_OVERHEAD, &message);
        if (rc == ERR_OK) {
            rc = noise_read(hs, message, &plain);
        }
        if (rc == ERR_OK) {
            rc = link_open(&talk->link, hs, &session);
        }
        if (rc == ERR_OK && input.size > 0) {
            rc = link_receive(&talk->link, input);
        }
    }
    buf_release(&plain);
    if (rc == ERR_OK) {
        return ANSWER_TAKEN;
    }
    if (n < 0) {
        return ANSWER_OPEN;
    }
    return n == 0 && all == 0 ? ANSWER_SILENCE : ANSWER_CLOSED;
}

bool
talk_open(struct talk *talk, struct hostile *h,
    const struct hello_options *options, enum answer *out_answer)
{
    struct noise_handshake hs;
    struct buf first = {0};
    bool is_sent = false;

    *talk = (struct talk){.fd = net_dial(h->to, h->from)};
    link_init(&talk->link);
    if (talk->fd < 0) {
        err_ignore(err_set(&h->msg, ERR_IO, "connect: %s", strerror(errno)));
        *out_answer = ANSWER_FAILED;
        return false;
    }
    begin(&hs, h, options);
    is_sent = write_first(&hs, &first) == ERR_OK &&
              net_send(talk->fd, first.data, first.size);
    if (options->keep_first != NULL) {
        buf_put_bytes(options->keep_first, buf_bytes(&first));
    }
    buf_release(&first);
    *out_answer = is_sent ? read_second(talk, &hs) : ANSWER_FAILED;
    noise_wipe(&hs);
    return *out_answer == ANSWER_TAKEN;
}

void
talk_close(struct talk *talk)
{
    if (talk->fd >= 0) {
        close(talk->fd);
    }
    link_release(&talk->link);
    buf_release(&talk->sent);
    buf_release(&talk->clock);
}

/* The newest link secret that our home holds. */
static bool
link_secret(struct hostile *h, struct secret_key *out)
{
    struct view *view = NULL;
    size_t count = 0;

    if (view_open(&view, h->node->store, &h->msg) == ERR_OK) {
        count = view_link_secrets(view, out, 1);
    }
    view_close(view);
    return count == 1;
}

bool
talk_open_member(struct talk *talk, struct hostile *h, enum answer *out_answer)
{
    static const uint8_t no_logs[] = {0x80};
    struct frame_clock clock = {.delta = bytes_of(no_logs, sizeof(no_logs))};
    struct buf payload = {0};
    struct secret_key psk;
    struct hello_options options = {
        .noise = &h->node->secrets->noise, .psk = &psk};

    *talk = (struct talk){.fd = -1};
    *out_answer = ANSWER_FAILED;
    if (!link_secret(h, &psk) || !talk_open(talk, h, &options, out_answer)) {
        return false;
    }
    /* "Heard: null" has the daemon tell its clock in full. */
    frame_clock_encode(&payload, &clock);
    frame_put(&talk->link.frames, FRAME_CLOCK, buf_bytes(&payload));
    buf_release(&payload);
    return talk_flush(talk);
}

bool
talk_flush(struct talk *talk)
{
    buf_clear(&talk->sent);
    return link_flush(&talk->link, &talk->sent) == ERR_OK &&
           net_send(talk->fd, talk->sent.data, talk->sent.size);
}

static void
take_clock(struct talk *talk, struct bytes payload)
{
    struct frame_clock clock = {0};
    struct buf full = {0};

    if (frame_clock_decode(&clock, payload) != ERR_OK) {
        return;
    }
    talk->taken = clock.taken;
    if (vclock_delta_decode(&full,
            clock.has_base ? buf_bytes(&talk->clock) : bytes_of(NULL, 0),
            clock.delta) == ERR_OK) {
        buf_release(&talk->clock);
        talk->clock = full;
        return;
    }
    buf_release(&full);
}

/* What waits in the link. ANSWER_OPEN: nothing ends here. */
static enum answer
take_frames(struct talk *talk, struct hostile *h)
{
    struct frame frame = {0};

    while (link_frame(&talk->link, &frame) == ERR_OK) {
        if (frame.type == FRAME_CLOCK) {
            take_clock(talk, frame.payload);
        } else if (frame.type == FRAME_BYE &&
                   frame_number_decode(&h->reason, frame.payload) == ERR_OK) {
            return ANSWER_BYE;
        }
    }
    return ANSWER_OPEN;
}

enum answer
talk_listen(struct talk *talk, struct hostile *h,
    bool (*until)(const struct talk *talk))
{
    static uint8_t bytes[LINK_PLAIN_BYTES_MAX];

    for (;;) {
        enum answer answer = take_frames(talk, h);
        long n = 0;

        if (answer != ANSWER_OPEN) {
            return answer;
        }
        if (until != NULL && until(talk)) {
            return ANSWER_TAKEN;
        }
        n = net_receive(talk->fd, bytes, sizeof(bytes), HOSTILE_WAIT_MS);
        if (n < 0) {
            return ANSWER_OPEN;
        }
        if (n == 0 ||
            link_receive(&talk->link, bytes_of(bytes, (size_t)n)) != ERR_OK) {
            return ANSWER_CLOSED;
        }
    }
}

/* One who has the link secret, by theft, and is no member. */
enum answer
hostile_stranger(struct hostile *h)
{
    struct secret_key psk;
    struct secret_key noise;
    struct talk talk = {.fd = -1};
    enum answer answer = ANSWER_FAILED;

    keys_random(&noise, sizeof(noise));
    if (link_secret(h, &psk)) {
        talk_open(&talk, h,
            &(struct hello_options){.noise = &noise, .psk = &psk}, &answer);
    }
    talk_close(&talk);
    return answer;
}

/* One who has a member's key, and not the link secret. */
enum answer
hostile_no_secret(struct hostile *h)
{
    struct secret_key psk;
    struct talk talk = {.fd = -1};
    enum answer answer = ANSWER_FAILED;

    keys_random(&psk, sizeof(psk));
    talk_open(&talk, h,
        &(struct hello_options){.noise = &h->node->secrets->noise, .psk = &psk},
        &answer);
    talk_close(&talk);
    return answer;
}

/* What was recorded once is sent again, `count` times. */
enum answer
hostile_replay(struct hostile *h)
{
    struct secret_key psk;
    struct buf first = {0};
    struct talk talk = {.fd = -1};
    struct hello_options options = {
        .noise = &h->node->secrets->noise, .psk = &psk, .keep_first = &first};
    enum answer answer = ANSWER_FAILED;
    uint8_t bytes[64];

    if (!link_secret(h, &psk) || !talk_open(&talk, h, &options, &answer)) {
        talk_close(&talk);
        buf_release(&first);
        return ANSWER_FAILED;
    }
    talk_close(&talk);
    answer = ANSWER_SILENCE;
    for (uint64_t i = 0; i < h->count && answer == ANSWER_SILENCE; i++) {
        int fd = net_dial(h->to, h->from);
        long n = 0;

        if (fd < 0) {
            answer = ANSWER_FAILED;
            break;
        }
        if (net_send(fd, first.data, first.size)) {
            n = net_receive(fd, bytes, sizeof(bytes), HOSTILE_WAIT_MS);
        }
        answer = n == 0 ? answer : n < 0 ? ANSWER_OPEN : ANSWER_TAKEN;
        close(fd);
    }
    buf_release(&first);
    return answer;
}
