/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/floor.h"

#include <check.h>
#include <lmdb.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "sync/packs/packs.h"

enum {
    TAG_BYTES = 16,
    KEY_BYTES = 18,
    ROW_FIXED_BYTES = 35,
    RECORD_BYTES = 320 /* a case's row, about */
};

/* The padded plaintexts of all items, one behind another. */
struct padded {
    struct buf bytes;
    size_t *ends;
};

static struct bytes
padded_get(const struct padded *padded, size_t n)
{
    size_t start = n == 0 ? 0 : padded->ends[n - 1];

    return bytes_of(padded->bytes.data + start, padded->ends[n] - start);
}

static void
pack_all(const struct work *work, struct codec *codec, struct padded *out)
{
    struct buf plain = {0};

    *out = (struct padded){.bytes = {.limit = SIZE_MAX}};
    out->ends = mem_zalloc(work->count + 1, sizeof(*out->ends));
    ck_assert_ptr_nonnull(out->ends);
    for (size_t i = 0; i < work->count; i++) {
        buf_clear(&plain);
        work_plain(work, i, &plain);
        ck_assert_int_eq(
            codec_pack(codec, &out->bytes, buf_bytes(&plain)), ERR_OK);
        out->ends[i] = out->bytes.size;
    }
    buf_release(&plain);
}

/* Four hashes an entry: header, body, leaf, and a node above it. */
static double
time_hashes(const struct bench_batches *batches)
{
    double spent = 0;

    for (size_t n = 0; n < batches->count; n++) {
        struct batch batch = {0};
        struct hash hash = {{0}};
        uint8_t leaf[ENTRY_LEAF_BYTES + 1] = {0};
        uint8_t node[65] = {1};
        double start = 0;

        ck_assert_int_eq(batch_decode(&batch, bench_batch(batches, n)), ERR_OK);
        start = bench_cpu();
        for (size_t i = 0; i < batch.count; i++) {
            hash_sha256(&hash, batch.entries[i].header);
            memcpy(leaf + 5, hash.bytes, 32);
            hash_sha256(&hash, batch.entries[i].body);
            memcpy(leaf + 37, hash.bytes, 32);
            hash_sha256(&hash, bytes_of(leaf, sizeof(leaf)));
            memcpy(node + 1, hash.bytes, 32);
            hash_sha256(&hash, bytes_of(node, sizeof(node)));
        }
        spent += bench_cpu() - start;
        batch_release(&batch);
    }
    return spent;
}

static void
open_one(const uint8_t *sealed, size_t size, uint8_t *room)
{
    static const uint8_t key[32] = {7};
    static const uint8_t nonce[24] = {9};
    unsigned long long length = 0;

    ck_assert(crypto_aead_xchacha20poly1305_ietf_decrypt(
                  room, &length, NULL, sealed, size, NULL, 0, nonce, key) == 0);
}

static size_t
seal_one(uint8_t *out, const uint8_t *plain, size_t size)
{
    static const uint8_t key[32] = {7};
    static const uint8_t nonce[24] = {9};
    unsigned long long length = 0;

    crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, &length, plain, size, NULL, 0, NULL, nonce, key);
    return (size_t)length;
}

/* Open every body, and for each new record a wrapped key. */
static double
time_aeads(const struct work *work, const struct padded *padded)
{
    uint8_t *sealed = malloc(padded->bytes.size + work->count * TAG_BYTES + 1);
    uint8_t *room = malloc(ENTRY_BODY_BYTES_MAX);
    uint8_t wrapped[32 + TAG_BYTES];
    uint8_t content[32] = {0};
    const uint8_t *at = sealed;
    double start = 0;
    size_t size = 0;

    ck_assert(sealed != NULL && room != NULL);
    seal_one(wrapped, content, sizeof(content));
    for (size_t i = 0; i < work->count; i++) {
        struct bytes plain = padded_get(padded, i);

        size += seal_one(sealed + size, plain.data, plain.size);
    }
    start = bench_cpu();
    for (size_t i = 0; i < work->count; i++) {
        size_t each = padded_get(padded, i).size + TAG_BYTES;

        open_one(at, each, room);
        at += each;
        if (work->items[i].is_new) {
            open_one(wrapped, sizeof(wrapped), content);
        }
    }
    start = bench_cpu() - start;
    free(sealed);
    free(room);
    return start;
}

static double
time_frames(
    const struct work *work, struct codec *codec, const struct padded *padded)
{
    struct buf plain = {0};
    double start = bench_cpu();

    for (size_t i = 0; i < work->count; i++) {
        buf_clear(&plain);
        ck_assert_int_eq(
            codec_unpack(codec, &plain, padded_get(padded, i)), ERR_OK);
    }
    start = bench_cpu() - start;
    buf_release(&plain);
    return start;
}

/* A bare environment with two tables. */
struct bare {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi entries;
    MDB_dbi records;
};

