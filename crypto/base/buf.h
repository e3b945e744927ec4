/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An owned byte buffer that grows up to a limit. Failure is sticky: after a
 * failed put every put is a no-op, and the writer asks once, at the end,
 * with buf_err().
 */
#ifndef CORRIDOR_CRYPTO_BASE_BUF_H
#define CORRIDOR_CRYPTO_BASE_BUF_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

struct buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* size never exceeds it; 0 stands for BUF_LIMIT */
    enum err rc;  /* ERR_OK, ERR_NOMEM or ERR_TOO_BIG: sticky */
};

enum { BUF_LIMIT = 64 * 1024 * 1024 };

/* A zeroed struct is an empty buffer with the default limit. */
void buf_init(struct buf *buf, size_t limit);
/* Free the memory and leave an empty buffer; NULL and zeroed are fine. */
void buf_release(struct buf *buf);
/* Wipe the memory, then release it: for plaintexts. */
void buf_wipe(struct buf *buf);
/* Empty for reuse; keeps memory and limit, clears the failure. */
void buf_clear(struct buf *buf);

/*
 * Append; nothing happens after a failure. What is appended must not lie in
 * the buffer itself, which may move.
 */
void buf_put(struct buf *buf, const void *data, size_t size);
void buf_put_bytes(struct buf *buf, struct bytes bytes);
void buf_put_text(struct buf *buf, const char *text); /* without its NUL */
void buf_put_u8(struct buf *buf, uint8_t value);
void buf_put_u16(struct buf *buf, uint16_t value); /* big-endian, as all */
void buf_put_u32(struct buf *buf, uint32_t value);
void buf_put_u64(struct buf *buf, uint64_t value);
/* printf into the buffer, without the NUL. */
void buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Room for `size` more bytes, counted as written; NULL after a failure. The
 * pointer lives until the next call on the buffer.
 */
uint8_t *buf_extend(struct buf *buf, size_t size);

/* Cut back to `size` bytes, which must not exceed buf->size. */
void buf_truncate(struct buf *buf, size_t size);

/* The sticky state: ERR_OK, ERR_NOMEM or ERR_TOO_BIG. */
enum err buf_err(const struct buf *buf) MUST_USE;

/* A view of all that was written; lives until the next call. */
struct bytes buf_bytes(const struct buf *buf);

#endif
