/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/truth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/sim/sim.h"

enum { LOOK_BYTES_MAX = 256 * 1024 };

static void
entry_release(struct truth_entry *entry)
{
    vclock_release(&entry->clock);
    buf_release(&entry->author);
}

static void
log_release(struct truth_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        entry_release(&log->entries[i]);
    }
    author_release(&log->author);
    free(log->entries);
}

void
truth_release(struct truth *truth)
{
    for (size_t i = 0; i < truth->count; i++) {
        log_release(&truth->logs[i]);
    }
    free(truth->logs);
    free(truth->grants);
    free(truth->seals);
    free(truth->cuts);
    free(truth->doubtful);
    free(truth->is_doubtful);
    log_table_release(&truth->table);
    *truth = (struct truth){0};
}

static int
owner_of(const struct sim *sim, const struct node_id *node)
{
    for (size_t i = 0; i < sim->host_count; i++) {
        if (node_id_equal(host_id(sim->hosts[i]), node)) {
            return (int)i;
        }
    }
    return -1;
}

/* Authors may bring further logs into the table: they get their place too. */
static void
cover(struct sim *sim)
{
    struct truth *truth = &sim->truth;

    while (truth->count < truth->table.count) {
        struct truth_log *log = NULL;
        struct log_id id = truth->table.ids[truth->count];
        enum err rc = ERR_OK;

        truth->logs = room_grow(truth->logs, &truth->capacity, truth->count + 1,
            sizeof(*truth->logs));
        log = &truth->logs[truth->count];
        truth->count++;
        log->id = id;
        log->owner = owner_of(sim, &id.node);
        log->is_dishonest =
            log->owner >= 0 && sim->hosts[log->owner]->is_dishonest;
        rc = author_init(&log->author, &truth->table, &id);
        assert(rc == ERR_OK);
    }
}

uint32_t
truth_log(struct sim *sim, const struct log_id *id)
{
    uint32_t number = 0;
    enum err rc = log_table_add(&sim->truth.table, id, &number);

    assert(rc == ERR_OK);
    cover(sim);
    return number;
}

const struct truth_entry *
truth_entry(const struct truth *truth, struct dot dot)
{
    if (dot.log >= truth->count || dot.position >= truth->logs[dot.log].count) {
        return NULL;
    }
    return &truth->logs[dot.log].entries[dot.position];
}

static void
add_grant(struct truth *truth, const struct truth_grant *grant)
{
    truth->grants = room_grow(truth->grants, &truth->grant_capacity,
        truth->grant_count + 1, sizeof(*truth->grants));
    truth->grants[truth->grant_count] = *grant;
    truth->grant_count++;
}

static void
add_seal(struct truth *truth, const struct truth_seal *seal)
{
    truth->seals = room_grow(truth->seals, &truth->seal_capacity,
        truth->seal_count + 1, sizeof(*truth->seals));
    truth->seals[truth->seal_count] = *seal;
    truth->seal_count++;
}

/* Who gets which key by this header. */
static void
take_grants(struct truth *truth, const struct truth_log *log,
    const struct header *header, struct dot entry)
{
    struct truth_grant grant = {.key = entry, .entry = entry};

    if (!header->has_grants ||
        (!header->creates_key && !author_resolve(&log->author, NULL,
                                     header->grants_key, &grant.key))) {
        return;
    }
    for (size_t i = 0; i < header->grant_count; i++) {
        struct grant item;

        header_grant(&item, header, i);
        if (author_resolve(
                &log->author, NULL, item.generation, &grant.generation)) {
            add_grant(truth, &grant);
        }
    }
}

/*
 * An office that may not write any more: its changes end where the author
 * says it saw them (docs/membership.md).
 */
static void
take_roles(struct sim *sim, uint32_t number, const struct statement *statement,
    struct dot entry)
{
    struct truth *truth = &sim->truth;

    if ((statement->roles & ROLE_WRITE) != 0) {
        return;
    }
    for (size_t i = 0; i < sim->host_count; i++) {
        const struct host *host = sim->hosts[i];
        struct log_id id = {*host_id(host), LOG_CHANGES};
        struct truth_cut cut = {.entry = entry};

        if (!office_id_equal(&host->node.home.office, &statement->office)) {
            continue;
        }
        cut.log = truth_log(sim, &id);
        cut.size = vclock_get(&truth->logs[number].author.seen, cut.log);
        truth->cuts = room_grow(truth->cuts, &truth->cut_capacity,
            truth->cut_count + 1, sizeof(*truth->cuts));
        truth->cuts[truth->cut_count] = cut;
        truth->cut_count++;
    }
}

