/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node_audit/made_export.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "crypto/note.h"
#include "crypto/tile.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"

static void
take_entry(struct made_log *log, const struct entry *entry)
{
    struct made_entry *made = NULL;

    ck_assert_int_eq(mem_grow((void **)&log->entries, &log->capacity,
                         log->count + 1, sizeof(*log->entries)),
        ERR_OK);
    made = &log->entries[log->count++];
    *made = (struct made_entry){.kind = entry->kind,
        .state =
            entry->kind == ENTRY_CHANGE ? BUNDLE_BODY_HELD : BUNDLE_BODY_HERE,
        .body_hash = entry->body_hash};
    buf_put_bytes(&made->header, entry->header);
    if (made->state == BUNDLE_BODY_HERE) {
        buf_put_bytes(&made->body, entry->body);
    }
}

static void
take_log(struct made_log *log, struct corridor_fixture *f, size_t n)
{
    for (;;) {
        struct buf bytes = {.limit = LOG_BATCH_BYTES_MAX};
        struct batch batch = {.from = 0};
        const struct view_range range = {
            .log = &log->id, .from = log->count, .bytes_max = 1 << 20};

        if (fixture_batch(f, n, &range, &bytes) == range.from) {
            buf_release(&bytes);
            return;
        }
        ck_assert_int_eq(batch_decode(&batch, buf_bytes(&bytes)), ERR_OK);
        for (size_t i = 0; i < batch.count; i++) {
            take_entry(log, &batch.entries[i]);
        }
        batch_release(&batch);
        buf_release(&bytes);
    }
}

/* The cosigner's key of an office's node, on a line. */
static void
put_cosigner(struct buf *out, const struct corridor_fixture *f, size_t n)
{
    struct public_key public;
    struct note_key key;

    keys_sign_public(&public, &f->offices[n].secrets.cosign);
    cosigner_key(&key, &f->corridor, &f->offices[n].node, &public);
    note_key_format(out, &key);
    buf_put_u8(out, '\n');
}

void
made_export_take(struct made_export *out, struct corridor_fixture *f, size_t n)
{
    *out = (struct made_export){.corridor = f->corridor};
    for (size_t office = 0; office < f->count; office++) {
        for (uint8_t kind = 0; kind < 2; kind++) {
            struct made_log *log = &out->logs[out->count];

            log->id = (struct log_id){f->offices[office].node, kind};
            log->seed = f->offices[office].secrets.sign;
            take_log(log, f, n);
            if (log->count > 0) {
                put_cosigner(&log->cosigner, f, office);
                out->count++;
            }
        }
    }
}

static void
entry_release(struct made_entry *entry)
{
    buf_release(&entry->header);
    buf_release(&entry->body);
}

void
made_export_release(struct made_export *made)
{
    for (size_t i = 0; i < made->count; i++) {
        for (size_t k = 0; k < made->logs[i].count; k++) {
            entry_release(&made->logs[i].entries[k]);
        }
        mem_free(made->logs[i].entries);
        buf_release(&made->logs[i].lines);
        buf_release(&made->logs[i].cosigner);
        buf_release(&made->logs[i].former);
    }
}

struct made_log *
made_export_log(struct made_export *made, const struct corridor_fixture *f,
    size_t n, enum log_kind kind)
{
    for (size_t i = 0; i < made->count; i++) {
        if (made->logs[i].id.kind == (uint8_t)kind &&
            node_id_equal(&made->logs[i].id.node, &f->offices[n].node)) {
            return &made->logs[i];
        }
    }
    ck_abort_msg("office %zu has no such log", n);
    return NULL;
}

void
made_log_take_out(struct made_log *log, size_t position)
{
    ck_assert_uint_lt(position, log->count);
    entry_release(&log->entries[position]);
    memmove(&log->entries[position], &log->entries[position + 1],
        (log->count - position - 1) * sizeof(*log->entries));
    log->count--;
}

void
made_log_repeat(struct made_log *log, size_t position)
{
    struct made_entry copy = {.kind = log->entries[position].kind,
        .state = log->entries[position].state,
        .body_hash = log->entries[position].body_hash};

    buf_put_bytes(&copy.header, buf_bytes(&log->entries[position].header));
    buf_put_bytes(&copy.body, buf_bytes(&log->entries[position].body));
    ck_assert_int_eq(mem_grow((void **)&log->entries, &log->capacity,
                         log->count + 1, sizeof(*log->entries)),
        ERR_OK);
    log->entries[log->count++] = copy;
}

