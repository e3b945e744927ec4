/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks of somebody who knows nothing but the address. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "tests/lib/prng.h"
#include "tests/scenarios/tools/hostile.h"
#include "tests/scenarios/tools/net.h"

enum {
    GARBAGE_BYTES = 4096,
    SLOW_MAX = 512,
    SLOW_WAIT_MS = 120 * 1000 /* longer than a handshake may take */
};

static int
dial(struct hostile *h)
{
    int fd = net_dial(h->to, h->from);

    if (fd < 0) {
        err_ignore(err_set(&h->msg, ERR_IO, "connect: %s", strerror(errno)));
    }
    return fd;
}

/* Send, and see what comes back. */
static enum answer
send_and_wait(struct hostile *h, const void *bytes, size_t size)
{
    uint8_t answer[64];
    long n = 0;
    int fd = dial(h);

    if (fd < 0) {
        return ANSWER_FAILED;
    }
    /* If it hangs up on us while we talk, that is an answer too. */
    if (net_send(fd, bytes, size)) {
        n = net_receive(fd, answer, sizeof(answer), HOSTILE_WAIT_MS);
    }
    close(fd);
    if (n < 0) {
        return ANSWER_OPEN;
    }
    return n == 0 ? ANSWER_SILENCE : ANSWER_TAKEN;
}

enum answer
hostile_garbage(struct hostile *h)
{
    struct prng prng = prng_init(prng_seed(1));
    uint8_t bytes[GARBAGE_BYTES];
    enum answer answer = ANSWER_SILENCE;

    for (uint64_t i = 0; i < h->count && answer == ANSWER_SILENCE; i++) {
        size_t size = 512 + (size_t)prng_below(&prng, sizeof(bytes) - 511);

        prng_fill(&prng, bytes, size);
        /* Of a length that a first message has, or of any. */
        if (prng_below(&prng, 2) == 0) {
            bytes[0] = 0;
            bytes[1] = LINK_HELLO_BYTES_MIN + NOISE_FIRST_OVERHEAD;
        }
        answer = send_and_wait(h, bytes, size);
    }
    return answer;
}

/* Lengths that no first message has; nothing follows them. */
enum answer
hostile_length(struct hostile *h)
{
    static const uint8_t lengths[][2] = {
        {0, 0}, {0, 1}, {0, 95}, {0, 207}, {0, 209}, {0x80, 0}, {0xff, 0xff}};
    enum answer answer = ANSWER_SILENCE;

    for (size_t i = 0;
         i < sizeof(lengths) / sizeof(lengths[0]) && answer == ANSWER_SILENCE;
         i++) {
        answer = send_and_wait(h, lengths[i], sizeof(lengths[i]));
    }
    return answer;
}

/* Many connections that say one byte, and then nothing. */
enum answer
hostile_slow(struct hostile *h)
{
    int fds[SLOW_MAX];
    size_t count = h->count < SLOW_MAX ? (size_t)h->count : SLOW_MAX;
    enum answer answer = ANSWER_SILENCE;
    uint8_t byte = 0;

    for (size_t i = 0; i < count; i++) {
        fds[i] = dial(h);
        if (fds[i] < 0) {
            count = i;
            answer = ANSWER_FAILED;
        } else {
            net_send(fds[i], &byte, 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        long n = net_receive(fds[i], &byte, 1, SLOW_WAIT_MS);

        h->closed += n == 0;
        if (n != 0 && answer == ANSWER_SILENCE) {
            answer = n < 0 ? ANSWER_OPEN : ANSWER_TAKEN;
        }
        close(fds[i]);
    }
    return answer;
}
