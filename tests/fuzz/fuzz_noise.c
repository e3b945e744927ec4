/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handshake and one transport message, of any payloads: what is written is
 * read; the same with one byte altered is refused, and so is the input itself
 * in the place of each message.
 */
#include <assert.h>
#include <string.h>

#include "crypto/keys.h"
#include "crypto/noise.h"
#include "tests/fuzz/fuzz.h"

static const struct secret_key psk = {{1}};
static const struct secret_key statics[2] = {{{2}}, {{3}}};
static const struct secret_key ephemerals[2] = {{{4}}, {{5}}};

static void
begin(struct noise_handshake *hs, bool is_dialler)
{
    const size_t own = is_dialler ? 0 : 1;
    struct public_key listener = {{0}};
    struct noise_options options = {.prologue = bytes_text("corridor/1"),
        .psk = &psk,
        .local_static = &statics[own],
        .ephemeral = &ephemerals[own]};

    if (is_dialler) {
        keys_box_public(&listener, &statics[1]);
        options.remote_static = &listener;
        noise_init_dialler(hs, &options);
    } else {
        noise_init_listener(hs, &options);
    }
}

/* A copy of the state reads bytes that it must refuse. */
static void
check_refused(const struct noise_handshake *hs, struct bytes bytes)
{
    struct noise_handshake copy = *hs;
    struct buf out = {0};
    enum err rc = noise_read(&copy, bytes, &out);

    assert(rc != ERR_OK);
    assert(out.size == 0);
    buf_release(&out);
}

static void
check_damaged(
    const struct noise_handshake *hs, struct buf *message, size_t where)
{
    message->data[where % message->size] ^= 0x10;
    check_refused(hs, buf_bytes(message));
    message->data[where % message->size] ^= 0x10;
}

struct input {
    size_t where; /* the byte to damage */
    struct bytes payloads[2];
    struct bytes whole;
};

static void
exchange(struct noise_handshake *writer, struct noise_handshake *reader,
    const struct input *input, size_t turn)
{
    struct buf message = {0};
    struct buf payload = {0};
    enum err rc = noise_write(writer, input->payloads[turn], &message);

    assert(rc == ERR_OK);
    check_refused(reader, input->whole);
    check_damaged(reader, &message, input->where);
    rc = noise_read(reader, buf_bytes(&message), &payload);
    assert(rc == ERR_OK);
    assert(bytes_equal(buf_bytes(&payload), input->payloads[turn]));
    buf_release(&message);
    buf_release(&payload);
}

static void
transport(struct noise_cipher *send, struct noise_cipher *receive,
    const struct input *input)
{
    struct buf message = {0};
    struct buf text = {0};
    enum err rc = noise_encrypt(send, input->payloads[0], &message);

    assert(rc == ERR_OK);
    rc = noise_decrypt(receive, input->whole, &text);
    assert(rc != ERR_OK);
    message.data[input->where % message.size] ^= 0x10;
    rc = noise_decrypt(receive, buf_bytes(&message), &text);
    assert(rc != ERR_OK);
    message.data[input->where % message.size] ^= 0x10;
    assert(text.size == 0);
    rc = noise_decrypt(receive, buf_bytes(&message), &text);
    assert(rc == ERR_OK);
    assert(bytes_equal(buf_bytes(&text), input->payloads[0]));
    buf_release(&message);
    buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct noise_handshake dialler;
    struct noise_handshake listener;
    struct noise_cipher ciphers[4];
    struct input input = {.whole = bytes_of(data, size)};

    if (size < 2 || size > 4096) {
        return 0;
    }
    input.where = (size_t)data[0] << 8 | data[1];
    input.payloads[0] = bytes_of(data + 2, (size - 2) / 2);
    input.payloads[1] =
        bytes_of(data + 2 + (size - 2) / 2, (size - 2) - (size - 2) / 2);
    begin(&dialler, true);
    begin(&listener, false);
    exchange(&dialler, &listener, &input, 0);
    exchange(&listener, &dialler, &input, 1);
    noise_split(&dialler, &ciphers[0], &ciphers[1], NULL);
    noise_split(&listener, &ciphers[2], &ciphers[3], NULL);
    transport(&ciphers[0], &ciphers[3], &input);
    noise_rekey(&ciphers[2]);
    noise_rekey(&ciphers[1]);
    transport(&ciphers[2], &ciphers[1], &input);
    return 0;
}
