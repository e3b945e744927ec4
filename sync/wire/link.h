/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link: a TCP byte stream cut into Noise messages of few sizes, and the
 * stream of frames inside them (docs/protocol.md, "Link").
 *
 *   on TCP:     u16 big-endian length | Noise message
 *   plaintext:  u16 used | data | zeros      to one of the fixed sizes
 *   data:       frames, one after another; one may span messages
 *
 *   input -> raw (a begun message) -> plain (frames) -> link_frame
 *   frame_put(&link->frames) -> link_flush -> output
 *
 * A message's size says little about what is in it: 240, 496, 1008, 2032,
 * 4080, 8176, 16368, 32752 or 65519 bytes (112 too in handshakes, whose
 * messages have no room for the last). Each direction changes its key after
 * LINK_REKEY_MESSAGES.
 */
#ifndef CORRIDOR_SYNC_WIRE_LINK_H
#define CORRIDOR_SYNC_WIRE_LINK_H

#include "crypto/noise.h"
#include "sync/wire/frame.h"

#define LINK_MESSAGES_MAX ((uint64_t)1 << 32) /* in one direction */

enum {
    LINK_LENGTH_BYTES = 2, /* before each message; also `used` */
    LINK_HELLO_BYTES_MIN = 112,
    LINK_HELLO_BYTES_MAX = 32752,
    LINK_HELLO_DATA_MAX = LINK_HELLO_BYTES_MAX - LINK_LENGTH_BYTES,
    LINK_PLAIN_BYTES_MIN = 240,
    LINK_PLAIN_BYTES_MAX = 65519,
    LINK_REKEY_MESSAGES = 4096,
    /* Frames received and not yet taken: one, and what one input adds. */
    LINK_INPUT_BYTES_MAX = 1024 * 1024,
    LINK_HELD_BYTES_MAX = 4 * 1024 * 1024
};

/* The two ciphers: secret memory. */
struct link_keys {
    struct noise_cipher send;
    struct noise_cipher receive;
};

/* Zeroed: before the handshake. */
struct link {
    struct link_keys *keys; /* NULL until link_open */
    uint64_t sent;          /* transport messages */
    uint64_t received;
    struct buf raw;    /* a message whose end has not come */
    struct buf plain;  /* frames received */
    size_t taken;      /* bytes of `plain` that link_frame gave */
    struct buf frames; /* to be sent: frame_put here */
};

/* Ready for a handshake. */
void link_init(struct link *link);
/* Wipe and free; NULL and zeroed are fine. */
void link_release(struct link *link);

/* Is it a size that a plaintext may have, in a handshake or after? */
bool link_is_size(size_t plain_bytes, bool is_hello);

/*
 * The size of the next message's plaintext when `left` bytes of data, at
 * least 1, wait: the least that holds them if at most an eighth of it is
 * waste (or it is the least of all), else the largest that they fill.
 */
size_t link_size_for(size_t left);

/*
 * Append `data` as the padded plaintext of a handshake message.
 * ERR_TOO_BIG above LINK_HELLO_DATA_MAX.
 */
enum err link_pad_hello(struct buf *out, struct bytes data) MUST_USE;
/* The data of a padded plaintext, a view. ERR_MALFORMED: size or padding. */
enum err link_unpad(
    struct bytes *out, struct bytes plain, bool is_hello) MUST_USE;

/* Append a handshake message with its length. */
void link_put_hello(struct buf *out, struct bytes message);

/*
 * Take a handshake message from *input, which moves on; the view in *out
 * lives until the next call. `overhead` is what the message has beyond its
 * payload. ERR_NOT_FOUND: more input is needed (all was taken);
 * ERR_MALFORMED: a length that no handshake message has; ERR_NOMEM.
 */
enum err link_take_hello(struct link *link, struct bytes *input,
    size_t overhead, struct bytes *out) MUST_USE;

/*
 * The handshake is done: take its ciphers, and wipe *hs. The hash that names
 * the session goes to *out. ERR_NOMEM.
 */
enum err link_open(
    struct link *link, struct noise_handshake *hs, struct hash *out) MUST_USE;

/*
 * Take all of `input`, at most LINK_INPUT_BYTES_MAX; whole messages are
 * opened. Frames that link_frame gave before are gone. ERR_MALFORMED (a
 * length, padding), ERR_BAD_SIGNATURE, ERR_TOO_BIG (more held than
 * LINK_HELD_BYTES_MAX), ERR_CLOSED (too many messages), ERR_NOMEM: the link
 * is of no use after any of them.
 */
enum err link_receive(struct link *link, struct bytes input) MUST_USE;

/*
 * The next whole frame; its view lives until link_receive. ERR_NOT_FOUND
 * when there is none, ERR_TOO_BIG as frame_next.
 */
enum err link_frame(struct link *link, struct frame *out) MUST_USE;
/* Put the last frame back: the next link_frame gives it again. */
void link_return(struct link *link, const struct frame *frame);
/* Bytes received and not yet taken as frames. */
size_t link_held(const struct link *link);

/*
 * Seal the waiting frames and append the messages to *out. ERR_NOMEM,
 * ERR_CLOSED: too many messages.
 */
enum err link_flush(struct link *link, struct buf *out) MUST_USE;

#endif
