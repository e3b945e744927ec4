/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk and cross-check everything that is stored: each log's leaves, nodes,
 * root and head; runs; headers; records rebuilt and compared with those
 * stored; keys; the index (docs/storage.md, "Verify").
 */
#ifndef CORRIDOR_STORAGE_VERIFY_H
#define CORRIDOR_STORAGE_VERIFY_H

#include "storage/view.h"

struct verify_report {
    uint64_t logs;
    uint64_t entries;
    uint64_t records;
    uint64_t findings;
};

/*
 * Findings are sentences without personal data, one call each; the return is
 * ERR_OK when everything could be looked at, findings or not.
 */
struct verify_sink {
    void (*finding)(void *context, const char *sentence);
    void (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
};
enum err store_verify(struct store *store, const struct verify_sink *sink,
    struct verify_report *out, struct err_msg *msg) MUST_USE;

#endif
