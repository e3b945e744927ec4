/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the dictionary that changes are compressed with, and measures it.
 *     train_dict train > sync/packs/mekong-1.dict.b64
 *     train_dict measure
 * The latter fails when the dictionary is not worth having.
 *
 * The dictionary is a constant of the protocol (docs/schema.md,
 * "Dictionaries"): once nodes run with it, another one needs another number.
 * Training and measuring use files of different seeds.
 */
#define ZDICT_STATIC_LINKING_ONLY

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zdict.h>

#include "crypto/base/mem.h"
#include "sync/model/change.h"
#include "sync/packs/packs.h"
#include "tests/tools/sample_changes.h"

enum {
    DICTIONARY_ID = 1,
    DICTIONARY_SIZE = 16 * 1024,
    LEVEL = 1,
    TRAIN_SEEDS = 8,
    TRAIN_FILES = 1500, /* of each seed */
    TRAIN_SEED = 0x7261696e,
    MEASURE_FILES = 2000,
    MEASURE_SEED = 0x65617375,
    LINE_BYTES = 57 /* 76 characters of base64 */
};

static enum err
gather(struct sample_changes *out, uint64_t seed, uint64_t files)
{
    struct prng prng = prng_init(seed);
    struct schema *schema = NULL;
    enum err rc = schema_parse(*pack_text("mekong"), &schema, NULL);

    for (uint64_t i = 0; i < files && rc == ERR_OK; i++) {
        rc = sample_changes_add(out, schema, seed, i, &prng);
    }
    schema_free(schema);
    return rc;
}

static void
print_base64(const uint8_t *data, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned bits = (unsigned)data[i] << 16;

        bits |= left > 1 ? (unsigned)data[i + 1] << 8 : 0;
        bits |= left > 2 ? (unsigned)data[i + 2] : 0;
        putchar(digits[bits >> 18]);
        putchar(digits[bits >> 12 & 63]);
        putchar(left > 1 ? digits[bits >> 6 & 63] : '=');
        putchar(left > 2 ? digits[bits & 63] : '=');
        if ((i + 3) % LINE_BYTES == 0 || left <= 3) {
            putchar('\n');
        }
    }
}

/* Train on changes whose sizes are given. */
static enum err
train_on(const struct sample_changes *changes)
{
    ZDICT_fastCover_params_t params = {0};
    size_t *sizes = mem_zalloc(changes->count, sizeof(*sizes));
    uint8_t *dictionary = mem_zalloc(1, DICTIONARY_SIZE);
    size_t size = 0;
    enum err rc = ERR_NOMEM;

    if (sizes == NULL || dictionary == NULL) {
        goto out;
    }
    for (size_t i = 0; i < changes->count; i++) {
        sizes[i] = sample_changes_get(changes, i).size;
    }
    params.d = 8;
    params.steps = 40;
    params.nbThreads = 1;
    params.zParams.compressionLevel = LEVEL;
    params.zParams.dictID = DICTIONARY_ID;
    size = ZDICT_optimizeTrainFromBuffer_fastCover(dictionary, DICTIONARY_SIZE,
        changes->bytes.data, sizes, (unsigned)changes->count, &params);
    if (ZDICT_isError(size)) {
        fprintf(stderr, "train_dict: %s\n", ZDICT_getErrorName(size));
        goto out;
    }
    fprintf(stderr, "%zu changes, %zu bytes: dictionary of %zu (k %u)\n",
        changes->count, changes->bytes.size, size, params.k);
    print_base64(dictionary, size);
    rc = ERR_OK;
out:
    mem_free(sizes);
    mem_free(dictionary);
    return rc;
}

static enum err
train(void)
{
    struct sample_changes changes = {0};
    enum err rc = ERR_OK;

    for (uint64_t i = 0; i < TRAIN_SEEDS && rc == ERR_OK; i++) {
        rc = gather(&changes, TRAIN_SEED + i, TRAIN_FILES);
    }
    if (rc == ERR_OK) {
        rc = train_on(&changes);
    }
    sample_changes_release(&changes);
    return rc;
}

/* The bytes of all padded frames under a dictionary; number 0 is none. */
static enum err
packed_size(
    const struct sample_changes *changes, uint32_t dictionary, size_t *out)
{
    struct codec *codec = NULL;
    struct buf frames = {0};
    struct bytes none = {NULL, 0};
    enum err rc = codec_new(&codec, dictionary,
        dictionary == 0 ? none : *pack_dictionary(dictionary));

    for (size_t i = 0; i < changes->count && rc == ERR_OK; i++) {
        rc = codec_pack(codec, &frames, sample_changes_get(changes, i));
    }
    *out = frames.size;
    buf_release(&frames);
    codec_free(codec);
    return rc;
}

static enum err
measure(void)
{
    struct sample_changes changes = {0};
    size_t with = 0;
    size_t without = 0;
    enum err rc = gather(&changes, MEASURE_SEED, MEASURE_FILES);

    if (rc == ERR_OK) {
        rc = packed_size(&changes, 0, &without);
    }
    if (rc == ERR_OK) {
        rc = packed_size(&changes, DICTIONARY_ID, &with);
    }
    if (rc == ERR_OK) {
        double count = (double)changes.count;

        printf("%zu changes: plain %.1f, padded %.1f without and %.1f with "
               "the dictionary, bytes each\n",
            changes.count, (double)changes.bytes.size / count,
            (double)without / count, (double)with / count);
        /* Less than a third saved: samples and dictionary have parted. */
        rc = with > without / 3 * 2 ? ERR_TOO_BIG : ERR_OK;
    }
    sample_changes_release(&changes);
    return rc;
}

int
main(int argc, char **argv)
{
    enum err rc = ERR_CONFIG;

    if (argc == 2 && strcmp(argv[1], "train") == 0) {
        rc = train();
    } else if (argc == 2 && strcmp(argv[1], "measure") == 0) {
        rc = measure();
    } else {
        fprintf(stderr, "usage: train_dict train|measure\n");
    }
    if (rc != ERR_OK) {
        fprintf(stderr, "train_dict: %s\n", err_text(rc));
    }
    return rc == ERR_OK ? 0 : 1;
}
