/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECEIVED_MAX = 256 * 1024, /* in one piece */
    NOTICE_MS_MAX = 3000       /* until an end hears of a break */
};

void
net_init(struct net *net, struct agenda *agenda, struct prng *prng,
    const struct net_line *line)
{
    *net = (struct net){.agenda = agenda, .prng = prng};
    for (int a = 0; a < NET_MACHINES_MAX; a++) {
        for (int b = 0; b < NET_MACHINES_MAX; b++) {
            net->lines[a][b] = *line;
        }
    }
}

void
net_release(struct net *net)
{
    for (size_t i = 0; i < net->count; i++) {
        for (int side = 0; side < 2; side++) {
            pool_release(&net->conns[i]->ends[side].transit);
            pool_release(&net->conns[i]->ends[side].arrived);
        }
        free(net->conns[i]);
    }
    for (size_t i = 0; i < net->recorded_count; i++) {
        pool_release(&net->recorded[i].bytes);
    }
    free(net->conns);
    *net = (struct net){0};
}

void
net_set_line(struct net *net, int a, int b, const struct net_line *line)
{
    net->lines[a][b] = *line;
    net->lines[b][a] = *line;
}

static const struct net_line *
line_of(const struct net *net, int a, int b)
{
    return &net->lines[a == NET_NOBODY ? b : a][b == NET_NOBODY ? a : b];
}

bool
net_is_up(const struct net *net, int a, int b)
{
    return !line_of(net, a, b)->is_down;
}

bool
net_is_open(const struct net_conn *conn)
{
    return !conn->ends[0].is_closed || !conn->ends[1].is_closed;
}

static struct net_conn *
new_conn(struct net *net, int from, int to)
{
    struct net_conn *conn = room_new(sizeof(*conn));

    for (int side = 0; side < 2; side++) {
        conn->ends[side].net = net;
        conn->ends[side].conn = conn;
        conn->ends[side].other = &conn->ends[1 - side];
    }
    conn->ends[0].machine = from;
    conn->ends[1].machine = to;
    conn->number = net->count;
    net->conns = room_grow(
        net->conns, &net->capacity, net->count + 1, sizeof(*net->conns));
    net->conns[net->count] = conn;
    net->count++;
    return conn;
}

static void
add(struct net *net, uint64_t due_ms,
    void (*fire)(void *context, void *argument, uint64_t epoch), void *context,
    uint64_t epoch)
{
    struct agenda_item item = {
        .due_ms = due_ms, .fire = fire, .context = context, .epoch = epoch};

    agenda_add(net->agenda, &item);
}

/* Tell the owner, once. */
static void
end_it(struct net_end *end)
{
    if (!end->is_closed) {
        end->is_closed = true;
        if (end->machine != NET_NOBODY && end->user != NULL) {
            end->net->ended(end->net->context, end);
        }
    }
}

/* Give the owner what is here, in pieces. */
static void
pump(struct net_end *end)
{
    struct net *net = end->net;

    if (end->is_reading) {
        return;
    }
    end->is_reading = true;
    while (!end->is_closed && !end->is_paused && end->arrived.size > 0) {
        struct pool piece = {0};
        size_t size = end->arrived.size;

        if (!net->is_smooth && prng_below(net->prng, 3) == 0) {
            size = 1 + (size_t)prng_below(net->prng, size);
        }
        size = size < RECEIVED_MAX ? size : RECEIVED_MAX;
        pool_put(&piece, bytes_of(end->arrived.data, size));
        pool_take(&end->arrived, size);
        end->received += size;
        if (end->machine != NET_NOBODY && end->user != NULL) {
            net->received(net->context, end, pool_bytes(&piece));
        }
        pool_release(&piece);
    }
    end->is_reading = false;
    if (end->has_ended && end->arrived.size == 0) {
        end_it(end);
    }
}

/* `size` more bytes have come over the line. */
static void
on_arrived(void *context, void *argument, uint64_t size)
{
    struct net_end *end = context;

    (void)argument;
    if (end->conn->is_lost || end->is_closed) {
        return;
    }
    assert(size <= end->transit.size);
    pool_put(&end->arrived, bytes_of(end->transit.data, (size_t)size));
    pool_take(&end->transit, (size_t)size);
    pump(end);
}

