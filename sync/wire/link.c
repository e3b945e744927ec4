/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/link.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

/* All but the last are a power of two when the tag is added. */
static const uint32_t sizes[] = {112, LINK_PLAIN_BYTES_MIN, 496, 1008, 2032,
    4080, 8176, 16368, LINK_HELLO_BYTES_MAX, LINK_PLAIN_BYTES_MAX};

enum {
    SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]),
    WASTE_SHARE = 8,
    MEMORY_KEPT_BYTES = 256 * 1024 /* by an empty buffer */
};

static_assert(LINK_PLAIN_BYTES_MAX + NOISE_TAG_BYTES == NOISE_MESSAGE_BYTES_MAX,
    "the largest plaintext fills a message");
static_assert(
    LINK_HELLO_BYTES_MAX + NOISE_FIRST_OVERHEAD <= NOISE_MESSAGE_BYTES_MAX,
    "the largest hello fits a message");

void
link_init(struct link *link)
{
    *link = (struct link){0};
    buf_init(&link->raw, LINK_LENGTH_BYTES + NOISE_MESSAGE_BYTES_MAX);
    buf_init(&link->plain, LINK_HELD_BYTES_MAX);
}

void
link_release(struct link *link)
{
    if (link == NULL) {
        return;
    }
    mem_secret_free(link->keys);
    buf_release(&link->raw);
    buf_wipe(&link->plain);
    buf_wipe(&link->frames);
    link_init(link);
}

bool
link_is_size(size_t plain_bytes, bool is_hello)
{
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        if (sizes[i] == plain_bytes) {
            return is_hello ? plain_bytes <= LINK_HELLO_BYTES_MAX
                            : plain_bytes >= LINK_PLAIN_BYTES_MIN;
        }
    }
    return false;
}

/* The least size whose data has room for `data` bytes, or the largest. */
static size_t
least_size(size_t data, size_t min)
{
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        if (sizes[i] >= min && data <= sizes[i] - LINK_LENGTH_BYTES) {
            return sizes[i];
        }
    }
    return LINK_PLAIN_BYTES_MAX;
}

size_t
link_size_for(size_t left)
{
    size_t least = least_size(left, LINK_PLAIN_BYTES_MIN);
    size_t room = least - LINK_LENGTH_BYTES;

    assert(left > 0);
    if (left >= room || least == LINK_PLAIN_BYTES_MIN ||
        room - left <= left / WASTE_SHARE) {
        return least;
    }
    /* The one below it is full, since they did not fit in it. */
    for (size_t i = 1;; i++) {
        if (sizes[i] == least) {
            return sizes[i - 1];
        }
    }
}

/* used | data | zeros, to `size` bytes. */
static void
put_padded(struct buf *out, struct bytes data, size_t size)
{
    uint8_t *room = buf_extend(out, size);

    assert(data.size <= size - LINK_LENGTH_BYTES);
    if (room == NULL) {
        return;
    }
    num_store_u16(room, (uint16_t)data.size);
    if (data.size > 0) {
        memcpy(room + LINK_LENGTH_BYTES, data.data, data.size);
    }
    memset(room + LINK_LENGTH_BYTES + data.size, 0,
        size - LINK_LENGTH_BYTES - data.size);
}

enum err
link_pad_hello(struct buf *out, struct bytes data)
{
    if (data.size > LINK_HELLO_DATA_MAX) {
        return ERR_TOO_BIG;
    }
    put_padded(out, data, least_size(data.size, LINK_HELLO_BYTES_MIN));
    return buf_err(out);
}

enum err
link_unpad(struct bytes *out, struct bytes plain, bool is_hello)
{
    struct cursor cursor = cursor_init(plain);
    struct bytes data = {0};

    if (!link_is_size(plain.size, is_hello)) {
        return ERR_MALFORMED;
    }
    data = cursor_take(&cursor, cursor_u16(&cursor));
    if (cursor.failed ||
        !bytes_are_zero(bytes_of(cursor.pos, cursor_left(&cursor)))) {
        return ERR_MALFORMED;
    }
    *out = data;
    return ERR_OK;
}

void
link_put_hello(struct buf *out, struct bytes message)
{
    assert(message.size <= NOISE_MESSAGE_BYTES_MAX);
    buf_put_u16(out, (uint16_t)message.size);
    buf_put_bytes(out, message);
}

/* Move bytes from *input to `raw` until it has `size` of them. */
static bool
fill_raw(struct link *link, struct bytes *input, size_t size)
{
    size_t missing = size > link->raw.size ? size - link->raw.size : 0;
    size_t moved = missing < input->size ? missing : input->size;

    if (moved > 0) {
        buf_put(&link->raw, input->data, moved);
        *input = bytes_of(input->data + moved, input->size - moved);
    }
    return moved == missing;
}

/*
 * The next message of *input, with what `raw` holds of its beginning. One
 * that lies wholly in the input is not copied. ERR_NOT_FOUND: not yet whole.
 */
