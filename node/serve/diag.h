/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's messages: one line each, to standard error, saying what
 * happened and what happens next. Never personal data, secrets or contents;
 * offices by their code, nodes by the first digits of their key.
 */
#ifndef CORRIDOR_NODE_SERVE_DIAG_H
#define CORRIDOR_NODE_SERVE_DIAG_H

#include "crypto/base/bytes.h"

enum { DIAG_LINE_BYTES_MAX = 512, DIAG_NODE_CHARS = 8 };

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_INFO, DIAG_DEBUG };

struct diag {
    enum diag_level level; /* and what is graver */
    bool for_journal; /* lines begin with "<3>" …: systemd's priorities */
    /* One line without its newline. */
    void (*write)(void *context, enum diag_level level, const char *line);
    void *context;
};

/* To standard error; for the journal if systemd reads it. */
void diag_init(struct diag *out, enum diag_level level);

/* A message (printf); nothing if diag is NULL or does not want the level.
 * Control characters come out as "?". */
void diag_say(const struct diag *diag, enum diag_level level,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "error", "warning", "info", "debug"; back: false for other words. */
const char *diag_level_name(enum diag_level level);
bool diag_level_find(const char *name, enum diag_level *out);

/* A node's first digits, for messages. */
void diag_node(char out[DIAG_NODE_CHARS + 1], const struct node_id *node);

#endif
