/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/verify.h"

#include <stdarg.h>
#include <stdio.h>

#include "storage/verify_internal.h"

enum { SENTENCE_BYTES = 256, PROGRESS_EVERY = 4096 };

void
verify_finding(struct verifying *v, const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    v->report.findings++;
    if (v->sink->finding != NULL) {
        v->sink->finding(v->sink->context, sentence);
    }
}

void
verify_progress(struct verifying *v)
{
    uint64_t done = v->report.entries + v->report.records;

    if (v->sink->progress != NULL && done % PROGRESS_EVERY == 0) {
        v->sink->progress(v->sink->context, done, v->all);
    }
}

void
verify_forget(struct verifying *v)
{
    if (v->view->content.map.count > CONTENT_CACHE_MAX) {
        content_clear(&v->view->content);
    }
}

enum err
store_verify(struct store *store, const struct verify_sink *sink,
    struct verify_report *out, struct err_msg *msg)
{
    struct verifying v = {.sink = sink};
    enum err rc = view_open(&v.view, store, msg);

    if (rc == ERR_OK) {
        rc = view_reader(v.view, true, &v.reader);
    }
    v.replay.reader = &v.reader;
    v.reader.replay = &v.replay;
    if (rc == ERR_OK) {
        v.all = txn_count(v.view->txn, TABLE_ENTRIES) +
                txn_count(v.view->txn, TABLE_RECORDS);
        rc = verify_logs(&v, msg);
    }
    if (rc == ERR_OK) {
        rc = verify_records(&v, msg);
    }
    if (rc == ERR_OK) {
        rc = verify_tables(&v, msg);
    }
    if (rc == ERR_OK) {
        *out = v.report;
    }
    replay_release(&v.replay);
    view_close(v.view);
    return rc;
}
