/* SPDX-License-Identifier: Apache-2.0 */
/* Published logs, read with notes, checkpoints and Merkle trees together. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/bundle.h"
#include "crypto/proof_file.h"
#include "crypto/tile.h"
#include "crypto/witness_request.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

/* Read and verify a signed checkpoint. */
static enum err
open_checkpoint(struct checkpoint *out, struct bytes encoded, const char *vkey)
{
    struct note note;
    struct note_key key;
    enum err rc = note_parse(&note, encoded);

    ck_assert_int_eq(note_key_parse(&key, bytes_text(vkey)), ERR_OK);
    if (rc == ERR_OK) {
        rc = note_verify(&note, &key, 1, NULL);
    }
    return rc == ERR_OK ? checkpoint_parse(out, note.text) : rc;
}

/* The first line of a file, without its newline. */
static void
first_line(const char *path, char *out, size_t size)
{
    struct buf buf = {0};
    size_t i = 0;

    vectors_file(path, &buf);
    for (; i < buf.size && buf.data[i] != '\n'; i++) {
        ck_assert_uint_lt(i, size - 1);
        out[i] = (char)buf.data[i];
    }
    out[i] = '\0';
    buf_release(&buf);
}

/* What a file under tiles/tessera-testdata holds. */
static void
tessera_file(struct buf *out, const char *format, int number)
{
    char path[128];
    int length = snprintf(
        path, sizeof(path), "tiles/tessera-testdata/%s%d", format, number);

    ck_assert_int_lt(length, (int)sizeof(path));
    vectors_file(path, out);
}

/* The log that a file holds as its one tile. */
struct one_tile {
    struct tile_builder builder;
    const struct buf *want;
    unsigned taken;
};

static enum err
expect_tile(void *context, const struct tile *tile, const struct hash *hashes)
{
    struct one_tile *log = context;

    ck_assert_uint_eq(tile->level, 0);
    ck_assert_uint_eq(tile->index, 0);
    ck_assert(bytes_equal(
        bytes_of(hashes, tile->width * sizeof(*hashes)), buf_bytes(log->want)));
    log->taken++;
    return ERR_OK;
}

/* Build the tree of an entry bundle that holds `count`. */
static void
grow_from_bundle(struct one_tile *log, int count, struct bytes bundle)
{
    const struct tile_sink sink = {expect_tile, log};
    struct cursor cursor = cursor_init(bundle);

    tile_builder_init(&log->builder, 0);
    for (int i = 0; i < count; i++) {
        struct hash leaf;

        merkle_leaf(&leaf, bundle_next(&cursor));
        ck_assert_int_eq(
            tile_builder_append(&log->builder, &leaf, &sink), ERR_OK);
    }
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    ck_assert_int_eq(tile_builder_finish(&log->builder, &sink), ERR_OK);
    ck_assert_uint_eq(log->taken, count > 0);
}

START_TEST(each_published_checkpoint_is_the_tree_of_its_entries)
{
    struct buf tile = {0};
    struct buf bundle = {0};
    struct buf encoded = {0};
    struct one_tile log = {.want = &tile};
    struct checkpoint checkpoint;
    struct hash root;
    char vkey[256];

    first_line("tiles/tessera-testdata.vkey", vkey, sizeof(vkey));
    if (_i > 0) { /* there are no empty tiles */
        tessera_file(&bundle, "tile/entries/000.p/", _i);
        tessera_file(&tile, "tile/0/000.p/", _i);
    }
    tessera_file(&encoded, "checkpoint.", _i);
    grow_from_bundle(&log, _i, buf_bytes(&bundle));
    ck_assert_int_eq(
        open_checkpoint(&checkpoint, buf_bytes(&encoded), vkey), ERR_OK);
    tile_builder_root(&log.builder, &root);
    ck_assert_uint_eq(checkpoint.size, (uint64_t)_i);
    ck_assert(hash_equal(&checkpoint.root, &root));
    buf_release(&encoded);
    buf_release(&bundle);
    buf_release(&tile);
}
END_TEST

