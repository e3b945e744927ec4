/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/view.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "storage/history.h"
#include "storage/view_internal.h"

enum err
view_open(struct view **out, struct store *store, struct err_msg *msg)
{
    struct view *view = mem_zalloc(1, sizeof(*view));
    enum err rc = ERR_OK;

    if (view == NULL) {
        return ERR_NOMEM;
    }
    view->store = store;
    content_init(&view->content, &store->secrets->table,
        &store->secrets->node.storage, 0);
    view->snapshot = snapshot_take(store);
    rc = txn_begin(&view->txn, store->env, false, msg);
    if (rc != ERR_OK) {
        view_close(view);
        return rc;
    }
    view->roster = roster_take(store);
    *out = view;
    return ERR_OK;
}

void
view_close(struct view *view)
{
    if (view == NULL) {
        return;
    }
    txn_abort(view->txn);
    content_release(&view->content);
    log_table_release(&view->logs);
    codec_free(view->codec);
    roster_drop(view->store, view->roster);
    snapshot_drop(view->store, view->snapshot);
    mem_free(view);
}

const struct membership *
view_membership(const struct view *view)
{
    return &view->roster->membership;
}

const struct office *
view_office(const struct view *view)
{
    return membership_office(
        view_membership(view), &view->store->options.office);
}

const struct log_table *
view_logs(const struct view *view)
{
    return &view->roster->logs;
}

const struct schema *
view_schema(const struct view *view)
{
    return view->store->options.schema;
}

const struct node_id *
view_self(const struct view *view)
{
    return store_self(view->store);
}

const struct corridor_id *
view_corridor(const struct view *view)
{
    return &view->store->corridor;
}

struct bytes
view_clock(const struct view *view)
{
    return buf_bytes(&view->snapshot->clock);
}

const struct log_id *
view_order(const struct view *view, size_t *out_count)
{
    *out_count = view->roster->logs.count;
    return view->roster->logs.ids;
}

static enum err
copy_logs(struct view *view)
{
    const struct log_table *logs = view_logs(view);
    enum err rc = ERR_OK;

    for (size_t i = view->logs.count; i < logs->count && rc == ERR_OK; i++) {
        uint32_t number = 0;
        rc = log_table_add(&view->logs, &logs->ids[i], &number);
    }
    view->has_logs = rc == ERR_OK;
    return rc;
}

