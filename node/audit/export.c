/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/export_internal.h"

/* The key and the checkpoint that were handed in. */
static enum err
read_log(struct exporting *x)
{
    struct note note;
    enum err rc = note_key_parse(&x->key, x->log->vkey);

    if (rc == ERR_OK) {
        rc = note_parse(&note, x->log->checkpoint);
    }
    if (rc == ERR_OK) {
        rc = note_verify(&note, &x->key, 1, NULL);
    }
    if (rc == ERR_OK) {
        rc = checkpoint_parse(&x->head, note.text);
    }
    if (rc == ERR_OK && strcmp(x->head.origin, x->key.name) != 0) {
        rc = ERR_BAD_SIGNATURE;
    }
    if (rc != ERR_OK) {
        return err_set(x->msg, rc, "the checkpoint of %s: %s", x->log->folder,
            err_text(rc));
    }
    return ERR_OK;
}

static enum err
put_vkey(struct exporting *x)
{
    char name[EXPORT_NAME_BYTES];
    struct buf line = {0};
    enum err rc = ERR_OK;

    buf_put_bytes(&line, x->log->vkey);
    buf_put_u8(&line, '\n');
    rc = buf_err(&line);
    if (rc == ERR_OK) {
        export_name(name, x, "vkey");
        rc = outdir_replace(x->dir, name, buf_bytes(&line), x->msg);
    }
    buf_release(&line);
    return rc;
}

static enum err
put_vouched(struct exporting *x)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < x->log->vouched_count && rc == ERR_OK; i++) {
        char path[64];
        char name[EXPORT_NAME_BYTES];

        (void)snprintf(
            path, sizeof(path), "vouched/%" PRIu64, x->log->vouched[i].size);
        export_name(name, x, path);
        rc = outdir_replace(x->dir, name, x->log->vouched[i].note, x->msg);
    }
    return rc;
}

/* All but the checkpoint, durable; then the checkpoint. */
static enum err
write_all(struct exporting *x)
{
    char name[EXPORT_NAME_BYTES];
    const uint64_t before = x->dir->written;
    enum err rc = ERR_OK;

    x->all = 2 * x->head.size - x->builder.size - x->headers_from;
    rc = export_leaves(x);
    if (rc == ERR_OK) {
        rc = export_headers(x);
    }
    if (rc == ERR_OK && x->dir->written > before) {
        rc = outdir_sync(x->dir, x->msg);
    }
    if (rc == ERR_OK) {
        rc = put_vkey(x);
    }
    if (rc == ERR_OK) {
        rc = put_vouched(x);
    }
    if (rc == ERR_OK) {
        export_name(name, x, "checkpoint");
        rc = outdir_replace(x->dir, name, x->log->checkpoint, x->msg);
    }
    return rc == ERR_OK ? export_clean(x) : rc;
}

enum err
export_log(struct outdir *dir, const struct export_log *log,
    const struct export_source *source, struct export_result *out,
    struct err_msg *msg)
{
    struct exporting *x = mem_zalloc(1, sizeof(*x));
    const uint64_t before = dir->written;
    bool is_ahead = false;
    enum err rc = ERR_OK;

    if (x == NULL) {
        return ERR_NOMEM;
    }
    x->dir = dir;
    x->log = log;
    x->source = source;
    x->msg = msg;
    rc = read_log(x);
    if (rc == ERR_OK) {
        rc = export_there(x, &is_ahead);
    }
    if (rc == ERR_OK && !is_ahead) {
        rc = write_all(x);
    }
    if (rc == ERR_OK) {
        x->result.verdict = is_ahead ? EXPORT_AHEAD : EXPORT_DONE;
        x->result.size = is_ahead ? x->there.size : x->head.size;
        x->result.files = dir->written - before;
        *out = x->result;
    }
    if (rc == ERR_FULL) {
        rc = err_prefix(msg, rc,
            "no room: free some and export again, it goes on from the last "
            "checkpoint");
    }
    buf_release(&x->bytes);
    mem_free(x);
    return rc;
}
