/* SPDX-License-Identifier: Apache-2.0 */
/* Who was granted what, from clear data; of one record, who can read it. */
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/api/audit.h"
#include "node/api/find.h"
#include "node/api/offices.h"
#include "node/api/record_json.h"
#include "node/api/routes.h"
#include "storage/view_audit.h"
#include "sync/audit/words.h"
#include "sync/model/hlc.h"

enum { GRANTS_USUAL = 1000, GRANTS_MAX = 5000 };

/* A grant by its key and its place among that one's. */
struct page_start {
    struct dot key;
    size_t item;
};

struct access {
    struct api_call *call;
    const struct membership *membership;
    const struct log_table *logs;
    json_t *grants;
    struct page_start start;
    uint64_t limit;
    uint64_t count;
    struct page_start last; /* the last one shown */
    bool has_more;
    enum err rc;
    struct err_msg *msg;
};

json_t *
audit_entry_json(const struct log_table *logs, struct dot dot)
{
    const struct log_id *log = &logs->ids[dot.log];
    char node[2 * sizeof(log->node.bytes) + 1];

    hex_encode(node, bytes_of(log->node.bytes, sizeof(log->node.bytes)));
    return json_sprintf("%s/%s/%llu", node,
        log->kind == LOG_CONTROL ? "control" : "changes",
        (unsigned long long)dot.position);
}

/* To whom it is: "to" an office, or null where that is several. */
static void
put_circle(json_t **json, const struct access *a, struct dot generation)
{
    const struct membership *m = a->membership;
    const struct circle_name *circle = NULL;
    struct buf text = {0};
    uint32_t found = 0;
    uint32_t current = 0;

    if (!membership_generation(m, generation, &found)) {
        /* It was granted before the view's members were known. */
        put_text(json, "circle", "unknown");
        put(json, "to", json_null());
        put(json, "renewed", json_null());
        return;
    }
    circle = &m->generations[found].circle;
    words_put_circle(&text, m, circle);
    put(json, "circle",
        buf_err(&text) == ERR_OK
            ? json_stringn((const char *)text.data, text.size)
            : NULL);
    buf_release(&text);
    put(json, "to",
        circle->kind == CIRCLE_OFFICE ? office_id_json(m, &circle->office)
                                      : json_null());
    put(json, "renewed",
        json_boolean(
            membership_current(m, circle, &current) && current != found));
}

static json_t *
grant_json(struct access *a, const struct key_info *key, size_t n)
{
    const struct key_grant *grant = &key->grants[n];
    json_t *json = json_object();
    uint64_t time = 0;

    a->rc = view_entry_time(a->call->view, grant->entry, &time, a->msg);
    put(&json, "key", audit_entry_json(a->logs, key->key));
    put_text(&json, "class", schema_class_name((enum schema_class)key->class));
    put_circle(&json, a, grant->generation);
    put_text(&json, "purpose", words_purpose(grant->purpose));
    if (grant->has_expiry) {
        put_time(&json, "until", grant->expiry_ms);
    } else {
        put(&json, "until", json_null());
    }
    record_put_author(&json, a->membership, a->logs, grant->entry.log);
    put_time(&json, "time", hlc_ms(time));
    put(&json, "entry", audit_entry_json(a->logs, grant->entry));
    return json;
}

/* The grants of one key, from where the page begins. */
static bool
add_key(void *context, const struct key_info *key)
{
    struct access *a = context;
    bool is_first = key->key.log == a->start.key.log &&
                    key->key.position == a->start.key.position;

    for (size_t i = is_first ? a->start.item : 0; i < key->grant_count; i++) {
        if (a->count == a->limit) {
            a->has_more = true;
            return false;
        }
        put_item(&a->grants, grant_json(a, key, i));
        a->last = (struct page_start){key->key, i};
        a->count++;
        if (a->rc != ERR_OK || a->grants == NULL) {
            return false;
        }
    }
    return true;
}

/* "POSITION/ITEM" */
static bool
read_place(struct bytes text, uint64_t *out_position, uint64_t *out_item)
{
    const char *start = (const char *)text.data;
    const char *slash = text.size == 0 ? NULL : memchr(start, '/', text.size);
    size_t size = slash == NULL ? 0 : (size_t)(slash - start);

    return slash != NULL && num_parse_u64(start, size, out_position) &&
           num_parse_u64(slash + 1, text.size - size - 1, out_item);
}

