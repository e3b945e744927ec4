/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

enum { CAPACITY_MIN = 64 };

static size_t
limit_of(const struct buf *buf)
{
    return buf->limit == 0 ? BUF_LIMIT : buf->limit;
}

static void
check(const struct buf *buf)
{
    assert(buf->size <= buf->capacity);
    assert(buf->size <= limit_of(buf));
    assert(buf->capacity == 0 || buf->data != NULL);
}

void
buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

void
buf_release(struct buf *buf)
{
    if (buf == NULL) {
        return;
    }
    mem_free(buf->data);
    buf_init(buf, buf->limit);
}

void
buf_wipe(struct buf *buf)
{
    if (buf == NULL) {
        return;
    }
    if (buf->data != NULL) {
        mem_wipe(buf->data, buf->capacity);
    }
    buf_release(buf);
}

void
buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->rc = ERR_OK;
}

/*
 * Move to memory of `capacity` bytes. Not by realloc: that would leave an
 * unwiped copy of what may be a plaintext.
 */
static bool
move_to(struct buf *buf, size_t capacity)
{
    uint8_t *data = mem_alloc(capacity);

    if (data == NULL) {
        buf->rc = ERR_NOMEM;
        return false;
    }
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->size);
        mem_wipe(buf->data, buf->size);
        mem_free(buf->data);
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

/*
 * Make room for `size` more bytes that count against the limit and `spare`
 * behind them that do not.
 */
static bool
reserve(struct buf *buf, size_t size, size_t spare)
{
    size_t needed = 0;
    size_t doubled = 0;

    check(buf);
    if (buf->rc != ERR_OK) {
        return false;
    }
    if (size > limit_of(buf) - buf->size ||
        !num_add(buf->size + size, spare, &needed)) {
        buf->rc = ERR_TOO_BIG;
        return false;
    }
    if (needed <= buf->capacity) {
        return true;
    }
    if (num_mul(buf->capacity, 2, &doubled) && doubled > needed) {
        needed = doubled;
    }
    return move_to(buf, needed < CAPACITY_MIN ? CAPACITY_MIN : needed);
}

uint8_t *
buf_extend(struct buf *buf, size_t size)
{
    uint8_t *room = NULL;

    /* One spare byte, so that even an empty room is a pointer. */
    if (!reserve(buf, size, 1)) {
        return NULL;
    }
    room = buf->data + buf->size;
    buf->size += size;
    check(buf);
    return room;
}

/* The usual case: within the memory there is. */
static bool
fits(const struct buf *buf, size_t size)
{
    return buf->rc == ERR_OK && size <= buf->capacity - buf->size &&
           size <= limit_of(buf) - buf->size;
}

void
buf_put(struct buf *buf, const void *data, size_t size)
{
    uint8_t *room = NULL;

    check(buf);
    if (size == 0) {
        return;
    }
    if (fits(buf, size)) {
        room = buf->data + buf->size;
        buf->size += size;
    } else {
        room = buf_extend(buf, size);
    }
    if (room != NULL) {
        memcpy(room, data, size);
    }
}

void
buf_put_bytes(struct buf *buf, struct bytes bytes)
{
    buf_put(buf, bytes.data, bytes.size);
}

void
buf_put_text(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

void
buf_put_u8(struct buf *buf, uint8_t value)
{
    check(buf);
    if (fits(buf, sizeof(value))) {
        buf->data[buf->size++] = value;
    } else {
        buf_put(buf, &value, sizeof(value));
    }
}

void
buf_put_u16(struct buf *buf, uint16_t value)
{
    uint8_t bytes[sizeof(value)];

    num_store_u16(bytes, value);
    buf_put(buf, bytes, sizeof(bytes));
}

void
buf_put_u32(struct buf *buf, uint32_t value)
{
    uint8_t bytes[sizeof(value)];

    num_store_u32(bytes, value);
    buf_put(buf, bytes, sizeof(bytes));
}

void
buf_put_u64(struct buf *buf, uint64_t value)
{
    uint8_t bytes[sizeof(value)];

    num_store_u64(bytes, value);
    buf_put(buf, bytes, sizeof(bytes));
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    int size = 0;

    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(size >= 0);
    if (!reserve(buf, (size_t)size, 1)) {
        return;
    }
    va_start(args, format);
    size = vsnprintf(
        (char *)buf->data + buf->size, (size_t)size + 1, format, args);
    va_end(args);
    assert(size >= 0);
    buf->size += (size_t)size;
    check(buf);
}

void
buf_truncate(struct buf *buf, size_t size)
{
    assert(size <= buf->size);
    buf->size = size;
}

enum err
buf_err(const struct buf *buf)
{
    return buf->rc;
}

struct bytes
buf_bytes(const struct buf *buf)
{
    return bytes_of(buf->data, buf->size);
}
