/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link between two nodes that can be looked at and broken: it takes TCP
 * connections and passes them on, byte for byte.
 *
 *   proxy --to HOST:PORT --port-file FILE [--record FILE] [--gate FILE]
 *         [--cut-bytes N] [--cut-ms N] [--cuts N] [--stall-bytes N]
 *         [--rate N] [--linger MS]
 *
 * It listens on a port of the system's choice on 127.0.0.1 and writes the
 * number to the port file. --record writes down the bytes of both directions
 * as they come, one behind the other. While the gate's file is there, the
 * link is down: connections are cut and new ones are closed; once that is
 * so, there is a file of the gate's name and ".cut". --cut-bytes cuts
 * each connection after so many bytes, both ways together, --cut-ms after so
 * many milliseconds, both at most --cuts times in all. After --stall-bytes a
 * connection stands still: nothing is passed on, and nothing is closed.
 * --rate lets so many bytes a second pass in each direction, counted from
 * when the connection began. One that the clock will cut never passes more
 * than belongs to its time, however late this machine comes to cutting it.
 * One that is cut by bytes stands still for --linger milliseconds first, in
 * which the receiver can deal with what it got.
 *
 * It ends with SIGTERM, and then says how many connections and bytes there
 * were, as JSON, on standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenarios/tools/net.h"

enum {
    PAIRS_MAX = 64,
    BUFFER_BYTES = 64 * 1024,
    PATH_BYTES = 4096,
    TURN_MS = 20 /* how often the gate and the clock are looked at */
};

/* Bytes on their way from one socket to the other. */
struct flow {
    size_t begin;
    size_t end;
    uint64_t passed;
    bool has_ended; /* the sender has */
    bool is_told;   /* and the receiver knows */
    uint8_t bytes[BUFFER_BYTES];
};

struct pair {
    int fds[2];           /* who called, and whom we called; -1: free */
    struct flow flows[2]; /* flows[i] comes from fds[i] */
    uint64_t opened_ms;
    uint64_t full_ms; /* since when it has passed all that it may; 0: not yet */
};

struct proxy {
    int listener;
    const char *to;
    const char *gate;
    FILE *record;
    uint64_t cut_bytes; /* 0: never */
    uint64_t cut_ms;
    uint64_t cuts_left;
    uint64_t stall_bytes;
    uint64_t rate; /* 0: without limit */
    uint64_t linger_ms;
    uint64_t connections;
    uint64_t cuts;
    uint64_t bytes[2];
    struct pair *pairs;
    bool was_down;
};

static volatile sig_atomic_t has_term;

static void
on_term(int number)
{
    (void)number;
    has_term = 1;
}

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
is_down(const struct proxy *proxy)
{
    return proxy->gate != NULL && access(proxy->gate, F_OK) == 0;
}

static void
pair_close(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        if (pair->fds[i] >= 0) {
            close(pair->fds[i]);
        }
        pair->fds[i] = -1;
    }
}

static bool
pair_is_free(const struct pair *pair)
{
    return pair->fds[0] < 0;
}

static void
take_caller(struct proxy *proxy)
{
    int fd = accept(proxy->listener, NULL, NULL);
    struct pair *pair = NULL;

    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < PAIRS_MAX && pair == NULL; i++) {
        if (pair_is_free(&proxy->pairs[i])) {
            pair = &proxy->pairs[i];
        }
    }
    if (pair == NULL || is_down(proxy)) {
        close(fd);
        return;
    }
    pair->fds[1] = net_dial(proxy->to, NULL);
    if (pair->fds[1] < 0) {
        close(fd);
        return;
    }
    pair->fds[0] = fd;
    pair->opened_ms = now_ms();
    pair->full_ms = 0;
    for (size_t i = 0; i < 2; i++) {
        pair->flows[i].begin = pair->flows[i].end = 0;
        pair->flows[i].passed = 0;
        pair->flows[i].has_ended = pair->flows[i].is_told = false;
        net_unblock(pair->fds[i]);
    }
    proxy->connections++;
}

/* Both ways together. */
static uint64_t
passed(const struct pair *pair)
{
    return pair->flows[0].passed + pair->flows[1].passed;
}

static bool
is_stalled(const struct proxy *proxy, const struct pair *pair)
{
    return proxy->stall_bytes > 0 && passed(pair) >= proxy->stall_bytes;
}

/* Of so many bytes that may pass, those that have not yet. */
static size_t
rest_of(size_t room, uint64_t limit, uint64_t done)
{
    uint64_t rest = limit > done ? limit - done : 0;

    return rest < room ? (size_t)rest : room;
}