/* "NODE/changes/POSITION/ITEM": what `next` gave. */
static enum err
read_after(const struct access *a, struct page_start *out, struct err_msg *msg)
{
    static const char middle[] = "/changes/";
    const char *text = call_param(a->call, "after");
    struct log_id id = {.kind = LOG_CHANGES};
    struct cursor cursor;
    struct bytes node = {0};
    struct bytes between = {0};
    uint64_t item = 0;

    if (text == NULL) {
        return ERR_OK;
    }
    cursor = cursor_init(bytes_text(text));
    node = cursor_take(&cursor, 2 * sizeof(id.node.bytes));
    between = cursor_take(&cursor, sizeof(middle) - 1);
    if (cursor.failed ||
        !hex_decode((const char *)node.data, node.size, id.node.bytes,
            sizeof(id.node.bytes)) ||
        !bytes_equal(between, bytes_text(middle)) ||
        !log_table_find(a->logs, &id, &out->key.log) ||
        !read_place(cursor_take(&cursor, cursor_left(&cursor)),
            &out->key.position, &item) ||
        item >= SIZE_MAX) {
        return err_set(
            msg, ERR_MALFORMED, "\"after\" is what an answer had as \"next\"");
    }
    out->item = (size_t)item + 1;
    return ERR_OK;
}

/* What read_after reads. */
static json_t *
next_json(const struct access *a)
{
    json_t *key = audit_entry_json(a->logs, a->last.key);
    json_t *json = NULL;

    if (key != NULL) {
        json = json_sprintf("%s/%llu", json_string_value(key),
            (unsigned long long)a->last.item);
    }
    json_decref(key);
    return json;
}

static enum err
access_init(struct access *a, struct api_call *call, struct err_msg *msg)
{
    struct view *view = NULL;
    enum err rc = call_view(call, &view, msg);

    *a = (struct access){.call = call, .msg = msg};
    if (rc != ERR_OK) {
        return rc;
    }
    a->membership = view_membership(view);
    a->logs = view_logs(view);
    a->grants = json_array();
    return ERR_OK;
}