enum err
view_reader(struct view *view, bool deep, struct reader *out)
{
    const struct roster *roster = view->roster;
    enum err rc = ERR_OK;

    if (!view->has_logs) {
        rc = copy_logs(view);
    }
    if (rc == ERR_OK && deep && view->codec == NULL) {
        rc = codec_new(&view->codec, view->store->options.dictionary_id,
            view->store->options.dictionary);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    *out = (struct reader){
        .txn = view->txn,
        .corridor = &view->store->corridor,
        .logs = &view->logs,
        .membership = &roster->membership,
        .generation_secrets = roster->generation_secrets,
        .generation_has = roster->generation_has,
        .schema = view->store->options.schema,
        .content = &view->content,
        .codec = view->codec,
        .tags = &view->store->secrets->tags,
    };
    return ERR_OK;
}

enum err
view_record(struct view *view, uint16_t kind, const struct record_id *id,
    struct record *out, struct err_msg *msg)
{
    struct reader reader;
    enum err rc = view_reader(view, false, &reader);

    return rc == ERR_OK ? reader_record(&reader, kind, id, out, msg) : rc;
}

enum err
view_version(
    struct view *view, const struct record *record, struct version *out)
{
    struct hash digest;
    enum err rc = record_digest(&digest, record, view_logs(view));

    if (rc == ERR_OK) {
        memcpy(out->bytes, digest.bytes, VERSION_BYTES);
    }
    return rc;
}

/* Is it a generation of the link that is open to us? */
static bool
is_link(const struct roster *roster, size_t generation)
{
    return roster->generation_has[generation] &&
           roster->membership.generations[generation].circle.kind ==
               CIRCLE_LINK;
}

size_t
view_link_place(const struct view *view, uint32_t generation)
{
    const struct roster *roster = view->roster;
    size_t place = 0;

    for (size_t i = roster->membership.generation_count; i-- > 0;) {
        if (i == generation && is_link(roster, i)) {
            return place;
        }
        place += is_link(roster, i) ? 1 : 0;
    }
    return SIZE_MAX;
}

size_t
view_link_secrets(const struct view *view, struct secret_key *out, size_t max)
{
    const struct roster *roster = view->roster;
    size_t count = 0;

    for (size_t i = roster->membership.generation_count; i-- > 0;) {
        if (count < max && is_link(roster, i)) {
            keyring_link_secret(&out[count++], &roster->generation_secrets[i]);
        }
    }
    return count;
}

enum err
view_log(const struct view *view, uint32_t log, struct view_log *out)
{
    const struct snapshot *snapshot = view->snapshot;

    if (log >= view_logs(view)->count) {
        return ERR_NOT_FOUND;
    }
    out->id = view_logs(view)->ids[log];
    out->stored = vclock_get(&snapshot->stored, log);
    out->told = vclock_get(&snapshot->told, log);
    out->applied = vclock_get(&snapshot->applied, log);
    out->time = vclock_get(&snapshot->times, log);
    out->is_forked = (snapshot_flags(snapshot, log) & SNAPSHOT_FORKED) != 0;
    out->is_frozen = (snapshot_flags(snapshot, log) & SNAPSHOT_FROZEN) != 0;
    return ERR_OK;
}

enum err
view_stat(struct view *view, struct view_stat *out, struct err_msg *msg)
{
    const struct snapshot *snapshot = view->snapshot;
    struct view_stat stat = {0};

    (void)msg;
    stat.logs = txn_count(view->txn, TABLE_LOGS);
    stat.entries = txn_count(view->txn, TABLE_ENTRIES);
    stat.records = txn_count(view->txn, TABLE_RECORDS);
    stat.pending_keys = txn_count(view->txn, TABLE_PENDING);
    stat.refused =
        txn_count(view->txn, TABLE_REFUSED) + view->roster->refused_count;
    stat.unindexed = txn_count(view->txn, TABLE_TOUCHED);
    stat.absent = snapshot->absent;
    for (uint32_t i = 0; i < snapshot->stored.count; i++) {
        stat.unapplied += vclock_get(&snapshot->stored, i) -
                          vclock_get(&snapshot->applied, i);
    }
    *out = stat;
    return ERR_OK;
}

struct history_context {
    struct view *view;
    bool (*each)(void *context, const struct history_item *item);
    void *context;
};

/* Was the change refused by its record's rules? */
static enum err
find_refusal(struct view *view, uint64_t arrival, enum void_reason *out)
{
    struct key key = key_u64(arrival);
    struct bytes row = {0};
    enum err rc =
        txn_get(view->txn, TABLE_REFUSED, key_bytes(&key), &row, NULL);

    if (rc == ERR_OK && row.size == 1 &&
        (row.data[0] == VOID_CLASS || row.data[0] == VOID_RECORD)) {
        *out = (enum void_reason)row.data[0];
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err
pass_on(void *context, const struct history_item *item)
{
    struct history_context *c = context;
    struct history_item judged = *item;
    enum err rc = find_refusal(c->view, item->arrival, &judged.void_reason);

    if (rc != ERR_OK) {
        return rc;
    }
    return c->each(c->context, &judged) ? ERR_OK : ERR_CLOSED;
}

enum err
view_history(struct view *view, uint16_t kind, const struct record_id *id,
    bool (*each)(void *context, const struct history_item *item), void *context,
    struct err_msg *msg)
{
    struct history_context passing = {view, each, context};
    struct history_walk walk = {
        .kind = kind, .id = id, .each = pass_on, .context = &passing};
    struct history history = {0};
    struct reader reader;
    struct record record;
    struct history_keys keys = {0};
    struct dot *dots = NULL;
    enum err rc = view_reader(view, true, &reader);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = reader_record(&reader, kind, id, &record, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    dots = mem_zalloc(record.key_count + 1, sizeof(*dots));
    rc = dots == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; i < record.key_count && rc == ERR_OK; i++) {
        dots[i] = record.keys[i].key;
    }
    if (rc == ERR_OK) {
        keys = (struct history_keys){dots, record.key_count};
        rc = history_collect(&reader, &keys, &history, msg);
    }
    if (rc == ERR_OK) {
        rc = history_walk(&reader, &history, &walk, msg);
    }
    history_release(&history);
    mem_free(dots);
    record_release(&record);
    return rc == ERR_CLOSED ? ERR_OK : rc;
}