/* To whom a control entry seals which generation. */
static void
take_statement(
    struct sim *sim, uint32_t number, struct bytes body, struct dot entry)
{
    struct truth *truth = &sim->truth;
    const struct truth_log *log = &truth->logs[number];
    struct statement statement = {0};
    struct truth_seal seal = {.generation = entry, .entry = entry};

    if (statement_decode(&statement, body) != ERR_OK) {
        return;
    }
    if (statement.type == STATEMENT_CIRCLE ||
        (statement.type == STATEMENT_SEALS &&
            author_resolve(
                &log->author, NULL, statement.generation, &seal.generation))) {
        for (size_t i = 0; i < statement.seal_count; i++) {
            seal.node = statement.seals[i].node;
            add_seal(truth, &seal);
        }
    }
    if (statement.type == STATEMENT_ROLES) {
        take_roles(sim, number, &statement, entry);
    }
    statement_release(&statement);
}

/* Read the header as its author's next. */
static void
read_header(struct sim *sim, uint32_t number, const struct entry *entry,
    struct truth_entry *out)
{
    struct truth_log *log = &sim->truth.logs[number];
    struct dot dot = {number, log->count};
    struct header header;
    struct header_clock clock = {0};
    enum err rc = header_decode(
        &header, entry->header, (enum log_kind)log->id.kind, dot.position);

    if (rc == ERR_OK) {
        rc = header_clock_resolve(
            &clock, &log->author, &sim->truth.table, &header);
    }
    if (rc != ERR_OK) {
        rc = author_advance(&log->author, NULL, NULL, 0);
        assert(rc == ERR_OK);
        return;
    }
    rc = author_advance(&log->author, &clock, &header, 0);
    assert(rc == ERR_OK);
    cover(sim);
    log = &sim->truth.logs[number];
    rc = vclock_copy(&out->clock, &log->author.clock);
    assert(rc == ERR_OK);
    out->clock.sizes[number] = dot.position;
    out->is_readable = true;
    out->time = log->author.time;
    out->has_key = header.has_key &&
                   author_resolve(&log->author, NULL, header.key, &out->key);
    take_grants(&sim->truth, log, &header, dot);
    if (entry->kind == ENTRY_CONTROL && entry->has_body) {
        take_statement(sim, number, entry->body, dot);
    }
    header_clock_release(&clock);
}

static void
add_entry(struct sim *sim, uint32_t number, const struct entry *entry,
    const struct hash *leaf)
{
    struct truth_entry new = {.leaf = *leaf, .kind = entry->kind};
    struct hash completed[MERKLE_LEVELS_MAX];
    struct truth_log *log = &sim->truth.logs[number];
    enum err rc = author_encode(&new.author, &log->author);

    assert(rc == ERR_OK);
    new.edge = log->edge;
    merkle_append(&log->edge, leaf, completed);
    merkle_root(&new.root, &log->edge);
    read_header(sim, number, entry, &new);
    log = &sim->truth.logs[number];
    log->entries = room_grow(
        log->entries, &log->capacity, log->count + 1, sizeof(*log->entries));
    log->entries[log->count] = new;
    log->count++;
}

/* To whom a dishonest node seals something, whatever it is. */
static void
take_doubtful(struct truth *truth, const struct entry *entry)
{
    struct statement statement = {0};

    if (entry->kind != ENTRY_CONTROL || !entry->has_body ||
        statement_decode(&statement, entry->body) != ERR_OK) {
        return;
    }
    for (size_t i = 0; i < statement.seal_count; i++) {
        truth->doubtful = room_grow(truth->doubtful, &truth->doubtful_capacity,
            truth->doubtful_count + 1, sizeof(*truth->doubtful));
        truth->doubtful[truth->doubtful_count] = statement.seals[i].node;
        truth->doubtful_count++;
    }
    statement_release(&statement);
}

static void
look_at_entry(struct host *host, uint32_t number, uint64_t position,
    const struct entry *entry)
{
    struct sim *sim = host->sim;
    const struct truth_log *log = &sim->truth.logs[number];
    struct hash leaf;

    entry_leaf_hash(&leaf, entry);
    if (log->is_dishonest) {
        take_doubtful(&sim->truth, entry);
        held_put(host, number, position, &leaf);
        return;
    }
    if (position < log->count) {
        if (!hash_equal(&leaf, &log->entries[position].leaf) &&
            !log->is_forked) {
            sim_fail(sim, VIOLATION_POSITION,
                "%s holds another entry at %zu of log %u of %d", host->name,
                (size_t)position, number, log->owner);
        }
        return;
    }
    if (log->owner >= 0 && log->owner != (int)host->index &&
        !sim->hosts[log->owner]->is_hostile && !log->is_forked) {
        sim_fail(sim, VIOLATION_POSITION,
            "%s holds an entry at %zu of log %u that %s never wrote",
            host->name, (size_t)position, number, sim->hosts[log->owner]->name);
    }
    assert(position == log->count);
    add_entry(sim, number, entry, &leaf);
}