void
audit_access(struct api_call *call)
{
    struct err_msg msg = {""};
    struct access a;
    json_t *json = NULL;
    enum err rc = access_init(&a, call, &msg);

    if (rc == ERR_OK) {
        rc = call_number(
            call, "limit", GRANTS_USUAL, GRANTS_MAX, &a.limit, &msg);
    }
    if (rc == ERR_OK) {
        rc = read_after(&a, &a.start, &msg);
    }
    if (rc == ERR_OK) {
        rc = view_keys(call->view, a.start.key, add_key, &a, &msg);
        rc = rc == ERR_OK ? a.rc : rc;
    }
    if (rc != ERR_OK) {
        json_decref(a.grants);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put(&json, "grants", a.grants);
    put(&json, "next", a.has_more ? next_json(&a) : json_null());
    reply(call, 200, json);
}

/* Who could open which class of a record: a row per office. */
struct readers {
    bool *can; /* offices by classes */
    struct vclock all;
};

/* Everything counts: whoever was ever given it. */
static enum err
count_all(struct vclock *out, const struct log_table *logs)
{
    enum err rc = vclock_reserve(out, logs->count);

    for (uint32_t log = 0; log < logs->count && rc == ERR_OK; log++) {
        rc = vclock_raise(out, log, LOG_SIZE_MAX);
    }
    return rc;
}

static void
note_reader(struct readers *readers, uint32_t office, uint8_t class)
{
    readers->can[(size_t)office * CLASS_COUNT + class] = true;
}

/* The nodes that this key's generations were sealed to, and its maker. */
static void
note_readers(
    const struct access *a, const struct key_info *key, struct readers *readers)
{
    const struct membership *m = a->membership;
    const struct office *maker = membership_office_of(m, key->key.log);

    if (maker != NULL) {
        note_reader(readers, (uint32_t)(maker - m->offices), key->class);
    }
    for (size_t i = 0; i < key->grant_count; i++) {
        uint32_t generation = 0;

        if (!membership_generation(m, key->grants[i].generation, &generation)) {
            continue;
        }
        for (size_t n = 0; n < m->node_count; n++) {
            if (membership_opens(m, generation, &m->nodes[n].cert.keys.sign,
                    &readers->all)) {
                note_reader(readers, m->nodes[n].office, key->class);
            }
        }
    }
}

static json_t *
reader_json(const struct office *office, const bool *can)
{
    json_t *json = office_json(office);
    json_t *classes = json_array();

    for (int class = 0; class < CLASS_COUNT; class ++) {
        if (can[class]) {
            put_item(&classes,
                json_string(schema_class_name((enum schema_class) class)));
        }
    }
    put(&json, "retired", json_boolean(office->is_retired));
    put(&json, "classes", classes);
    return json;
}

static json_t *
readers_json(const struct membership *m, const struct readers *readers)
{
    json_t *array = json_array();

    for (size_t i = 0; i < m->office_count; i++) {
        const bool *can = &readers->can[i * CLASS_COUNT];
        bool any = false;

        for (int class = 0; class < CLASS_COUNT; class ++) {
            any = any || can[class];
        }
        if (any) {
            put_item(&array, reader_json(&m->offices[i], can));
        }
    }
    return array;
}

/* A key of the record, its grants, and whether another has taken its place. */
static enum err
add_record_key(struct access *a, const struct record *record, size_t n,
    json_t **keys, struct readers *readers)
{
    struct key_info key = {0};
    json_t *json = NULL;
    uint64_t time = 0;
    bool is_replaced = false;
    enum err rc = view_key(a->call->view, record->keys[n].key, &key, a->msg);

    if (rc == ERR_OK) {
        rc = view_entry_time(a->call->view, key.key, &time, a->msg);
    }
    for (size_t i = n + 1; i < record->key_count; i++) {
        is_replaced =
            is_replaced || record->keys[i].class == record->keys[n].class;
    }
    if (rc == ERR_OK) {
        json = json_object();
        put(&json, "key", audit_entry_json(a->logs, key.key));
        put_text(
            &json, "class", schema_class_name((enum schema_class)key.class));
        put(&json, "replaced", json_boolean(is_replaced));
        record_put_author(&json, a->membership, a->logs, key.key.log);
        put_time(&json, "time", hlc_ms(time));
        put_item(keys, json);
        (void)add_key(a, &key);
        note_readers(a, &key, readers);
        rc = a->rc;
    }
    key_info_release(&key);
    return rc;
}

static void
reply_record(struct access *a, const struct found_record *found, json_t *keys,
    const struct readers *readers)
{
    json_t *json = json_object();

    put_hex(&json, "id", bytes_of(found->id.bytes, sizeof(found->id.bytes)));
    put(&json, "kind",
        record_kind_json(view_schema(a->call->view), found->kind));
    put(&json, "keys", keys);
    put(&json, "grants", a->grants);
    put(&json, "readers", readers_json(a->membership, readers));
    reply(a->call, 200, json);
}

void
audit_access_record(struct api_call *call)
{
    struct found_record found;
    struct err_msg msg = {""};
    struct record record = {.kind = 0};
    struct readers readers = {0};
    struct access a;
    json_t *keys = NULL;
    enum err rc = ERR_OK;

    if (!find_record(call, call->args[0], &found)) {
        return;
    }
    rc = access_init(&a, call, &msg);
    if (rc == ERR_OK) {
        rc = view_record(call->view, found.kind, &found.id, &record, &msg);
    }
    if (rc == ERR_OK) {
        keys = json_array();
        a.limit = UINT64_MAX;
        a.start.item = SIZE_MAX;
        a.start.key.log = UINT32_MAX;
        readers.can = mem_zalloc(
            a.membership->office_count + 1, CLASS_COUNT * sizeof(bool));
        rc = readers.can == NULL ? ERR_NOMEM : count_all(&readers.all, a.logs);
    }
    for (size_t i = 0; rc == ERR_OK && i < record.key_count; i++) {
        rc = add_record_key(&a, &record, i, &keys, &readers);
    }
    if (rc == ERR_OK) {
        reply_record(&a, &found, keys, &readers);
    } else {
        json_decref(keys);
        json_decref(a.grants);
        reply_err(call, rc, &msg);
    }
    record_release(&record);
    vclock_release(&readers.all);
    mem_free(readers.can);
}
