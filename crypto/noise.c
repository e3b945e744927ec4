/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/noise.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/keys.h"
#include "crypto/noise_internal.h"

static const char protocol_name[] = "Noise_IKpsk0_25519_ChaChaPoly_SHA256";

/* hs->step: how many messages are done, or that the handshake failed. */
enum { STEP_BEGUN = 0, STEP_FIRST = 1, STEP_SECOND = 2, STEP_FAILED = 3 };

enum { KEY_BYTES = 32, SEALED_KEY_BYTES = KEY_BYTES + NOISE_TAG_BYTES };

static struct bytes
view(const struct public_key *key)
{
    return bytes_of(key->bytes, sizeof(key->bytes));
}

/*
 * The prologue, the listener's static key (known beforehand), and the psk,
 * the first token of the first message: nothing of it depends on the message.
 */
static void
begin(struct noise_handshake *hs, const struct noise_options *options,
    const struct public_key *listener)
{
    noise_start(hs, protocol_name);
    noise_mix_hash(hs, options->prologue);
    noise_mix_hash(hs, view(listener));
    noise_mix_key_and_hash(hs, options->psk);
    hs->s = *options->local_static;
    hs->e = *options->ephemeral;
}

void
noise_init_dialler(
    struct noise_handshake *hs, const struct noise_options *options)
{
    assert(options->remote_static != NULL);
    *hs = (struct noise_handshake){.is_dialler = true};
    begin(hs, options, options->remote_static);
    hs->rs = *options->remote_static;
}

void
noise_init_listener(
    struct noise_handshake *hs, const struct noise_options *options)
{
    struct public_key own = {{0}};

    assert(options->remote_static == NULL);
    *hs = (struct noise_handshake){.is_dialler = false};
    keys_box_public(&own, options->local_static);
    begin(hs, options, &own);
}

/* Token e, in a handshake with a psk: hashed and mixed (section 9.2). */
static void
mix_ephemeral(struct noise_handshake *hs, const struct public_key *e)
{
    noise_mix_hash(hs, view(e));
    noise_mix_key(hs, e->bytes);
}

static void
write_ephemeral(struct noise_handshake *hs, struct buf *out)
{
    struct public_key e = {{0}};

    keys_box_public(&e, &hs->e);
    buf_put(out, e.bytes, sizeof(e.bytes));
    mix_ephemeral(hs, &e);
}

static enum err
write_static(struct noise_handshake *hs, struct buf *out)
{
    struct public_key s = {{0}};

    keys_box_public(&s, &hs->s);
    return noise_encrypt_and_hash(hs, view(&s), out);
}

/* psk (done), e, es, s, ss, payload. */
static enum err
write_first(struct noise_handshake *hs, struct bytes payload, struct buf *out)
{
    enum err rc = ERR_OK;

    write_ephemeral(hs, out);
    rc = noise_mix_agreement(hs, &hs->e, &hs->rs);
    if (rc == ERR_OK) {
        rc = write_static(hs, out);
    }
    if (rc == ERR_OK) {
        rc = noise_mix_agreement(hs, &hs->s, &hs->rs);
    }
    if (rc == ERR_OK) {
        rc = noise_encrypt_and_hash(hs, payload, out);
    }
    return rc;
}

/* e, ee, se, payload. */
static enum err
write_second(struct noise_handshake *hs, struct bytes payload, struct buf *out)
{
    enum err rc = ERR_OK;

    write_ephemeral(hs, out);
    rc = noise_mix_agreement(hs, &hs->e, &hs->re);
    if (rc == ERR_OK) {
        rc = noise_mix_agreement(hs, &hs->e, &hs->rs);
    }
    if (rc == ERR_OK) {
        rc = noise_encrypt_and_hash(hs, payload, out);
    }
    return rc;
}

static void
read_ephemeral(struct noise_handshake *hs, struct bytes message)
{
    memcpy(hs->re.bytes, message.data, sizeof(hs->re.bytes));
    mix_ephemeral(hs, &hs->re);
}