static void
bare_open(struct bare *bare, const char *dir)
{
    ck_assert_int_eq(mdb_env_create(&bare->env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(bare->env, 4), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(bare->env, (size_t)2 << 30), 0);
    ck_assert_int_eq(mdb_env_open(bare->env, dir, 0, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(bare->env, NULL, 0, &bare->txn), 0);
    ck_assert_int_eq(
        mdb_dbi_open(bare->txn, "e", MDB_CREATE, &bare->entries), 0);
    ck_assert_int_eq(
        mdb_dbi_open(bare->txn, "r", MDB_CREATE, &bare->records), 0);
    ck_assert_int_eq(mdb_txn_commit(bare->txn), 0);
}

static void
bare_append(struct bare *bare, uint64_t number, const struct entry *entry)
{
    uint8_t key[8];
    size_t nodes = 1;
    MDB_val k = {sizeof(key), key};
    MDB_val v = {0, NULL};
    uint8_t *at = NULL;

    while ((number >> (nodes - 1) & 1) != 0) {
        nodes++;
    }
    num_store_u64(key, number);
    v.mv_size =
        ROW_FIXED_BYTES + 32 * nodes + entry->header.size + entry->body.size;
    ck_assert_int_eq(
        mdb_put(bare->txn, bare->entries, &k, &v, MDB_APPEND | MDB_RESERVE), 0);
    at = v.mv_data;
    memset(at, 0, ROW_FIXED_BYTES + 32 * nodes);
    at += ROW_FIXED_BYTES + 32 * nodes;
    memcpy(at, entry->header.data, entry->header.size);
    memcpy(at + entry->header.size, entry->body.data, entry->body.size);
}

static int
compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_BYTES);
}

/* The records that items [from, to) touch, sorted, each sealed and put. */
static size_t
bare_put(struct bare *bare, const struct work *work, size_t from, size_t to)
{
    static const uint8_t row[RECORD_BYTES] = {1};
    uint8_t sealed[RECORD_BYTES + TAG_BYTES];
    uint8_t *keys = calloc(to - from + 1, KEY_BYTES);
    size_t puts = 0;

    ck_assert_ptr_nonnull(keys);
    for (size_t i = from; i < to; i++) {
        memcpy(keys + (i - from) * KEY_BYTES + 2,
            work->ids[work->items[i].slot].bytes, 16);
    }
    qsort(keys, to - from, KEY_BYTES, compare_keys);
    for (size_t i = 0; i < to - from; i++) {
        uint8_t *key = keys + i * KEY_BYTES;
        MDB_val k = {KEY_BYTES, key};
        MDB_val v = {sizeof(sealed), sealed};

        if (i > 0 && memcmp(key, key - KEY_BYTES, KEY_BYTES) == 0) {
            continue;
        }
        seal_one(sealed, row, sizeof(row));
        ck_assert_int_eq(mdb_put(bare->txn, bare->records, &k, &v, 0), 0);
        puts++;
    }
    free(keys);
    return puts;
}

/* Entries and records into a bare environment, commit by commit. */
static void
time_storage(
    struct floor *out, const struct floor_input *input, const char *dir)
{
    struct bare bare = {0};
    struct batch batch = {0};
    size_t next = 0;
    size_t done = 0;
    size_t put = 0;
    size_t at = 0;

    bare_open(&bare, dir);
    for (size_t c = 0; c < input->commit_count; c++) {
        size_t end = input->commits[c];
        /* An item with sealed fields makes two changes. */
        size_t items = (size_t)((double)end / (double)input->batches->entries *
                                (double)input->work->count);
        double start = bench_cpu();

        ck_assert_int_eq(mdb_txn_begin(bare.env, NULL, 0, &bare.txn), 0);
        for (; done < end; done++, at++) {
            if (at == batch.count) {
                batch_release(&batch);
                ck_assert_int_eq(
                    batch_decode(&batch, bench_batch(input->batches, next)),
                    ERR_OK);
                next++;
                at = 0;
            }
            bare_append(&bare, done, &batch.entries[at]);
        }
        out->append_s += bench_cpu() - start;
        start = bench_cpu();
        out->puts += bare_put(&bare, input->work, put, items);
        put = items;
        ck_assert_int_eq(mdb_txn_commit(bare.txn), 0);
        out->put_s += bench_cpu() - start;
    }
    batch_release(&batch);
    mdb_env_close(bare.env);
}

void
floor_measure(
    struct floor *out, const struct floor_input *input, const char *dir)
{
    struct codec *codec = NULL;
    struct padded padded;

    *out = (struct floor){0};
    ck_assert_int_eq(codec_new(&codec, PACK_DICTIONARY_MEKONG,
                         *pack_dictionary(PACK_DICTIONARY_MEKONG)),
        ERR_OK);
    pack_all(input->work, codec, &padded);
    out->hash_s = time_hashes(input->batches);
    out->aead_s = time_aeads(input->work, &padded);
    out->zstd_s = time_frames(input->work, codec, &padded);
    time_storage(out, input, dir);
    codec_free(codec);
    buf_release(&padded.bytes);
    mem_free(padded.ends);
}

double
floor_sum(const struct floor *floor)
{
    return floor->hash_s + floor->aead_s + floor->zstd_s + floor->append_s +
           floor->put_s;
}
