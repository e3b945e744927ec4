/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/glance.h"

#include "crypto/base/mem.h"
#include "storage/cosign.h"
#include "storage/fork.h"
#include "storage/store_internal.h"

/* Reads of one snapshot; then the next one is taken. */
enum { READS_MAX = 1024 };

struct glance {
    struct env *env;
    struct txn *txn; /* NULL: none is open */
    unsigned reads;  /* left in it */
    bool is_scanned; /* a scan stands in it: it stays as long as that */
    struct log_table table;
    struct glance_log *logs;
    size_t count;
    size_t capacity;
    /* Where the reading of a log goes on. */
    struct entries_follow follow;
};

/* A snapshot that is not old. */
static enum err
refresh(struct glance *glance, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    if (glance->txn != NULL && (glance->is_scanned || glance->reads > 0)) {
        glance->reads -= glance->reads > 0 ? 1 : 0;
        return ERR_OK;
    }
    txn_abort(glance->txn);
    glance->txn = NULL;
    rc = txn_begin(&glance->txn, glance->env, false, msg);
    if (rc == ERR_OK) {
        glance->reads = READS_MAX;
        glance->follow.txn = glance->txn;
    }
    return rc;
}

/* Rows name logs by number: all ids first, in their order. */
static enum err
read_ids(struct glance *glance, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, glance->txn, TABLE_LOGS, msg);
    bool goes_on = rc == ERR_OK && scan_seek(&scan, bytes_of(NULL, 0));

    while (rc == ERR_OK && goes_on) {
        struct log_id id;
        uint32_t expected = 0;
        uint32_t number = 0;

        if (key_get_u32(scan.key, &expected) != ERR_OK ||
            scan.value.size < LOG_ID_BYTES ||
            log_id_decode(&id, scan.value.data) != ERR_OK) {
            rc = ERR_CORRUPT;
            break;
        }
        rc = log_table_add(&glance->table, &id, &number);
        if (rc == ERR_OK && number != expected) {
            rc = ERR_CORRUPT;
        }
        goes_on = scan_next(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static enum err
read_row(struct glance *glance, struct bytes row)
{
    struct log_state state = {.has_head = false};
    enum err rc = log_state_decode(&state, &glance->table, row);

    if (rc == ERR_OK) {
        rc = mem_grow((void **)&glance->logs, &glance->capacity,
            glance->count + 1, sizeof(*glance->logs));
    }
    if (rc == ERR_OK) {
        glance->logs[glance->count++] =
            (struct glance_log){.id = state.author.id,
                .stored = state.edge.size,
                .has_head = state.has_head,
                .head = state.head,
                .has_target = state.has_target,
                .target = state.target,
                .beyond = state.beyond,
                .is_forked = state.is_forked};
    }
    author_release(&state.author);
    return rc;
}

static enum err
read_rows(struct glance *glance, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, glance->txn, TABLE_LOGS, msg);
    bool goes_on = rc == ERR_OK && scan_seek(&scan, bytes_of(NULL, 0));

    while (rc == ERR_OK && goes_on) {
        rc = read_row(glance, scan.value);
        goes_on = scan_next(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

enum err
glance_open(struct glance **out, const char *dir, struct err_msg *msg)
{
    struct glance *glance = mem_zalloc(1, sizeof(*glance));
    enum err rc = glance == NULL ? ERR_NOMEM : ERR_OK;

    if (rc == ERR_OK) {
        rc = env_open_reading(&glance->env, dir, msg);
    }
    if (rc == ERR_OK) {
        rc = refresh(glance, msg);
    }
    if (rc == ERR_OK) {
        rc = read_ids(glance, msg);
    }
    if (rc == ERR_OK) {
        rc = read_rows(glance, msg);
    }
    if (rc == ERR_CORRUPT) {
        rc = err_set(
            msg, rc, "%s: what says which logs there are is damaged", dir);
    }
    if (rc != ERR_OK) {
        glance_close(glance);
        return rc;
    }
    *out = glance;
    return ERR_OK;
}

void
glance_close(struct glance *glance)
{
    if (glance == NULL) {
        return;
    }
    txn_abort(glance->txn);
    env_close(glance->env);
    log_table_release(&glance->table);
    mem_free(glance->logs);
    mem_free(glance);
}

size_t
glance_log_count(const struct glance *glance)
{
    return glance->count;
}

const struct glance_log *
glance_log(const struct glance *glance, size_t n)
{
    assert(n < glance->count);
    return &glance->logs[n];
}

enum err
glance_entry(struct glance *glance, size_t n, uint64_t position,
    struct entry *out, struct err_msg *msg)
{
    const struct dot dot = {(uint32_t)n, position};
    struct stored_entry stored;
    enum err rc = refresh(glance, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (glance->follow.next.log != dot.log ||
        glance->follow.next.position != dot.position) {
        glance->follow =
            (struct entries_follow){.txn = glance->txn, .next = dot};
    }
    rc = entries_follow(&glance->follow, &stored, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    *out = stored.entry;
    return ERR_OK;
}

static enum err
node_at(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct glance_nodes *nodes = context;
    struct entries_source stored = {.log = (uint32_t)nodes->log};
    struct merkle_source source = {NULL, NULL};
    enum err rc = refresh(nodes->glance, NULL);

    if (rc != ERR_OK) {
        return rc;
    }
    stored.txn = nodes->glance->txn;
    source = entries_merkle(&stored);
    return source.node(source.context, level, index, out);
}

struct merkle_source
glance_nodes(struct glance_nodes *nodes)
{
    return (struct merkle_source){node_at, nodes};
}

enum err
glance_cosignatures(struct glance *glance, size_t n,
    bool (*each)(void *context, const struct cosignature *cosignature),
    void *context, struct err_msg *msg)
{
    struct cosign_scan scan = {.log = (uint32_t)n};
    struct cosign_row row;
    enum err rc = refresh(glance, msg);

    if (rc == ERR_OK) {
        rc = cosign_scan_open(&scan, glance->txn, msg);
    }
    glance->is_scanned = true;
    while (rc == ERR_OK && cosign_scan_next(&scan, &row)) {
        const struct cosignature cosignature = cosign_of(&row, &glance->table);

        if (!each(context, &cosignature)) {
            break;
        }
    }
    if (rc == ERR_OK) {
        rc = cosign_scan_end(&scan, msg);
    }
    cosign_scan_close(&scan);
    glance->is_scanned = false;
    return rc;
}

enum err
glance_evidence(struct glance *glance,
    bool (*each)(void *context, const struct evidence *evidence), void *context,
    struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = refresh(glance, msg);
    bool goes_on = false;

    if (rc == ERR_OK) {
        rc = scan_open(&scan, glance->txn, TABLE_EVIDENCE, msg);
        goes_on = rc == ERR_OK && scan_seek(&scan, bytes_of(NULL, 0));
    }
    glance->is_scanned = true;
    while (rc == ERR_OK && goes_on) {
        struct evidence_row row;

        rc = evidence_row_decode(&row, scan.value);
        if (rc == ERR_OK) {
            goes_on = each(context, &row.evidence) && scan_next(&scan);
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    glance->is_scanned = false;
    return rc;
}