void
made_log_cut(struct made_log *log, size_t count)
{
    while (log->count > count) {
        entry_release(&log->entries[--log->count]);
    }
}

static void
leaf_of(uint8_t out[ENTRY_LEAF_BYTES], const struct made_entry *made)
{
    const struct entry entry = {.kind = made->kind,
        .header = buf_bytes(&made->header),
        .body_hash = made->body_hash};

    entry_leaf(out, &entry);
}

static void
build(const struct made_log *log, struct tile_builder *builder,
    const struct tile_sink *sink)
{
    tile_builder_init(builder, 0);
    for (size_t i = 0; i < log->count; i++) {
        uint8_t leaf[ENTRY_LEAF_BYTES];
        struct hash hash;

        leaf_of(leaf, &log->entries[i]);
        merkle_leaf(&hash, bytes_of(leaf, sizeof(leaf)));
        ck_assert_int_eq(tile_builder_append(builder, &hash, sink), ERR_OK);
    }
}

static enum err
ignore_tile(void *context, const struct tile *tile, const struct hash *hashes)
{
    (void)context;
    (void)tile;
    (void)hashes;
    return ERR_OK;
}

void
made_log_root(const struct made_log *log, struct hash *out)
{
    const struct tile_sink sink = {ignore_tile, NULL};
    struct tile_builder *builder = mem_alloc(sizeof(*builder));

    ck_assert_ptr_nonnull(builder);
    build(log, builder, &sink);
    tile_builder_root(builder, out);
    mem_free(builder);
}

void
made_log_text(
    const struct made_export *made, const struct made_log *log, struct buf *out)
{
    struct checkpoint checkpoint = {.size = log->count};

    log_origin(checkpoint.origin, &made->corridor, &log->id);
    made_log_root(log, &checkpoint.root);
    checkpoint_format(out, &checkpoint);
}

void
made_log_note(
    const struct made_export *made, const struct made_log *log, struct buf *out)
{
    struct buf text = {0};
    struct note_key key;

    made_log_text(made, log, &text);
    log_key(&key, &made->corridor, &log->id);
    buf_put_bytes(out, buf_bytes(&text));
    buf_put_u8(out, '\n');
    ck_assert_int_eq(
        note_sign(out, &key, &log->seed, buf_bytes(&text)), ERR_OK);
    buf_put_bytes(out, buf_bytes(&log->lines));
    buf_release(&text);
}

static void
put_cosignature(const struct made_export *made, struct made_log *log,
    const struct note_key *key, const struct secret_key *seed, uint64_t time_s)
{
    struct buf text = {0};
    uint8_t signature[72];

    made_log_text(made, log, &text);
    cosignature_sign(signature, seed, time_s, buf_bytes(&text));
    note_put_signature(
        &log->lines, key, bytes_of(signature, sizeof(signature)));
    buf_release(&text);
}

void
made_log_cosign(const struct made_export *made, struct made_log *log,
    const struct corridor_fixture *f, size_t n, uint64_t time_s)
{
    const struct secret_key *seed = &f->offices[n].secrets.cosign;
    struct public_key public;
    struct note_key key;

    keys_sign_public(&public, seed);
    cosigner_key(&key, &made->corridor, &f->offices[n].node, &public);
    put_cosignature(made, log, &key, seed, time_s);
}

void
made_log_vouch_before(const struct made_export *made, struct made_log *log,
    const struct corridor_fixture *f, size_t n, size_t size)
{
    struct made_log before = *log;

    ck_assert_uint_le(size, log->count);
    before.count = size;
    before.lines = (struct buf){0};
    made_log_text(made, &before, &log->former);
    buf_put_u8(&log->former, '\n');
    made_log_cosign(made, &before, f, n, 1790000100);
    buf_put_bytes(&log->former, buf_bytes(&before.lines));
    log->former_size = size;
    buf_release(&before.lines);
}

void
made_log_witness(const struct made_export *made, struct made_log *log,
    const char *name, struct buf *out_vkey)
{
    const struct secret_key seed = {{'w'}};
    struct public_key public;
    struct note_key key;

    keys_sign_public(&public, &seed);
    ck_assert_int_eq(
        note_key_make(&key, name, NOTE_COSIGNATURE, &public), ERR_OK);
    put_cosignature(made, log, &key, &seed, 1790000000);
    note_key_format(out_vkey, &key);
    buf_put_u8(out_vkey, '\0');
}

