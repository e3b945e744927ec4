/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes what an office hands to an auditor, from fixed keys and with the
 * functions of crypto/ alone, for programs of others to verify.
 *
 *     audit_make OUT
 *     audit_make --flip FILE OFFSET      invert a bit; below 0: from the end
 *
 * In OUT, which must not be there:
 *     export/<node>/{cosigner, control/, changes/}    six logs
 *     old/<log>-<size>       older checkpoints of log 0, 1 …, and their vkey
 *     proofs/<log>-<index>.tlog-proof and .leaf; .extra with the leaf in it
 *     forks/<older>-<newer>, and their vkey
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "crypto/bundle.h"
#include "crypto/fork_file.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/proof_file.h"
#include "crypto/tile.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/crypto/tree.h"

enum {
    NODES = 3,
    LOGS = 2 * NODES,
    LEAF_BYTES = 68,
    PATH_BYTES = 512,
    LINE_BYTES = 512,
    FORKED_AT = 3,
    TIME = 1790000000
};

static const uint64_t sizes[LOGS] = {1, 600, 5, 257, 256, 70000};

/* Everything, for one run of the program. */
struct maker {
    const char *out;
    struct signer cosigners[NODES];
    char nodes[NODES][2 * sizeof(struct node_id) + 1];
    struct signer logs[LOGS];
    char folders[LOGS][PATH_BYTES]; /* below OUT */
    struct tile_builder builder;
    size_t log; /* that is being written */
};

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "audit_make: %s: %s\n", what, why);
    exit(1);
}

static void
demand(enum err rc, const char *what)
{
    if (rc != ERR_OK) {
        fail(what, err_text(rc));
    }
}