/* The head that comes with a batch says the same as the truth. */
static void
look_at_head(struct host *host, uint32_t number, const struct head *head)
{
    struct sim *sim = host->sim;
    const struct truth_log *log = &sim->truth.logs[number];

    if (log->is_forked || log->is_dishonest) {
        return;
    }
    if (log_head_verify(head, &sim->corridor, &log->id) != ERR_OK) {
        sim_fail(sim, VIOLATION_HEAD, "%s gives out a head of log %u that %s",
            host->name, number, "does not verify");
    }
    if (head->size > log->count) {
        return; /* of what has not been seen yet: a hostile author's */
    }
    if (head->size > 0 &&
        !hash_equal(&head->root, &log->entries[head->size - 1].root)) {
        sim_fail(sim, VIOLATION_HEAD,
            "%s holds a head of log %u at %zu with another root", host->name,
            number, (size_t)head->size);
    }
}

/* The log from `from` on, as the host gives it to its peers. */
static void
look_at_log(
    struct host *host, struct view *view, uint32_t number, uint64_t from)
{
    struct view_range range = {
        .log = &host->sim->truth.logs[number].id,
        .from = from,
        .bytes_max = LOOK_BYTES_MAX,
        .without_bodies = host->roles == ROLE_AUDIT, /* it holds none */
    };
    struct log_id id = *range.log;
    struct buf encoded = {0};
    struct batch batch = {0};
    uint64_t to = from;

    range.log = &id;
    do {
        struct err_msg msg = {{0}};
        enum err rc = view_batch(view, &range, &encoded, &to, &msg);

        if (rc == ERR_OK && to > range.from) {
            rc = batch_decode(&batch, buf_bytes(&encoded));
        }
        if (rc != ERR_OK) {
            sim_fail(host->sim, VIOLATION_VERIFY,
                "%s cannot read log %u: %s %s", host->name, number,
                err_text(rc), msg.text);
        }
        if (to > range.from) {
            for (size_t i = 0; i < batch.count; i++) {
                look_at_entry(host, number, batch.from + i, &batch.entries[i]);
            }
            look_at_head(host, number, &batch.head);
            batch_release(&batch);
            batch = (struct batch){0};
        }
        buf_clear(&encoded);
        if (to == range.from) {
            break;
        }
        range.from = to;
    } while (true);
    buf_release(&encoded);
}

static void
set_size(struct vclock *clock, uint32_t log, uint64_t size)
{
    enum err rc = vclock_raise(clock, log, size);

    assert(rc == ERR_OK);
}

void
truth_look(struct host *host)
{
    struct sim *sim = host->sim;
    struct view *view = NULL;
    size_t count = 0;

    mem_fault_after(-1);
    if (view_open(&view, host->node.store, NULL) != ERR_OK) {
        sim_fail(sim, VIOLATION_ERROR, "%s: no view", host->name);
    }
    count = view_logs(view)->count;
    for (uint32_t i = 0; i < count; i++) {
        struct view_log log;
        uint32_t number = truth_log(sim, &view_logs(view)->ids[i]);

        if (view_log(view, i, &log) != ERR_OK) {
            sim_fail(sim, VIOLATION_VERIFY, "%s has no log %u", host->name, i);
        }
        if (log.stored > vclock_get(&host->stored, number)) {
            look_at_log(host, view, number, vclock_get(&host->stored, number));
        }
        set_size(&host->stored, number, log.stored);
        set_size(&host->applied, number, log.applied);
        if (sim->truth.logs[number].is_dishonest) {
            held_end(host, number, log.stored);
        }
    }
    held_look(host, view);
    view_close(view);
}

/* What forgotten entries said of keys is forgotten too. */
static void
forget_grants(struct truth *truth, uint32_t number, uint64_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < truth->grant_count; i++) {
        const struct dot *entry = &truth->grants[i].entry;

        if (entry->log != number || entry->position < size) {
            truth->grants[kept] = truth->grants[i];
            kept++;
        }
    }
    truth->grant_count = kept;
    kept = 0;
    for (size_t i = 0; i < truth->seal_count; i++) {
        const struct dot *entry = &truth->seals[i].entry;

        if (entry->log != number || entry->position < size) {
            truth->seals[kept] = truth->seals[i];
            kept++;
        }
    }
    truth->seal_count = kept;
    kept = 0;
    for (size_t i = 0; i < truth->cut_count; i++) {
        const struct dot *entry = &truth->cuts[i].entry;

        if (entry->log != number || entry->position < size) {
            truth->cuts[kept] = truth->cuts[i];
            kept++;
        }
    }
    truth->cut_count = kept;
}

