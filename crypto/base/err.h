/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error type. A code is chosen by what the caller will do about it;
 * `struct err_msg` carries the sentence for a person, in the outer layers
 * only (storage and node). Messages never hold personal data.
 */
#ifndef CORRIDOR_CRYPTO_BASE_ERR_H
#define CORRIDOR_CRYPTO_BASE_ERR_H

#include <assert.h>

#ifdef NDEBUG
#error "assertions are part of corridor: build without NDEBUG"
#endif

#define MUST_USE __attribute__((warn_unused_result))

enum err {
    ERR_OK = 0,
    ERR_NOMEM,         /* no memory: give up this piece of work */
    ERR_MALFORMED,     /* bytes that break their format: refuse them */
    ERR_TOO_BIG,       /* beyond a named limit: refuse */
    ERR_VERSION,       /* a format or version we do not know */
    ERR_BAD_SIGNATURE, /* a signature, tag or proof that does not hold */
    ERR_FORK,          /* two histories of one log: keep the evidence */
    ERR_GAP,           /* entries before these are missing: ask for them */
    ERR_DENIED,        /* the author or caller may not do that */
    ERR_NO_KEY,        /* the key has not come: keep as pending */
    ERR_STALE,         /* the caller has not seen the newest version */
    ERR_NOT_FOUND,     /* nothing there */
    ERR_EXISTS,        /* already there */
    ERR_FULL,          /* disk or map full: free room, try again */
    ERR_BUSY,          /* somebody else holds it: try later */
    ERR_CORRUPT,       /* our own disk holds what we never wrote */
    ERR_IO,            /* the system refused a read, write or socket */
    ERR_CONFIG,        /* the operator's settings or words are off */
    ERR_CLOSED,        /* the other side, or this one, has closed */
    ERR_COUNT
};

enum { ERR_MSG_SIZE = 320 };

struct err_msg {
    char text[ERR_MSG_SIZE]; /* a sentence, ended by NUL; "" when unset */
};

/* The code's own short words, for example "no space left"; never NULL. */
const char *err_text(enum err rc);

/*
 * Set *msg (may be NULL) from a printf format, cutting at its size and never
 * within a UTF-8 sequence. Returns rc, so that a fault is one line:
 *     return err_set(msg, ERR_IO, "open %s: %s", path, strerror(errno));
 */
enum err err_set(struct err_msg *msg, enum err rc, const char *format, ...)
    __attribute__((format(printf, 3, 4))) MUST_USE;

/* Put a printf prefix and ": " before what *msg (may be NULL) says. */
enum err err_prefix(struct err_msg *msg, enum err rc, const char *format, ...)
    __attribute__((format(printf, 3, 4))) MUST_USE;

/* Deliberate neglect of an error; the caller's comment gives the reason. */
static inline void
err_ignore(enum err rc)
{
    (void)rc;
}

#endif