START_TEST(the_published_entry_is_in_the_published_log)
{
    struct buf encoded = {0};
    struct buf entry = {0};
    struct proof_file file;
    struct checkpoint_note note;
    struct note_key log;
    struct note_key witness;
    const struct checkpoint_keys keys = {&log, &witness, 1};
    char vkey[256];

    first_line("tlog-proof/oak.vkey", vkey, sizeof(vkey));
    ck_assert_int_eq(note_key_parse(&log, bytes_text(vkey)), ERR_OK);
    first_line("tlog-proof/oak.witness.vkey", vkey, sizeof(vkey));
    ck_assert_int_eq(note_key_parse(&witness, bytes_text(vkey)), ERR_OK);
    vectors_file("tlog-proof/oak.tlog-proof", &encoded);
    vectors_file("tlog-proof/oak.entry", &entry);
    ck_assert_int_eq(proof_file_read(&file, buf_bytes(&encoded)), ERR_OK);
    ck_assert_uint_eq(file.index, 3);
    ck_assert_int_eq(
        proof_file_verify(&file, buf_bytes(&entry), &keys, &note), ERR_OK);
    ck_assert_uint_eq(note.cosigned_count, 1);
    ck_assert_uint_eq(note.unknown_count, 0);
    file.index = 2;
    ck_assert_int_eq(proof_file_verify(&file, buf_bytes(&entry), &keys, &note),
        ERR_BAD_SIGNATURE);
    buf_release(&entry);
    buf_release(&encoded);
}
END_TEST

/* A witness of one log, as tlog-witness describes it. */
struct witness {
    const char *vkey;
    const char *origin;
    struct checkpoint newest;
};

/* Judge one add-checkpoint request; 200 moves the witness on. */
static int
add_checkpoint(struct witness *witness, struct bytes request)
{
    struct witness_request read;
    struct checkpoint checkpoint;
    struct merkle_claim newer = {.root = &checkpoint.root};

    ck_assert_int_eq(witness_request_read(&read, request), ERR_OK);
    if (read.checkpoint.size < strlen(witness->origin) ||
        memcmp(read.checkpoint.data, witness->origin,
            strlen(witness->origin)) != 0) {
        return 404;
    }
    /* A signature whose base64 has bits left over is among the bad ones. */
    if (open_checkpoint(&checkpoint, read.checkpoint, witness->vkey) !=
        ERR_OK) {
        return 403;
    }
    if (read.old_size != witness->newest.size) {
        return 409;
    }
    newer.size = checkpoint.size;
    if (merkle_verify_consistency(read.old_size, &witness->newest.root, &newer,
            &read.proof) != ERR_OK) {
        return 422;
    }
    witness->newest = checkpoint;
    return 200;
}

START_TEST(published_requests_to_a_witness_get_the_published_answers)
{
    json_t *json = vectors_json("checkpoint/add-checkpoint.json");
    const json_t *requests = json_object_get(json, "requests");
    const json_t *request = NULL;
    const struct merkle_edge nothing = {0};
    struct witness witness = {.vkey = vectors_text(json, "log_vkey"),
        .origin = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5"
                  "211d9e1ce768b0ff0309e562\n"};
    size_t i = 0;

    merkle_root(&witness.newest.root, &nothing);
    ck_assert_uint_eq(json_array_size(requests), 9);
    json_array_foreach(requests, i, request)
    {
        const json_t *status = json_object_get(request, "http_status");

        ck_assert_int_eq(add_checkpoint(&witness,
                             bytes_text(vectors_text(request, "request"))),
            (int)json_number_value(status));
    }
    ck_assert_uint_eq(witness.newest.size, 5);
    json_decref(json);
}
END_TEST

static Suite *
logs_suite(void)
{
    Suite *suite = suite_create("published_logs");
    TCase *logs = tcase_create("logs");

    tcase_add_loop_test(
        logs, each_published_checkpoint_is_the_tree_of_its_entries, 0, 16);
    tcase_add_test(logs, the_published_entry_is_in_the_published_log);
    tcase_add_test(
        logs, published_requests_to_a_witness_get_the_published_answers);
    suite_add_tcase(suite, logs);
    return suite;
}

int
main(void)
{
    return run_suite(logs_suite());
}