static enum err
read_static(struct noise_handshake *hs, struct bytes sealed)
{
    struct buf opened = {0};
    enum err rc = noise_decrypt_and_hash(hs, sealed, &opened);

    if (rc == ERR_OK) {
        memcpy(hs->rs.bytes, opened.data, sizeof(hs->rs.bytes));
    }
    buf_wipe(&opened);
    return rc;
}

static struct bytes
from(struct bytes message, size_t offset)
{
    return bytes_of(message.data + offset, message.size - offset);
}

static enum err
read_first(struct noise_handshake *hs, struct bytes message, struct buf *out)
{
    enum err rc = ERR_OK;

    read_ephemeral(hs, message);
    rc = noise_mix_agreement(hs, &hs->s, &hs->re);
    if (rc == ERR_OK) {
        rc = read_static(
            hs, bytes_of(message.data + KEY_BYTES, SEALED_KEY_BYTES));
    }
    if (rc == ERR_OK) {
        rc = noise_mix_agreement(hs, &hs->s, &hs->rs);
    }
    if (rc == ERR_OK) {
        rc = noise_decrypt_and_hash(
            hs, from(message, KEY_BYTES + SEALED_KEY_BYTES), out);
    }
    return rc;
}

static enum err
read_second(struct noise_handshake *hs, struct bytes message, struct buf *out)
{
    enum err rc = ERR_OK;

    read_ephemeral(hs, message);
    rc = noise_mix_agreement(hs, &hs->e, &hs->re);
    if (rc == ERR_OK) {
        rc = noise_mix_agreement(hs, &hs->s, &hs->re);
    }
    if (rc == ERR_OK) {
        rc = noise_decrypt_and_hash(hs, from(message, KEY_BYTES), out);
    }
    return rc;
}

/* One message further, or nothing left of the state and of the output. */
static enum err
advance(struct noise_handshake *hs, enum err rc, struct buf *out, size_t before)
{
    if (rc == ERR_OK) {
        hs->step++;
    } else {
        noise_wipe(hs);
        hs->step = STEP_FAILED;
        buf_truncate(out, before);
    }
    return rc;
}

enum err
noise_write(struct noise_handshake *hs, struct bytes payload, struct buf *out)
{
    size_t before = out->size;
    size_t overhead =
        hs->is_dialler ? NOISE_FIRST_OVERHEAD : NOISE_SECOND_OVERHEAD;
    enum err rc = ERR_OK;

    assert(hs->step == (hs->is_dialler ? STEP_BEGUN : STEP_FIRST));
    if (payload.size > NOISE_MESSAGE_BYTES_MAX - overhead) {
        rc = ERR_TOO_BIG;
    } else if (hs->is_dialler) {
        rc = write_first(hs, payload, out);
    } else {
        rc = write_second(hs, payload, out);
    }
    return advance(hs, rc, out, before);
}

enum err
noise_read(struct noise_handshake *hs, struct bytes message, struct buf *out)
{
    size_t before = out->size;
    size_t overhead =
        hs->is_dialler ? NOISE_SECOND_OVERHEAD : NOISE_FIRST_OVERHEAD;
    enum err rc = ERR_OK;

    assert(hs->step == (hs->is_dialler ? STEP_FIRST : STEP_BEGUN));
    if (message.size > NOISE_MESSAGE_BYTES_MAX) {
        rc = ERR_TOO_BIG;
    } else if (message.size < overhead) {
        rc = ERR_MALFORMED;
    } else if (hs->is_dialler) {
        rc = read_second(hs, message, out);
    } else {
        rc = read_first(hs, message, out);
    }
    return advance(hs, rc, out, before);
}

void
noise_split(struct noise_handshake *hs, struct noise_cipher *send,
    struct noise_cipher *receive, struct hash *handshake_hash)
{
    assert(hs->step == STEP_SECOND);
    *send = (struct noise_cipher){0};
    *receive = (struct noise_cipher){0};
    if (hs->is_dialler) {
        noise_split_keys(hs, &send->key, &receive->key);
    } else {
        noise_split_keys(hs, &receive->key, &send->key);
    }
    if (handshake_hash != NULL) {
        *handshake_hash = hs->h;
    }
    noise_wipe(hs);
}

void
noise_wipe(struct noise_handshake *hs)
{
    mem_wipe(hs, sizeof(*hs));
}