/* How many bytes may come from there now? */
static size_t
room_of(const struct proxy *proxy, const struct pair *pair, size_t i)
{
    const struct flow *flow = &pair->flows[i];
    size_t room = BUFFER_BYTES - flow->end;
    uint64_t age_ms = now_ms() - pair->opened_ms;

    if (proxy->cut_bytes > 0 && proxy->cuts_left > 0) {
        room = rest_of(room, proxy->cut_bytes, passed(pair));
    }
    if (proxy->stall_bytes > 0) {
        room = rest_of(room, proxy->stall_bytes, passed(pair));
    }
    if (proxy->rate > 0) {
        if (proxy->cut_ms > 0 && proxy->cuts_left > 0 &&
            age_ms > proxy->cut_ms) {
            age_ms = proxy->cut_ms;
        }
        room = rest_of(room, proxy->rate * age_ms / 1000, flow->passed);
    }
    return room;
}

/* Read what there is room for. False: the connection is broken. */
static bool
flow_read(struct proxy *proxy, struct pair *pair, size_t i)
{
    struct flow *flow = &pair->flows[i];
    size_t room = room_of(proxy, pair, i);
    ssize_t n = 0;

    if (room == 0) {
        return true;
    }
    n = read(pair->fds[i], flow->bytes + flow->end, room);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) {
        flow->has_ended = true;
        return true;
    }
    if (proxy->record != NULL) {
        fwrite(flow->bytes + flow->end, 1, (size_t)n, proxy->record);
    }
    flow->end += (size_t)n;
    flow->passed += (uint64_t)n;
    proxy->bytes[i] += (uint64_t)n;
    return true;
}

static bool
flow_write(struct pair *pair, size_t i)
{
    struct flow *flow = &pair->flows[i];
    ssize_t n = 0;

    if (flow->begin < flow->end) {
        n = send(pair->fds[1 - i], flow->bytes + flow->begin,
            flow->end - flow->begin, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        flow->begin += (size_t)n;
    }
    if (flow->begin == flow->end) {
        flow->begin = flow->end = 0;
    }
    if (flow->begin == flow->end && flow->has_ended && !flow->is_told) {
        shutdown(pair->fds[1 - i], SHUT_WR);
        flow->is_told = true;
    }
    return true;
}

/* Is it time to cut this one? */
static bool
is_cut(struct proxy *proxy, struct pair *pair)
{
    uint64_t now = now_ms();
    bool is_due = proxy->cut_ms > 0 && now - pair->opened_ms >= proxy->cut_ms;

    if (proxy->cut_bytes > 0 && passed(pair) >= proxy->cut_bytes) {
        pair->full_ms = pair->full_ms == 0 ? now : pair->full_ms;
        is_due = is_due || now - pair->full_ms >= proxy->linger_ms;
    }
    if (!is_due || proxy->cuts_left == 0) {
        return false;
    }
    proxy->cuts_left--;
    proxy->cuts++;
    return true;
}

static void
pair_turn(struct proxy *proxy, struct pair *pair, const struct pollfd polls[2])
{
    bool is_fine = true;

    for (size_t i = 0; i < 2 && is_fine; i++) {
        if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
            (polls[i].events & POLLIN) != 0) {
            is_fine = flow_read(proxy, pair, i);
        }
    }
    for (size_t i = 0; i < 2 && is_fine; i++) {
        is_fine = is_stalled(proxy, pair) || flow_write(pair, i);
    }
    if (!is_fine || is_cut(proxy, pair) ||
        (pair->flows[0].is_told && pair->flows[1].is_told)) {
        pair_close(pair);
    }
}

/* All connections are cut by now: say so, or take it back. */
static void
tell_gate(struct proxy *proxy)
{
    char path[PATH_BYTES];
    bool is_cut_off = is_down(proxy);
    FILE *file = NULL;

    if (is_cut_off == proxy->was_down) {
        return;
    }
    proxy->was_down = is_cut_off;
    if (proxy->gate == NULL) {
        return;
    }
    snprintf(path, sizeof(path), "%s.cut", proxy->gate);
    if (!is_cut_off) {
        remove(path);
        return;
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pair_close(&proxy->pairs[i]);
    }
    file = fopen(path, "w");
    if (file != NULL) {
        fclose(file);
    }
}

