/* SPDX-License-Identifier: Apache-2.0 */
/* That one entry stands in its log, and what one change says. */
#include <string.h>

#include "node/api/audit.h"
#include "node/api/routes.h"
#include "storage/disclose.h"
#include "storage/tiles.h"

/* What the two files are made of. */
struct proving {
    struct view *view;
    struct log_id log;
    uint64_t position;
    struct tiles_inclusion inclusion;
    struct buf checkpoint;
    struct buf file;
};

static enum err
prove(struct proving *p, struct err_msg *msg)
{
    enum err rc =
        tiles_inclusion(p->view, &p->log, p->position, &p->inclusion, msg);

    if (rc == ERR_NOT_FOUND) {
        return err_set(msg, rc, "no such log is held here in full");
    }
    if (rc == ERR_GAP) {
        return err_set(msg, ERR_NOT_FOUND,
            "the signed log that is held here does not go that far");
    }
    if (rc == ERR_OK) {
        rc = audit_checkpoint(
            &p->checkpoint, p->view, &p->log, &p->inclusion.head, msg);
    }
    return rc;
}

static void
fill_proof(struct proof_file *out, const struct proving *p)
{
    *out = (struct proof_file){.index = p->position,
        .proof = p->inclusion.proof,
        .checkpoint = buf_bytes(&p->checkpoint)};
}

static enum err
write_proof(struct proving *p)
{
    struct proof_file file;

    fill_proof(&file, p);
    return proof_file_write(&p->file, &file,
        bytes_of(p->inclusion.leaf, sizeof(p->inclusion.leaf)));
}

static enum err
write_disclosure(struct proving *p, struct err_msg *msg)
{
    struct disclosure disclosure = {.proof = {.index = 0}};
    enum err rc =
        view_disclose(p->view, &p->log, p->position, &disclosure, msg);

    if (rc == ERR_OK) {
        fill_proof(&disclosure.proof, p);
        rc = disclosure_write(&p->file, &disclosure);
    }
    disclosure_release(&disclosure);
    return rc;
}

void
audit_proof(struct api_call *call)
{
    const bool discloses = call_param(call, "disclose") != NULL;
    struct proving p = {.position = 0};
    struct err_msg msg = {""};
    json_t *json = NULL;
    enum err rc = audit_log(call, &p.log, &msg);

    if (rc == ERR_OK) {
        rc = audit_number(call, "position", &p.position, &msg);
    }
    if (rc == ERR_OK) {
        rc = call_view(call, &p.view, &msg);
    }
    if (rc == ERR_OK) {
        rc = prove(&p, &msg);
    }
    if (rc == ERR_OK) {
        rc = discloses ? write_disclosure(&p, &msg) : write_proof(&p);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
    } else {
        json = json_object();
        audit_put_log(&json, p.view, &p.log);
        put_number(&json, "position", p.position);
        put_number(&json, "size", p.inclusion.head.size);
        put(&json, discloses ? "disclosure" : "proof",
            json_stringn((const char *)p.file.data, p.file.size));
        reply(call, 200, json);
    }
    buf_release(&p.checkpoint);
    buf_wipe(&p.file);
}