static void name(char out[PATH_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void
name(char out[PATH_BYTES], const char *format, ...)
{
    va_list arguments;
    int size = 0;

    va_start(arguments, format);
    size = vsnprintf(out, PATH_BYTES, format, arguments);
    va_end(arguments);
    if (size < 0 || size >= PATH_BYTES) {
        fail(format, "a path is too long");
    }
}

/* Write OUT/path, and the folders that it stands in. */
static void
put_file(const struct maker *maker, const char *path, struct bytes bytes)
{
    char whole[PATH_BYTES];
    FILE *file = NULL;

    name(whole, "%s/%s", maker->out, path);
    for (char *at = strchr(whole + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(whole, 0777) != 0 && errno != EEXIST) {
            fail(whole, strerror(errno));
        }
        *at = '/';
    }
    file = fopen(whole, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.size, file) != bytes.size ||
        fclose(file) != 0) {
        fail(whole, strerror(errno));
    }
}

/* The header and the body of entry `index`, and their leaf. */
static void
make_texts(char header[LINE_BYTES], char body[LINE_BYTES], uint64_t index)
{
    name(header, "header %" PRIu64, index);
    name(body, "body %" PRIu64, index);
}

static void
make_leaf(uint8_t out[LEAF_BYTES], uint64_t index)
{
    char header[LINE_BYTES];
    char body[LINE_BYTES];
    struct hash hash;

    make_texts(header, body, index);
    memset(out, 0, LEAF_BYTES);
    out[0] = 1;
    hash_sha256(&hash, bytes_text(header));
    memcpy(out + 4, hash.bytes, sizeof(hash.bytes));
    hash_sha256(&hash, bytes_text(body));
    memcpy(out + 36, hash.bytes, sizeof(hash.bytes));
}

static void
leaf_hash(struct hash *out, uint64_t index)
{
    uint8_t leaf[LEAF_BYTES];

    make_leaf(leaf, index);
    merkle_leaf(out, bytes_of(leaf, sizeof(leaf)));
}

static void
forked_leaf_hash(struct hash *out, uint64_t index)
{
    leaf_hash(out, index < FORKED_AT ? index : index + 1000000);
}

/* Node n signs with 32 bytes 10 + n, and cosigns with 20 + n. */
static void
init(struct maker *maker, const char *out)
{
    static const char *const kinds[] = {"control", "changes"};
    char corridor[2 * sizeof(struct corridor_id) + 1];

    maker->out = out;
    memset(corridor, 'c', sizeof(corridor) - 1);
    corridor[sizeof(corridor) - 1] = '\0';
    for (size_t n = 0; n < NODES; n++) {
        struct secret_key seed;
        struct public_key public;
        char text[NOTE_NAME_BYTES_MAX + 1];

        memset(seed.bytes, (int)(10 + n), sizeof(seed.bytes));
        keys_sign_public(&public, &seed);
        hex_encode(
            maker->nodes[n], bytes_of(public.bytes, sizeof(public.bytes)));
        snprintf(text, sizeof(text), "corridor.internal/%s/%s/cosigner",
            corridor, maker->nodes[n]);
        signer_init(
            &maker->cosigners[n], text, NOTE_COSIGNATURE, (uint8_t)(20 + n));
        for (size_t k = 0; k < 2; k++) {
            const size_t log = 2 * n + k;

            snprintf(text, sizeof(text), "corridor.internal/%s/%s/%s", corridor,
                maker->nodes[n], kinds[k]);
            signer_init(
                &maker->logs[log], text, NOTE_ED25519, (uint8_t)(10 + n));
            name(
                maker->folders[log], "export/%s/%s", maker->nodes[n], kinds[k]);
        }
    }
}

static void
put_key(const struct maker *maker, const char *path, const struct note_key *key)
{
    struct buf text = {0};

    note_key_format(&text, key);
    buf_put_u8(&text, '\n');
    demand(buf_err(&text), path);
    put_file(maker, path, buf_bytes(&text));
    buf_release(&text);
}

static void
put_tile(const struct maker *maker, const struct tile *tile, struct bytes bytes)
{
    char path[TILE_PATH_SIZE];
    char below[PATH_BYTES];

    tile_path_format(path, tile);
    name(below, "%s/%s", maker->folders[maker->log], path);
    put_file(maker, below, bytes);
}

/* The bundles that stand beside a tile of level 0. */
static void
put_bundles(const struct maker *maker, struct tile tile)
{
    struct buf entries = {0};
    struct buf headers = {0};

    for (unsigned i = 0; i < tile.width; i++) {
        const uint64_t index = tile.index * TILE_WIDTH + i;
        const enum bundle_body states[] = {
            BUNDLE_BODY_HERE, BUNDLE_BODY_HELD, BUNDLE_BODY_LACKING};
        struct bundle_header item = {.state = states[index % 3]};
        char header[LINE_BYTES];
        char body[LINE_BYTES];
        uint8_t leaf[LEAF_BYTES];

        make_texts(header, body, index);
        make_leaf(leaf, index);
        item.header = bytes_text(header);
        item.body = bytes_text(body);
        bundle_put(&entries, bytes_of(leaf, sizeof(leaf)));
        bundle_put_header(&headers, &item);
    }
    demand(buf_err(&entries), "entries");
    demand(buf_err(&headers), "headers");
    tile.kind = TILE_ENTRIES;
    put_tile(maker, &tile, buf_bytes(&entries));
    tile.kind = TILE_HEADERS;
    put_tile(maker, &tile, buf_bytes(&headers));
    buf_release(&entries);
    buf_release(&headers);
}

static enum err
take(void *context, const struct tile *tile, const struct hash *hashes)
{
    struct maker *maker = context;

    put_tile(maker, tile, bytes_of(hashes, tile->width * sizeof(*hashes)));
    if (tile->level == 0) {
        put_bundles(maker, *tile);
    }
    return ERR_OK;
}

/* A note of the log's, cosigned by the nodes other than its own. */
static void
put_cosigned(const struct maker *maker, const char *file, struct buf *note)
{
    char path[PATH_BYTES];
    const uint8_t *end = memchr(note->data, '=', note->size);
    const size_t text_size = (size_t)(end - note->data) + 2;
    struct buf text = {0};

    buf_put(&text, note->data, text_size); /* up to the root's line */
    for (size_t n = 0; n < NODES; n++) {
        if (n != maker->log / 2) {
            signer_cosign_text(
                note, &maker->cosigners[n], TIME + n, buf_bytes(&text));
        }
    }
    name(path, "%s/%s", maker->folders[maker->log], file);
    put_file(maker, path, buf_bytes(note));
    buf_release(&text);
}

static void
put_checkpoint(
    const struct maker *maker, uint64_t size, const struct hash *root)
{
    struct buf note = {0};

    signer_checkpoint(&note, &maker->logs[maker->log], size, root);
    put_cosigned(maker, "checkpoint", &note);
    buf_release(&note);
}

/* What others vouched for before, without the log's own signature. */
static void
put_vouched(const struct maker *maker, uint64_t size, const struct hash *root)
{
    struct checkpoint checkpoint = {.size = size, .root = *root};
    struct buf note = {0};
    char file[PATH_BYTES];

    memcpy(checkpoint.origin, maker->logs[maker->log].key.name,
        sizeof(checkpoint.origin));
    checkpoint_format(&note, &checkpoint);
    buf_put_u8(&note, '\n');
    name(file, "vouched/%" PRIu64, size);
    put_cosigned(maker, file, &note);
    buf_release(&note);
}

static void
put_log(struct maker *maker, size_t log)
{
    const struct tile_sink sink = {take, maker};
    struct hash hash;
    char path[PATH_BYTES];

    maker->log = log;
    tile_builder_init(&maker->builder, 0);
    for (uint64_t i = 0; i < sizes[log]; i++) {
        if (i > 0 && i == sizes[log] / 2) {
            tile_builder_root(&maker->builder, &hash);
            put_vouched(maker, i, &hash);
        }
        leaf_hash(&hash, i);
        demand(tile_builder_append(&maker->builder, &hash, &sink), "append");
    }
    demand(tile_builder_finish(&maker->builder, &sink), "finish");
    tile_builder_root(&maker->builder, &hash);
    put_checkpoint(maker, sizes[log], &hash);
    name(path, "%s/vkey", maker->folders[log]);
    put_key(maker, path, &maker->logs[log].key);
}

/* Proofs of the log's first, middle and last entry. */
static void
put_proofs(const struct maker *maker, size_t log, struct tree *tree)
{
    const struct merkle_source source = tree_source(tree);
    const uint64_t indices[] = {0, sizes[log] / 2, sizes[log] - 1};
    struct buf note = {0};
    struct hash root;

    tree_root(&root, tree, sizes[log]);
    signer_checkpoint(&note, &maker->logs[log], sizes[log], &root);
    for (size_t i = 0; i < 3; i++) {
        struct proof_file file = {
            .index = indices[i], .checkpoint = buf_bytes(&note)};
        struct buf text = {0};
        char path[PATH_BYTES];
        uint8_t leaf[LEAF_BYTES];
        const struct bytes leaf_bytes = bytes_of(leaf, sizeof(leaf));

        demand(merkle_prove_inclusion(
                   &file.proof, &source, indices[i], sizes[log]),
            "prove");
        make_leaf(leaf, indices[i]);
        name(path, "proofs/%zu-%" PRIu64 ".leaf", log, indices[i]);
        put_file(maker, path, leaf_bytes);
        demand(proof_file_write(&text, &file, bytes_of(NULL, 0)), "write");
        name(path, "proofs/%zu-%" PRIu64 ".tlog-proof", log, indices[i]);
        put_file(maker, path, buf_bytes(&text));
        buf_clear(&text);
        demand(proof_file_write(&text, &file, leaf_bytes), "write");
        name(path, "proofs/%zu-%" PRIu64 ".extra", log, indices[i]);
        put_file(maker, path, buf_bytes(&text));
        buf_release(&text);
    }
    buf_release(&note);
}

/* Checkpoints as they were when the log was smaller, or another log. */
static void
put_old(const struct maker *maker, size_t log, const struct tree *tree,
    const char *mark)
{
    for (uint64_t size = 1; size <= sizes[log]; size += 1 + size / 2) {
        struct hash root;
        struct buf note = {0};
        char path[PATH_BYTES];

        tree_root(&root, tree, size);
        signer_checkpoint(&note, &maker->logs[log], size, &root);
        name(path, "old/%zu-%" PRIu64 "%s", log, size, mark);
        put_file(maker, path, buf_bytes(&note));
        buf_release(&note);
    }
}

/* Evidence that log 0's key signed `left` at `older` and `kept` at `newer`. */
static void
put_fork(const struct maker *maker, struct tree *kept, struct tree *left,
    const uint64_t pair[2])
{
    const struct merkle_source source = tree_source(kept);
    struct fork_file file = {.proof = {.count = 0}};
    struct buf older = {0};
    struct buf newer = {0};
    struct buf text = {0};
    struct hash root;
    char path[PATH_BYTES];

    tree_root(&root, left, pair[0]);
    signer_checkpoint(&older, &maker->logs[0], pair[0], &root);
    tree_root(&root, kept, pair[1]);
    signer_checkpoint(&newer, &maker->logs[0], pair[1], &root);
    tree_root(&file.root, kept, pair[0]);
    demand(merkle_prove_consistency(&file.proof, &source, pair[0], pair[1]),
        "prove");
    file.older = buf_bytes(&older);
    file.newer = buf_bytes(&newer);
    demand(fork_file_write(&text, &file), "write");
    name(path, "forks/%" PRIu64 "-%" PRIu64, pair[0], pair[1]);
    put_file(maker, path, buf_bytes(&text));
    buf_release(&older);
    buf_release(&newer);
    buf_release(&text);
}

static void
put_beside(const struct maker *maker, size_t log)
{
    struct tree tree;
    struct tree left;
    char path[PATH_BYTES];

    tree_init(&tree, sizes[log], leaf_hash);
    tree_init(&left, sizes[log], forked_leaf_hash);
    put_proofs(maker, log, &tree);
    put_old(maker, log, &tree, "");
    put_old(maker, log, &left, "-forked");
    name(path, "old/%zu.vkey", log);
    put_key(maker, path, &maker->logs[log].key);
    tree_release(&tree);
    tree_release(&left);
}

static void
put_forks(const struct maker *maker)
{
    static const uint64_t pairs[][2] = {
        {4, 4}, {4, 9}, {5, 9}, {600, 600}, {256, 600}, {599, 600}};
    struct tree kept;
    struct tree left;

    tree_init(&kept, 600, leaf_hash);
    tree_init(&left, 600, forked_leaf_hash);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        put_fork(maker, &kept, &left, pairs[i]);
    }
    put_key(maker, "forks/vkey", &maker->logs[0].key);
    tree_release(&kept);
    tree_release(&left);
}