static enum err
take_message(struct link *link, struct bytes *input, size_t overhead,
    bool is_hello, struct bytes *out)
{
    size_t length = 0;
    bool is_whole = fill_raw(link, input, LINK_LENGTH_BYTES);

    if (is_whole && link->raw.rc == ERR_OK) {
        length = num_load_u16(link->raw.data);
        if (length < overhead || !link_is_size(length - overhead, is_hello)) {
            return ERR_MALFORMED;
        }
        if (link->raw.size == LINK_LENGTH_BYTES && input->size >= length) {
            *out = bytes_of(input->data, length);
            *input = bytes_of(input->data + length, input->size - length);
            buf_clear(&link->raw);
            return ERR_OK;
        }
        is_whole = fill_raw(link, input, LINK_LENGTH_BYTES + length);
    }
    if (link->raw.rc != ERR_OK) {
        return link->raw.rc;
    }
    if (!is_whole) {
        return ERR_NOT_FOUND;
    }
    *out = bytes_of(link->raw.data + LINK_LENGTH_BYTES, length);
    buf_clear(&link->raw);
    return ERR_OK;
}

enum err
link_take_hello(
    struct link *link, struct bytes *input, size_t overhead, struct bytes *out)
{
    assert(link->keys == NULL);
    return take_message(link, input, overhead, true, out);
}

enum err
link_open(struct link *link, struct noise_handshake *hs, struct hash *out)
{
    assert(link->keys == NULL);
    link->keys = mem_secret_alloc(sizeof(*link->keys));
    if (link->keys == NULL) {
        return ERR_NOMEM;
    }
    noise_split(hs, &link->keys->send, &link->keys->receive, out);
    return ERR_OK;
}

/*
 * "After every 4096 messages sent in a direction its key is replaced": both
 * sides count, so nothing is said about it.
 */
static void
count_message(struct noise_cipher *cipher, uint64_t *count)
{
    (*count)++;
    if (*count % LINK_REKEY_MESSAGES == 0) {
        noise_rekey(cipher);
    }
}

/* Open one message; its data goes to `plain`, without `used` and padding. */
static enum err
open_message(struct link *link, struct bytes message)
{
    struct buf *plain = &link->plain;
    size_t before = plain->size;
    struct bytes data = {0};
    enum err rc = ERR_OK;

    if (link->received >= LINK_MESSAGES_MAX) {
        return ERR_CLOSED;
    }
    rc = noise_decrypt(&link->keys->receive, message, plain);
    if (rc != ERR_OK) {
        return rc;
    }
    count_message(&link->keys->receive, &link->received);
    rc = link_unpad(
        &data, bytes_of(plain->data + before, plain->size - before), false);
    if (rc == ERR_OK) {
        memmove(plain->data + before, data.data, data.size);
        buf_truncate(plain, before + data.size);
    }
    return rc;
}

/* Frames that were taken go; an empty buffer does not keep much memory. */
static void
drop_taken(struct link *link)
{
    struct buf *plain = &link->plain;

    if (link->taken == 0) {
        return;
    }
    if (link->taken == plain->size && plain->capacity > MEMORY_KEPT_BYTES) {
        buf_wipe(plain);
    } else {
        memmove(
            plain->data, plain->data + link->taken, plain->size - link->taken);
        buf_truncate(plain, plain->size - link->taken);
    }
    link->taken = 0;
}

enum err
link_receive(struct link *link, struct bytes input)
{
    struct bytes message = {0};
    enum err rc = ERR_OK;

    assert(link->keys != NULL);
    assert(input.size <= LINK_INPUT_BYTES_MAX);
    drop_taken(link);
    do {
        rc = take_message(link, &input, NOISE_TAG_BYTES, false, &message);
        if (rc == ERR_OK) {
            rc = open_message(link, message);
        }
    } while (rc == ERR_OK);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err
link_frame(struct link *link, struct frame *out)
{
    struct bytes stream = bytes_of(NULL, 0);
    enum err rc = ERR_OK;

    if (link_held(link) > 0) {
        stream = bytes_of(link->plain.data + link->taken, link_held(link));
    }
    rc = frame_next(out, stream);
    if (rc == ERR_OK) {
        link->taken += out->size;
    }
    return rc;
}

void
link_return(struct link *link, const struct frame *frame)
{
    assert(link->taken >= frame->size);
    link->taken -= frame->size;
}

size_t
link_held(const struct link *link)
{
    return link->plain.size - link->taken;
}

/* Seal one padded plaintext. */
static enum err
seal_message(struct link *link, struct bytes plain, struct buf *out)
{
    enum err rc = ERR_OK;

    if (link->sent >= LINK_MESSAGES_MAX) {
        return ERR_CLOSED;
    }
    buf_put_u16(out, (uint16_t)(plain.size + NOISE_TAG_BYTES));
    rc = noise_encrypt(&link->keys->send, plain, out);
    if (rc == ERR_OK) {
        count_message(&link->keys->send, &link->sent);
    }
    return rc;
}

enum err
link_flush(struct link *link, struct buf *out)
{
    struct bytes left = buf_bytes(&link->frames);
    struct buf plain = {0};
    enum err rc = buf_err(&link->frames);

    assert(link->keys != NULL);
    while (rc == ERR_OK && left.size > 0) {
        size_t size = link_size_for(left.size);
        size_t room = size - LINK_LENGTH_BYTES;
        size_t used = left.size < room ? left.size : room;

        buf_clear(&plain);
        put_padded(&plain, bytes_of(left.data, used), size);
        rc = buf_err(&plain);
        if (rc == ERR_OK) {
            rc = seal_message(link, buf_bytes(&plain), out);
        }
        left = bytes_of(left.data + used, left.size - used);
    }
    buf_wipe(&plain);
    if (link->frames.capacity > MEMORY_KEPT_BYTES) {
        buf_wipe(&link->frames);
    }
    buf_clear(&link->frames);
    return rc;
}
