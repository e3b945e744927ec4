/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keystore.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/flat.h"

/* The layout of the header: crypto/keystore.h. */
enum {
    AT_KIND = 8,
    AT_ARGON2 = 9,
    AT_ZERO = 10,
    AT_PASSES = 12,
    AT_KIB = 16,
    AT_SALT = 20,
    AT_NONCE = 36,
    HEADER_BYTES = 60,
    ARGON2_VERSION = 0x13,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

static const uint8_t magic[AT_KIND] = {'C', 'O', 'R', 'R', 'K', 'E', 'Y', '1'};
static const char label[] = "corridor/keystore/1";

enum {
    OFFICE_SECRETS = 1,
    NODE_SECRETS = 6,
    /* The heads of the array and of the label, and the label. */
    LABEL_BYTES = 2 + sizeof(label) - 1,
    SECRET_BYTES = 2 + sizeof(struct secret_key),
    PLAINTEXT_BYTES_MAX = LABEL_BYTES + SECRET_BYTES * NODE_SECRETS
};

static_assert(crypto_pwhash_argon2id_SALTBYTES == AT_NONCE - AT_SALT, "salt");
static_assert(
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == HEADER_BYTES - AT_NONCE,
    "nonce");
static_assert(
    sizeof(struct node_secrets) == NODE_SECRETS * sizeof(struct secret_key),
    "a node's secrets are six keys and nothing else");
static_assert(
    HEADER_BYTES + PLAINTEXT_BYTES_MAX + TAG_BYTES <= KEYSTORE_BYTES_MAX,
    "a keystore fits its limit");
static_assert(KEYSTORE_KIB_MIN * 1024 >= crypto_pwhash_argon2id_MEMLIMIT_MIN,
    "libsodium takes our least memory");

/* What is secret while we work: in guarded memory, and one allocation. */
struct work {
    struct secret_key key;
    struct secret_key secrets[NODE_SECRETS];
    uint8_t plaintext[PLAINTEXT_BYTES_MAX];
};

void
keystore_options_random(struct keystore_options *out)
{
    *out = (struct keystore_options){
        .passes = KEYSTORE_PASSES, .kib = KEYSTORE_KIB};
    keys_random(out->salt, sizeof(out->salt));
    keys_random(out->nonce, sizeof(out->nonce));
}

/* Compared before any work is done for them. */
static enum err
check_cost(uint32_t passes, uint32_t kib, struct bytes passphrase)
{
    if (passes > KEYSTORE_PASSES_MAX || kib > KEYSTORE_KIB_MAX ||
        passphrase.size > PASSPHRASE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    if (passes < KEYSTORE_PASSES_MIN || kib < KEYSTORE_KIB_MIN) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/*
 * Argon2id (RFC 9106) of one lane. libsodium calls its passes opslimit and
 * its memory memlimit, in bytes.
 */
static enum err
derive(struct secret_key *out, struct bytes passphrase, const uint8_t *header)
{
    size_t memlimit = (size_t)num_load_u32(header + AT_KIB) * 1024;
    int rc = crypto_pwhash_argon2id(out->bytes, sizeof(out->bytes),
        passphrase.size == 0 ? "" : (const char *)passphrase.data,
        passphrase.size, header + AT_SALT, num_load_u32(header + AT_PASSES),
        memlimit, crypto_pwhash_argon2id_ALG_ARGON2ID13);

    /* The costs are within its limits: only memory can be wanting. */
    return rc == 0 ? ERR_OK : ERR_NOMEM;
}

/* What a file holds; of secrets to come, only how many. */
struct contents {
    enum keystore_kind kind;
    size_t count;
    const struct secret_key *secrets;
};

static void
put_header(uint8_t out[HEADER_BYTES], enum keystore_kind kind,
    const struct keystore_options *options)
{
    memset(out, 0, HEADER_BYTES);
    memcpy(out, magic, sizeof(magic));
    out[AT_KIND] = (uint8_t)kind;
    out[AT_ARGON2] = ARGON2_VERSION;
    num_store_u32(out + AT_PASSES, options->passes);
    num_store_u32(out + AT_KIB, options->kib);
    memcpy(out + AT_SALT, options->salt, sizeof(options->salt));
    memcpy(out + AT_NONCE, options->nonce, sizeof(options->nonce));
}

static struct bytes
put_plaintext(struct work *work, const struct contents *contents)
{
    struct flat flat = flat_array(
        work->plaintext, sizeof(work->plaintext), 1 + contents->count, label);

    for (size_t i = 0; i < contents->count; i++) {
        flat_32(&flat, contents->secrets[i].bytes);
    }
    return flat_bytes(&flat);
}

static enum err
seal_contents(struct buf *out, const struct contents *contents,
    struct bytes passphrase, const struct keystore_options *options)
{
    struct work *work = NULL;
    struct bytes plaintext = {0};
    uint8_t header[HEADER_BYTES];
    uint8_t *room = NULL;
    enum err rc = check_cost(options->passes, options->kib, passphrase);

    if (rc != ERR_OK) {
        return rc;
    }
    work = mem_secret_alloc(sizeof(*work));
    if (work == NULL) {
        return ERR_NOMEM;
    }
    put_header(header, contents->kind, options);
    rc = derive(&work->key, passphrase, header);
    if (rc != ERR_OK) {
        goto out;
    }
    plaintext = put_plaintext(work, contents);
    room = buf_extend(out, HEADER_BYTES + plaintext.size + TAG_BYTES);
    if (room == NULL) {
        rc = buf_err(out);
        goto out;
    }
    memcpy(room, header, HEADER_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(room + HEADER_BYTES, NULL,
        plaintext.data, plaintext.size, header, HEADER_BYTES, NULL,
        header + AT_NONCE, work->key.bytes);
out:
    mem_secret_free(work);
    return rc;
}

static size_t
sealed_size(size_t count)
{
    return HEADER_BYTES + LABEL_BYTES + SECRET_BYTES * count + TAG_BYTES;
}

/* All that can be known of a file without the passphrase. */
static enum err
check_header(struct bytes sealed, enum keystore_kind kind, size_t count)
{
    const uint8_t *header = sealed.data;

    if (sealed.size > KEYSTORE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    if (sealed.size < HEADER_BYTES) {
        return ERR_MALFORMED;
    }
    if (memcmp(header, magic, sizeof(magic)) != 0 ||
        header[AT_KIND] != (uint8_t)kind ||
        header[AT_ARGON2] != ARGON2_VERSION) {
        return ERR_VERSION;
    }
    if (header[AT_ZERO] != 0 || header[AT_ZERO + 1] != 0 ||
        sealed.size != sealed_size(count)) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

static enum err
get_plaintext(struct work *work, size_t size, size_t count)
{
    struct cursor cursor = cursor_init(bytes_of(work->plaintext, size));
    size_t items = cbor_get_array(&cursor);
    struct bytes name = cbor_get_text(&cursor);

    if (!cursor.failed && !bytes_equal(name, bytes_text(label))) {
        return ERR_VERSION;
    }
    if (items != 1 + count) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        cbor_get_fixed(
            &cursor, work->secrets[i].bytes, sizeof(work->secrets[i].bytes));
    }
    return cursor_end(&cursor);
}

static enum err
decrypt(struct work *work, struct bytes sealed, size_t count)
{
    size_t size = sealed.size - HEADER_BYTES - TAG_BYTES;

    assert(size <= sizeof(work->plaintext));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(work->plaintext, NULL, NULL,
            sealed.data + HEADER_BYTES, sealed.size - HEADER_BYTES, sealed.data,
            HEADER_BYTES, sealed.data + AT_NONCE, work->key.bytes) != 0) {
        return ERR_DENIED;
    }
    return get_plaintext(work, size, count);
}

/* Open a file of `kind` with `count` secrets into an array of them. */
static enum err
open_secrets(struct secret_key *out, const struct contents *expected,
    struct bytes sealed, struct bytes passphrase)
{
    struct work *work = NULL;
    enum err rc = check_header(sealed, expected->kind, expected->count);

    if (rc == ERR_OK) {
        rc = check_cost(num_load_u32(sealed.data + AT_PASSES),
            num_load_u32(sealed.data + AT_KIB), passphrase);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    work = mem_secret_alloc(sizeof(*work));
    if (work == NULL) {
        return ERR_NOMEM;
    }
    rc = derive(&work->key, passphrase, sealed.data);
    if (rc == ERR_OK) {
        rc = decrypt(work, sealed, expected->count);
    }
    if (rc == ERR_OK) {
        memcpy(out, work->secrets, expected->count * sizeof(*out));
    }
    mem_secret_free(work);
    return rc;
}

enum err
keystore_seal_node(struct buf *out, const struct node_secrets *in,
    struct bytes passphrase, const struct keystore_options *options)
{
    const struct contents contents = {.kind = KEYSTORE_NODE,
        .count = NODE_SECRETS,
        .secrets = (const void *)in};

    return seal_contents(out, &contents, passphrase, options);
}

enum err
keystore_seal_office(struct buf *out, const struct secret_key *seed,
    struct bytes passphrase, const struct keystore_options *options)
{
    const struct contents contents = {
        .kind = KEYSTORE_OFFICE, .count = OFFICE_SECRETS, .secrets = seed};

    return seal_contents(out, &contents, passphrase, options);
}

enum err
keystore_open_node(
    struct node_secrets *out, struct bytes sealed, struct bytes passphrase)
{
    const struct contents expected = {
        .kind = KEYSTORE_NODE, .count = NODE_SECRETS};

    return open_secrets((void *)out, &expected, sealed, passphrase);
}

enum err
keystore_open_office(
    struct secret_key *out, struct bytes sealed, struct bytes passphrase)
{
    const struct contents expected = {
        .kind = KEYSTORE_OFFICE, .count = OFFICE_SECRETS};

    return open_secrets(out, &expected, sealed, passphrase);
}
