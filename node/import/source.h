/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of UTF-8 from a file as offices keep them: UTF-8 with or without
 * a byte order mark, or UTF-16 of either order, with a mark or seen by its
 * zero bytes. Nothing else is guessed: bytes that are neither come through
 * as they are, and whoever reads a cell or line refuses what is not UTF-8.
 */
#ifndef CORRIDOR_NODE_IMPORT_SOURCE_H
#define CORRIDOR_NODE_IMPORT_SOURCE_H

#include "crypto/base/buf.h"

enum { SOURCE_CHUNK_BYTES = 64 * 1024 };

struct source_reader {
    /* Size bytes to out, fewer only at the end, 0 behind it. ERR_IO. */
    enum err (*read)(void *context, uint8_t *out, size_t size, size_t *out_size,
        struct err_msg *msg);
    void *context;
};

enum source_encoding {
    SOURCE_UNKNOWN, /* nothing read yet */
    SOURCE_UTF8,
    SOURCE_UTF16_LE,
    SOURCE_UTF16_BE
};

struct source {
    struct source_reader reader;
    enum source_encoding encoding;
    uint8_t carry[4]; /* a unit or a surrogate that is not whole yet */
    size_t carried;
    bool at_end;
    uint8_t chunk[SOURCE_CHUNK_BYTES];
};

/* A source at its start; it owns nothing. */
void source_init(struct source *source, const struct source_reader *reader);

/*
 * Append the next piece to out, at most twice SOURCE_CHUNK_BYTES. At the end
 * nothing is appended and at_end is set. ERR_IO: the file cannot be read, or
 * is UTF-16 with half a character, which ends it; ERR_NOMEM, ERR_TOO_BIG of
 * out.
 */
enum err source_read(
    struct source *source, struct buf *out, struct err_msg *msg) MUST_USE;

/* A reader of an open file descriptor, which stays the caller's. */
struct source_reader source_of_file(int *fd);
/* A reader of memory, which is eaten up. */
struct source_reader source_of_bytes(struct bytes *bytes);

#endif