void
made_log_vkey(
    const struct made_export *made, const struct made_log *log, struct buf *out)
{
    struct note_key key;

    log_key(&key, &made->corridor, &log->id);
    note_key_format(out, &key);
    buf_put_u8(out, '\0');
}

void
made_log_path(char out[MADE_PATH_BYTES], const struct made_log *log)
{
    char hex[65];

    hex_encode(hex, bytes_of(log->id.node.bytes, 32));
    snprintf(out, MADE_PATH_BYTES, "%s/%s", hex,
        log->id.kind == LOG_CONTROL ? "control" : "changes");
}

/* A file, with the folders that it needs. */
static void
put_file(const char *dir, const char *name, struct bytes bytes)
{
    char path[MADE_PATH_BYTES];
    struct err_msg msg = {""};

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
        *at = '/';
    }
    ck_assert_msg(
        disk_write(path, bytes, false, &msg) == ERR_OK, "%s", msg.text);
}

struct writing {
    const struct made_export *made;
    const struct made_log *log;
    char dir[MADE_PATH_BYTES];
};

static void
put_bundle(struct writing *writing, struct tile tile, enum tile_kind kind)
{
    struct buf bytes = {0};
    char path[TILE_PATH_SIZE];

    tile.kind = kind;
    for (size_t i = 0; i < tile.width; i++) {
        const struct made_entry *made =
            &writing->log->entries[tile.index * TILE_WIDTH + i];
        const struct bundle_header header = {.header = buf_bytes(&made->header),
            .state = made->state,
            .body = buf_bytes(&made->body)};
        uint8_t leaf[ENTRY_LEAF_BYTES];

        if (kind == TILE_HEADERS) {
            bundle_put_header(&bytes, &header);
        } else {
            leaf_of(leaf, made);
            bundle_put(&bytes, bytes_of(leaf, sizeof(leaf)));
        }
    }
    ck_assert_int_eq(buf_err(&bytes), ERR_OK);
    tile_path_format(path, &tile);
    put_file(writing->dir, path, buf_bytes(&bytes));
    buf_release(&bytes);
}

static enum err
put_tile(void *context, const struct tile *tile, const struct hash *hashes)
{
    struct writing *writing = context;
    char path[TILE_PATH_SIZE];

    tile_path_format(path, tile);
    put_file(writing->dir, path,
        bytes_of(hashes->bytes, tile->width * sizeof(*hashes)));
    if (tile->level == 0) {
        put_bundle(writing, *tile, TILE_ENTRIES);
        if (!writing->made->without_headers) {
            put_bundle(writing, *tile, TILE_HEADERS);
        }
    }
    return ERR_OK;
}

void
made_log_write(
    const struct made_export *made, const struct made_log *log, const char *dir)
{
    struct writing writing = {.made = made, .log = log};
    const struct tile_sink sink = {put_tile, &writing};
    struct tile_builder *builder = mem_alloc(sizeof(*builder));
    struct buf note = {0};
    struct buf vkey = {0};

    ck_assert_ptr_nonnull(builder);
    snprintf(writing.dir, sizeof(writing.dir), "%s", dir);
    build(log, builder, &sink);
    ck_assert_int_eq(tile_builder_finish(builder, &sink), ERR_OK);
    made_log_note(made, log, &note);
    put_file(dir, "checkpoint", buf_bytes(&note));
    if (log->former_size > 0) {
        char name[32];

        snprintf(name, sizeof(name), "vouched/%zu", log->former_size);
        put_file(dir, name, buf_bytes(&log->former));
    }
    made_log_vkey(made, log, &vkey);
    vkey.data[vkey.size - 1] = '\n';
    put_file(dir, "vkey", buf_bytes(&vkey));
    buf_release(&note);
    buf_release(&vkey);
    mem_free(builder);
}

void
made_export_write(const struct made_export *made, const char *dir)
{
    for (size_t i = 0; i < made->count; i++) {
        char below[MADE_PATH_BYTES];
        char path[2 * MADE_PATH_BYTES];

        if (!made->logs[i].is_left_out) {
            made_log_path(below, &made->logs[i]);
            snprintf(path, sizeof(path), "%s/%s", dir, below);
            made_log_write(made, &made->logs[i], path);
            snprintf(path, sizeof(path), "%s/%.65scosigner", dir, below);
            put_file("", path + 1, buf_bytes(&made->logs[i].cosigner));
        }
    }
}