void
truth_forget(struct truth *truth, uint32_t number, uint64_t size)
{
    struct truth_log *log = &truth->logs[number];
    struct author author;
    enum err rc = ERR_OK;

    if (size >= log->count) {
        return;
    }
    rc = author_decode(
        &author, &truth->table, buf_bytes(&log->entries[size].author));
    assert(rc == ERR_OK);
    author_release(&log->author);
    log->author = author;
    log->edge = log->entries[size].edge;
    for (size_t i = (size_t)size; i < log->count; i++) {
        entry_release(&log->entries[i]);
        log->entries[i] = (struct truth_entry){0};
    }
    log->count = (size_t)size;
    forget_grants(truth, number, size);
}

static bool
seals(const struct truth *truth, const struct truth_grant *grant,
    const struct node_id *node, const struct vclock *clock)
{
    for (size_t i = 0; i < truth->seal_count; i++) {
        const struct truth_seal *seal = &truth->seals[i];

        if (seal->generation.log == grant->generation.log &&
            seal->generation.position == grant->generation.position &&
            node_id_equal(&seal->node, node) &&
            vclock_counts(clock, seal->entry)) {
            return true;
        }
    }
    return false;
}

/* Is it beyond a cut that is known by then? */
static bool
is_cut(const struct truth *truth, struct dot dot, const struct vclock *judge)
{
    for (size_t i = 0; i < truth->cut_count; i++) {
        const struct truth_cut *cut = &truth->cuts[i];

        if (cut->log == dot.log && dot.position >= cut->size &&
            vclock_counts(judge, cut->entry)) {
            return true;
        }
    }
    return false;
}

bool
truth_is_void(
    const struct truth *truth, struct dot dot, const struct vclock *judge)
{
    const struct truth_entry *entry = truth_entry(truth, dot);

    return is_cut(truth, dot, judge) ||
           (entry->has_key && is_cut(truth, entry->key, judge));
}

/* Somebody dishonest sealed something to the reader: perhaps what opens a key
 * that was granted at all. */
static void
doubt(const struct truth *truth, const struct truth_reader *reader)
{
    for (size_t i = 0; i < truth->doubtful_count; i++) {
        if (node_id_equal(&truth->doubtful[i], reader->node)) {
            *truth->is_doubtful = true;
        }
    }
}

bool
truth_opens(const struct truth *truth, struct dot key,
    const struct truth_reader *reader)
{
    const struct node_id *node = reader->node;
    const struct vclock *clock = reader->clock;

    if (is_cut(truth, key, reader->judge)) {
        return false;
    }
    if (node_id_equal(&truth->logs[key.log].id.node, node) &&
        vclock_counts(clock, key)) {
        return true;
    }
    for (size_t i = 0; i < truth->grant_count; i++) {
        const struct truth_grant *grant = &truth->grants[i];

        if (grant->key.log == key.log && grant->key.position == key.position &&
            vclock_counts(clock, grant->entry) &&
            !is_cut(truth, grant->entry, reader->judge) &&
            seals(truth, grant, node, clock)) {
            return true;
        }
    }
    doubt(truth, reader);
    return false;
}

static bool
has_dishonest(const struct truth *truth)
{
    for (size_t i = 0; i < truth->count; i++) {
        if (truth->logs[i].is_dishonest) {
            return true;
        }
    }
    return false;
}

bool
truth_is_doubtful(const struct truth *truth, struct dot dot)
{
    const struct truth_entry *entry = truth_entry(truth, dot);

    if (entry == NULL || truth->logs[dot.log].is_dishonest ||
        (entry->has_key && truth->logs[entry->key.log].is_dishonest)) {
        return true;
    }
    if (has_dishonest(truth) && entry->has_key &&
        !truth_opens(truth, entry->key,
            &(struct truth_reader){
                &truth->logs[dot.log].id.node, &entry->clock, &entry->clock})) {
        return true;
    }
    for (size_t i = 0; i < truth->grant_count; i++) {
        const struct truth_grant *grant = &truth->grants[i];

        if (grant->entry.log == dot.log &&
            grant->entry.position == dot.position &&
            truth->logs[grant->generation.log].is_dishonest) {
            return true;
        }
    }
    return false;
}
