/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node_audit/signed_log.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/bundle.h"
#include "crypto/hash.h"
#include "sync/model/log_key.h"

enum { HEADER_BYTES = 9 };

static void
make_header(uint8_t out[HEADER_BYTES], const struct signed_log *log, uint64_t i)
{
    num_store_u64(out, i);
    out[8] = i < log->fork_at ? 0 : log->version;
}

static void
make_leaf(struct signed_log *log, uint64_t i)
{
    uint8_t header[HEADER_BYTES];
    struct entry entry = {.kind = ENTRY_CHANGE};

    make_header(header, log, i);
    entry.header = bytes_of(header, sizeof(header));
    hash_sha256(&entry.body_hash, entry.header);
    entry_leaf(log->leaves[i], &entry);
}

static void
make_tree(struct signed_log *log)
{
    log->leaves = mem_zalloc(log->size + 1, sizeof(*log->leaves));
    ck_assert_ptr_nonnull(log->leaves);
    for (unsigned level = 0; log->size >> level > 0; level++) {
        struct hash *nodes = mem_zalloc(log->size >> level, sizeof(*nodes));

        ck_assert_ptr_nonnull(nodes);
        log->levels[level] = nodes;
        for (uint64_t i = 0; i < log->size >> level; i++) {
            if (level == 0) {
                make_leaf(log, i);
                merkle_leaf(
                    &nodes[i], bytes_of(log->leaves[i], ENTRY_LEAF_BYTES));
            } else {
                const struct hash *below = &log->levels[level - 1][2 * i];

                merkle_node(&nodes[i], below, below + 1);
            }
        }
    }
}

void
signed_log_make(struct signed_log *out, uint64_t size)
{
    struct public_key key;

    *out = (struct signed_log){.size = size, .held = size, .fork_at = size};
    memset(&out->corridor, 0xc0, sizeof(out->corridor));
    memset(&out->seed, 0x5e, sizeof(out->seed));
    keys_sign_public(&key, &out->seed);
    memcpy(out->id.node.bytes, key.bytes, sizeof(key.bytes));
    out->id.kind = LOG_CHANGES;
    make_tree(out);
}

void
signed_log_fork(
    struct signed_log *out, const struct signed_log *log, uint64_t fork_at)
{
    *out = (struct signed_log){.corridor = log->corridor,
        .seed = log->seed,
        .id = log->id,
        .size = log->size,
        .held = log->size,
        .version = (uint8_t)(log->version + 1),
        .fork_at = fork_at};
    make_tree(out);
}

void
signed_log_release(struct signed_log *log)
{
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        mem_free(log->levels[level]);
    }
    mem_free(log->leaves);
    *log = (struct signed_log){.size = 0};
}

void
signed_log_vkey(struct buf *out, const struct signed_log *log)
{
    struct note_key key;

    log_key(&key, &log->corridor, &log->id);
    note_key_format(out, &key);
}

static void
get_root(struct hash *out, const struct signed_log *log, uint64_t size)
{
    struct merkle_edge edge = {.size = size};

    ck_assert_uint_le(size, log->size);
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((size >> level & 1) != 0) {
            edge.hashes[level] = log->levels[level][(size >> level) - 1];
        }
    }
    merkle_root(out, &edge);
}

void
signed_log_note(struct buf *out, const struct signed_log *log, uint64_t size)
{
    struct head head = {.size = size};

    get_root(&head.root, log, size);
    ck_assert_int_eq(
        log_head_sign(&head, &log->corridor, &log->id, &log->seed), ERR_OK);
    log_checkpoint(out, &log->corridor, &log->id, &head);
}

static enum err
read_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct signed_log *log = context;

    ck_assert_uint_lt(index, log->size >> level);
    *out = log->levels[level][index];
    return ERR_OK;
}

struct merkle_source
signed_log_nodes(struct signed_log *log)
{
    return (struct merkle_source){read_node, log};
}

/* Count the call; does it fail? */
static enum err
begin_call(struct signed_log *log, struct err_msg *msg)
{
    log->calls++;
    if (log->fails_from == 0 || log->calls < log->fails_from) {
        return ERR_OK;
    }
    if (log->kills) {
        (void)raise(SIGKILL);
    }
    return err_set(msg, ERR_CLOSED, "the source has gone");
}

static enum err
answer_leaves(void *context, uint64_t from, uint64_t to, struct buf *out,
    struct err_msg *msg)
{
    struct signed_log *log = context;
    enum err rc = begin_call(log, msg);

    ck_assert_uint_le(to, log->held);
    ck_assert_uint_le(to - from, EXPORT_ENTRIES_MAX);
    for (uint64_t i = from; i < to && rc == ERR_OK; i++) {
        bundle_put(out, bytes_of(log->leaves[i], ENTRY_LEAF_BYTES));
        rc = buf_err(out);
    }
    return rc;
}

/* At most four bundles at once, less than it is asked for. */
static enum err
answer_headers(void *context, uint64_t from, uint64_t to, struct buf *out,
    struct err_msg *msg)
{
    struct signed_log *log = context;
    enum err rc = begin_call(log, msg);

    ck_assert_uint_le(to, log->held);
    to = num_min_u64(to, from + 4 * (uint64_t)LOG_BATCH_ENTRIES_MAX);
    for (uint64_t i = from; i < to && rc == ERR_OK; i++) {
        uint8_t header[HEADER_BYTES];
        struct bundle_header item = {.state = BUNDLE_BODY_HELD};

        make_header(header, log, i);
        item.header = bytes_of(header, sizeof(header));
        bundle_put_header(out, &item);
        rc = buf_err(out);
    }
    return rc;
}

static enum err
answer_prefix(void *context, uint64_t size, struct export_prefix *out,
    struct err_msg *msg)
{
    struct signed_log *log = context;
    struct merkle_source nodes = signed_log_nodes(log);
    enum err rc = begin_call(log, msg);

    ck_assert_uint_le(size, log->held);
    if (rc != ERR_OK) {
        return rc;
    }
    get_root(&out->root, log, size);
    out->head_size = log->held;
    get_root(&out->head_root, log, log->held);
    return merkle_prove_consistency(&out->proof, &nodes, size, log->held);
}

struct export_source
signed_log_source(struct signed_log *log)
{
    return (struct export_source){.leaves = answer_leaves,
        .headers = answer_headers,
        .prefix = answer_prefix,
        .context = log};
}
