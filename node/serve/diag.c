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

/*
 * Peers choose some of the texts: they must not forge lines, nor command a
 * terminal. The bytes of a control that begins here; 0: none does. In UTF-8
 * those beyond ASCII are U+0080..9F, and the line separators and overrides
 * of direction U+2028..2E and U+2066..69.
 */
static size_t
control_size(const char *text)
{
    unsigned char a = (unsigned char)text[0];
    unsigned char b = a == 0 ? 0 : (unsigned char)text[1];
    unsigned char c = b == 0 ? 0 : (unsigned char)text[2];

    if (a < ' ' || a == 0x7f) {
        return 1;
    }
    if (a == 0xc2 && b >= 0x80 && b <= 0x9f) {
        return 2;
    }
    if (a == 0xe2 && ((b == 0x80 && c >= 0xa8 && c <= 0xae) ||
                         (b == 0x81 && c >= 0xa6 && c <= 0xa9))) {
        return 3;
    }
    return 0;
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
    for (char *c = line; *c != '\0';) {
        size_t size = control_size(c);

        memset(c, '?', size);
        c += size == 0 ? 1 : size;
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