/* Invert the lowest bit of a byte. */
static int
flip(const char *path, const char *offset)
{
    FILE *file = fopen(path, "r+b");
    const long at = strtol(offset, NULL, 10);
    int byte = 0;

    if (file == NULL || fseek(file, at, at < 0 ? SEEK_END : SEEK_SET) != 0 ||
        (byte = fgetc(file)) == EOF || fseek(file, -1, SEEK_CUR) != 0 ||
        fputc(byte ^ 1, file) == EOF || fclose(file) != 0) {
        fail(path, "could not be changed there");
    }
    return 0;
}

int
main(int argc, char **argv)
{
    static struct maker maker;
    char path[PATH_BYTES];

    if (argc == 4 && strcmp(argv[1], "--flip") == 0) {
        return flip(argv[2], argv[3]);
    }
    if (argc != 2) {
        fail("usage", "audit_make OUT | --flip FILE OFFSET");
    }
    init(&maker, argv[1]);
    for (size_t n = 0; n < NODES; n++) {
        name(path, "export/%s/cosigner", maker.nodes[n]);
        put_key(&maker, path, &maker.cosigners[n].key);
    }
    for (size_t log = 0; log < LOGS; log++) {
        put_log(&maker, log);
        put_beside(&maker, log);
    }
    put_forks(&maker);
    return 0;
}
