/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/vouch.h"

#include <string.h>

#include "storage/view_internal.h"

/* Nothing is kept yet: every log is one of which nothing is known. */
enum err
store_head(struct store *store, const struct log_id *log,
    const struct head *head, struct accept_result *out, struct err_msg *msg)
{
    (void)store;
    (void)log;
    (void)head;
    (void)out;
    return err_set(msg, ERR_NOT_FOUND, "a head of a log that is not known");
}

enum err
store_evidence(
    struct store *store, const struct evidence *evidence, struct err_msg *msg)
{
    enum err rc = evidence_verify(evidence, &store->corridor);

    return rc == ERR_OK ? err_set(msg, ERR_NOT_FOUND,
                              "evidence about a log that is not known")
                        : rc;
}

enum err
store_cosign(struct store *store, size_t *out_count, struct err_msg *msg)
{
    (void)store;
    (void)msg;
    *out_count = 0;
    return ERR_OK;
}

enum err
store_cosignature(struct store *store, const struct cosignature *cosignature,
    struct err_msg *msg)
{
    (void)store;
    (void)cosignature;
    return err_set(msg, ERR_NOT_FOUND, "a cosignature of an unknown log");
}

enum err
view_evidence(struct view *view,
    bool (*each)(void *context, const struct evidence_item *item),
    void *context, struct err_msg *msg)
{
    (void)view;
    (void)each;
    (void)context;
    (void)msg;
    return ERR_OK;
}

enum err
view_evidence_of(struct view *view, const struct log_id *log,
    struct evidence *out, struct err_msg *msg)
{
    (void)view;
    (void)log;
    (void)out;
    (void)msg;
    return ERR_NOT_FOUND;
}

enum err
view_cosignatures(struct view *view, const struct log_id *log,
    bool (*each)(void *context, const struct cosignature_item *item),
    void *context, struct err_msg *msg)
{
    (void)view;
    (void)log;
    (void)each;
    (void)context;
    (void)msg;
    return ERR_OK;
}

enum err
view_cosignatures_since(struct view *view,
    const struct cosignature_range *range, struct cosignature_item *out,
    size_t *out_count, struct err_msg *msg)
{
    (void)view;
    (void)range;
    (void)out;
    (void)msg;
    *out_count = 0;
    return ERR_OK;
}

enum err
view_vouch(struct view *view, const struct log_id *log, struct vouching *out,
    struct err_msg *msg)
{
    (void)view;
    (void)log;
    (void)msg;
    *out = (struct vouching){0};
    return ERR_OK;
}

void
view_marks(const struct view *view, uint8_t out[MARKS_BYTES])
{
    (void)view;
    memset(out, 0, MARKS_BYTES);
}