static void
on_ended(void *context, void *argument, uint64_t is_at_once)
{
    struct net_end *end = context;

    (void)argument;
    end->has_ended = true;
    if (is_at_once != 0) {
        end_it(end);
    } else if (!end->conn->is_lost) {
        pump(end);
    }
}

static void
record(struct net *net, const struct net_end *from, struct bytes bytes)
{
    size_t at = net->recorded_count;

    if (from != &from->conn->ends[0] || from->conn->is_recorded) {
        return;
    }
    from->conn->is_recorded = true;
    if (at == NET_RECORDED_MAX) {
        at = (size_t)prng_below(net->prng, NET_RECORDED_MAX);
    } else {
        net->recorded_count++;
    }
    net->recorded[at].to = from->other->machine;
    net->recorded[at].bytes.size = 0;
    pool_put(&net->recorded[at].bytes, bytes);
}

void
net_send(struct net_end *end, struct bytes bytes)
{
    struct net *net = end->net;
    struct net_end *to = end->other;
    const struct net_line *line = line_of(net, end->machine, to->machine);
    uint64_t start = net->agenda->now_ms;

    if (end->is_closed || bytes.size == 0) {
        return;
    }
    record(net, end, bytes);
    if (end->conn->is_lost || to->is_closed || to->has_ended) {
        return;
    }
    if (to->busy_ms > start) {
        start = to->busy_ms;
    }
    to->busy_ms = start + bytes.size / line->bytes_per_ms;
    pool_put(&to->transit, bytes);
    add(net, to->busy_ms + line->delay_ms, on_arrived, to, bytes.size);
}

void
net_pause(struct net_end *end, bool is_paused)
{
    end->is_paused = is_paused;
    if (!is_paused) {
        pump(end);
    }
}

void
net_close(struct net_end *end)
{
    struct net *net = end->net;
    const struct net_line *line =
        line_of(net, end->machine, end->other->machine);
    uint64_t due = net->agenda->now_ms;

    if (end->is_closed) {
        return;
    }
    end->is_closed = true;
    end->user = NULL;
    if (end->other->busy_ms > due) {
        due = end->other->busy_ms;
    }
    add(net, due + line->delay_ms, on_ended, end->other, 0);
}

void
net_break(struct net_conn *conn)
{
    struct net *net = conn->ends[0].net;

    if (conn->is_lost) {
        return;
    }
    conn->is_lost = true;
    for (int side = 0; side < 2; side++) {
        add(net, net->agenda->now_ms + prng_below(net->prng, NOTICE_MS_MAX),
            on_ended, &conn->ends[side], 1);
    }
}

void
net_lose(struct net_conn *conn)
{
    conn->is_lost = true;
}

void
net_unplug(struct net *net, int machine)
{
    for (size_t i = 0; i < net->count; i++) {
        struct net_conn *conn = net->conns[i];

        for (int side = 0; side < 2; side++) {
            if (conn->ends[side].machine == machine &&
                !conn->ends[side].is_closed) {
                conn->ends[side].is_closed = true;
                conn->ends[side].user = NULL;
                net_break(conn);
            }
        }
    }
}

void
net_sever(struct net *net, int a, int b, bool is_silent)
{
    for (size_t i = 0; i < net->count; i++) {
        struct net_conn *conn = net->conns[i];
        int x = conn->ends[0].machine;
        int y = conn->ends[1].machine;

        if (net_is_open(conn) && ((x == a && y == b) || (x == b && y == a))) {
            if (is_silent) {
                net_lose(conn);
            } else {
                net_break(conn);
            }
        }
    }
}

static void
on_connected(void *context, void *argument, uint64_t epoch)
{
    struct net_conn *conn = context;
    struct net *net = conn->ends[0].net;

    (void)argument;
    (void)epoch;
    if (!net_is_up(net, conn->ends[0].machine, conn->ends[1].machine) ||
        !net->connected(net->context, conn)) {
        net_break(conn);
    }
}

void
net_dial(struct net *net, int from, int to)
{
    struct net_conn *conn = new_conn(net, from, to);

    add(net, net->agenda->now_ms + 2 * line_of(net, from, to)->delay_ms,
        on_connected, conn, 0);
}

void
net_intrude(struct net *net, int to, struct bytes bytes)
{
    struct net_conn *conn = new_conn(net, NET_NOBODY, to);

    conn->is_recorded = true; /* it is no dialler's own */
    if (!net->connected(net->context, conn)) {
        net_break(conn);
        return;
    }
    net_send(&conn->ends[0], bytes);
}