static void
pair_polls(
    const struct proxy *proxy, const struct pair *pair, struct pollfd polls[2])
{
    for (size_t i = 0; i < 2; i++) {
        const struct flow *in = &pair->flows[i];
        const struct flow *out = &pair->flows[1 - i];

        polls[i] = (struct pollfd){.fd = pair->fds[i]};
        if (pair_is_free(pair) || is_stalled(proxy, pair)) {
            polls[i].fd = -1;
            continue;
        }
        if (!in->has_ended && room_of(proxy, pair, i) > 0) {
            polls[i].events |= POLLIN;
        }
        if (out->begin < out->end) {
            polls[i].events |= POLLOUT;
        }
        if (polls[i].events == 0) {
            polls[i].fd = -1; /* or a half that is closed wakes us for ever */
        }
    }
}

static void
run(struct proxy *proxy)
{
    struct pollfd polls[1 + 2 * PAIRS_MAX];

    while (!has_term) {
        polls[0] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
        for (size_t i = 0; i < PAIRS_MAX; i++) {
            pair_polls(proxy, &proxy->pairs[i], &polls[1 + 2 * i]);
        }
        if (poll(polls, 1 + 2 * PAIRS_MAX, TURN_MS) < 0 && errno != EINTR) {
            return;
        }
        for (size_t i = 0; i < PAIRS_MAX && !has_term; i++) {
            if (!pair_is_free(&proxy->pairs[i])) {
                pair_turn(proxy, &proxy->pairs[i], &polls[1 + 2 * i]);
            }
        }
        if ((polls[0].revents & POLLIN) != 0) {
            take_caller(proxy);
        }
        tell_gate(proxy);
    }
}

static int
usage(void)
{
    fprintf(stderr, "usage: proxy --to HOST:PORT --port-file FILE "
                    "[--record FILE] [--gate FILE] [--cut-bytes N] "
                    "[--cut-ms N] [--cuts N] [--stall-bytes N] "
                    "[--rate N] [--linger MS]\n");
    return 2;
}

/* One option with its value. False: there is none such. */
static bool
take_option(struct proxy *proxy, const char *name, const char *value,
    const char **port_file)
{
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = {{"--cut-bytes", &proxy->cut_bytes},
        {"--cut-ms", &proxy->cut_ms}, {"--cuts", &proxy->cuts_left},
        {"--stall-bytes", &proxy->stall_bytes}, {"--rate", &proxy->rate},
        {"--linger", &proxy->linger_ms}};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].number = strtoull(value, NULL, 10);
            return true;
        }
    }
    if (strcmp(name, "--to") == 0) {
        proxy->to = value;
    } else if (strcmp(name, "--gate") == 0) {
        proxy->gate = value;
    } else if (strcmp(name, "--port-file") == 0) {
        *port_file = value;
    } else if (strcmp(name, "--record") == 0) {
        proxy->record = fopen(value, "wb");
        return proxy->record != NULL;
    } else {
        return false;
    }
    return true;
}

static int
serve(struct proxy *proxy, const char *port_file)
{
    struct sigaction action = {.sa_handler = on_term};

    sigaction(SIGTERM, &action, NULL);
    proxy->listener = net_listen(port_file);
    proxy->pairs = calloc(PAIRS_MAX, sizeof(*proxy->pairs));
    if (proxy->listener < 0 || proxy->pairs == NULL) {
        fprintf(stderr, "proxy: cannot listen: %s\n", strerror(errno));
        free(proxy->pairs);
        return 1;
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        proxy->pairs[i].fds[0] = proxy->pairs[i].fds[1] = -1;
    }
    run(proxy);
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pair_close(&proxy->pairs[i]);
    }
    free(proxy->pairs);
    close(proxy->listener);
    printf("{\"connections\":%" PRIu64 ",\"cuts\":%" PRIu64 ",\"up\":%" PRIu64
           ",\"down\":%" PRIu64 "}\n",
        proxy->connections, proxy->cuts, proxy->bytes[0], proxy->bytes[1]);
    return 0;
}

int
main(int argc, char **argv)
{
    struct proxy proxy = {.listener = -1, .cuts_left = UINT64_MAX};
    const char *port_file = NULL;
    int status = 0;

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc ||
            !take_option(&proxy, argv[i], argv[i + 1], &port_file)) {
            return usage();
        }
    }
    if (proxy.to == NULL || port_file == NULL) {
        return usage();
    }
    status = serve(&proxy, port_file);
    if (proxy.record != NULL && fclose(proxy.record) != 0) {
        status = 1;
    }
    return status;
}
