/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/hex.h"

static const char *const names[] = {
    [DIAG_ERROR] = "error",
    [DIAG_WARNING] = "warning",
    [DIAG_INFO] = "info",
    [DIAG_DEBUG] = "debug",
};

/* What sd-daemon(3) calls these. */
static const int priorities[] = {
    [DIAG_ERROR] = 3,
    [DIAG_WARNING] = 4,
    [DIAG_INFO] = 6,
    [DIAG_DEBUG] = 7,
};

static void
write_stderr(void *context, enum diag_level level, const char *line)
{
    const struct diag *diag = context;

    if (diag->for_journal) {
        fprintf(stderr, "<%d>%s\n", priorities[level], line);
    } else {
        fprintf(stderr, "corridor: %s: %s\n", names[level], line);
    }
}

void
diag_init(struct diag *out, enum diag_level level)
{
    out->level = level;
    out->for_journal = getenv("JOURNAL_STREAM") != NULL;
    out->write = write_stderr;
    out->context = out;
}

void
diag_say(
    const struct diag *diag, enum diag_level level, const char *format, ...)
{
    char line[DIAG_LINE_BYTES_MAX];
    va_list arguments;

    if (diag == NULL || level > diag->level) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    /* Peers choose some of the texts: they must not forge lines. */
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
    diag->write(diag->context, level, line);
}

const char *
diag_level_name(enum diag_level level)
{
    return names[level];
}

bool
diag_level_find(const char *name, enum diag_level *out)
{
    for (int i = DIAG_ERROR; i <= DIAG_DEBUG; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum diag_level)i;
            return true;
        }
    }
    return false;
}

void
diag_node(char out[DIAG_NODE_CHARS + 1], const struct node_id *node)
{
    hex_encode(out, bytes_of(node->bytes, DIAG_NODE_CHARS / 2));
}
