/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of verify only. */
#ifndef CORRIDOR_STORAGE_VERIFY_INTERNAL_H
#define CORRIDOR_STORAGE_VERIFY_INTERNAL_H

#include "storage/history.h"
#include "storage/verify.h"
#include "storage/view_internal.h"

struct verifying {
    struct view *view;
    struct reader reader;
    struct replay replay; /* over reader, and used by its walks */
    const struct verify_sink *sink;
    struct verify_report report;
    uint64_t all;
    /* Changes that their keys' chains must hold, at least and at the most;
     * and those that they hold. */
    uint64_t chained_min;
    uint64_t chained_max;
    uint64_t chained;
};

/* One sentence to the sink. */
void verify_finding(struct verifying *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Tell how far it is, now and then. */
void verify_progress(struct verifying *v);
/* Keep the view's memory within bounds. */
void verify_forget(struct verifying *v);

/* verify_logs.c, verify_records.c, verify_tables.c: ERR_OK, findings or not,
 * unless memory or the disk fails. */
enum err verify_logs(struct verifying *v, struct err_msg *msg) MUST_USE;
enum err verify_records(struct verifying *v, struct err_msg *msg) MUST_USE;
enum err verify_tables(struct verifying *v, struct err_msg *msg) MUST_USE;

/* verify_vouch.c: a row of evidence, one of cosignatures; and does a log that
 * counts as forked have its evidence? */
enum err verify_evidence(
    struct verifying *v, struct bytes key, struct bytes value) MUST_USE;
enum err verify_cosignature(
    struct verifying *v, struct bytes key, struct bytes value) MUST_USE;
enum err verify_forked(
    struct verifying *v, uint32_t log, const struct log_state *state) MUST_USE;

#endif
