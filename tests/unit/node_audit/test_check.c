/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exports: clean ones, and what each kind of tampering is called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/audit/check.h"
#include "node/audit/check_internal.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

#define NOW_S UINT64_C(1790000600)

struct world {
    struct corridor_fixture f;
    struct made_export made;
    struct scratch scratch;
    struct buf key; /* of office 0's changes log: the one on paper */
    char dir[SCRATCH_PATH_BYTES];
};

static void
setup(struct world *world)
{
    const struct fixture_options options = {.offices = 3};
    struct fixture_ids ids = {.count = 0};

    memset(world, 0, sizeof(*world));
    fixture_make(&world->f, &options);
    for (size_t n = 0; n < 3; n++) {
        fixture_work(&world->f, n, 12, &ids);
        fixture_sync(&world->f);
    }
    made_export_take(&world->made, &world->f, 0);
    made_log_vkey(&world->made,
        made_export_log(&world->made, &world->f, 0, LOG_CHANGES), &world->key);
    scratch_make(&world->scratch);
    scratch_path(world->dir, &world->scratch, "export");
}

static void
teardown(struct world *world)
{
    made_export_release(&world->made);
    buf_release(&world->key);
    fixture_release(&world->f);
    scratch_remove(&world->scratch);
}

static enum check_verdict
check(struct world *world, struct check_result *out, const char *since)
{
    const char *keys[] = {(const char *)world->key.data};
    const struct check_options options = {.path = world->dir,
        .keys = keys,
        .key_count = 1,
        .since = since,
        .now_s = NOW_S};
    struct err_msg msg = {""};

    ck_assert_msg(check_run(out, &options, &msg) == ERR_OK, "%s", msg.text);
    if (getenv("CORRIDOR_SHOW") != NULL) {
        for (size_t i = 0; i < out->findings.count; i++) {
            fprintf(stderr, "%s: %s\n",
                finding_code_text(out->findings.items[i].code),
                out->findings.items[i].text);
        }
        for (size_t i = 0; i < out->findings.remark_count; i++) {
            fprintf(stderr, "%d %s\n", out->findings.remarks[i].is_gap,
                out->findings.remarks[i].text);
        }
    }
    return check_verdict(out);
}

START_TEST(an_export_as_it_was_made_is_clean)
{
    struct world world;
    struct check_result result;

    setup(&world);
    made_export_write(&world.made, world.dir);
    ck_assert_int_eq(check(&world, &result, NULL), CHECK_CLEAN);
    ck_assert(result.is_judged);
    ck_assert(result.is_anchored);
    ck_assert_uint_eq(result.offices, 3);
    ck_assert_uint_eq(result.log_count, world.made.count);
    for (size_t i = 0; i < result.log_count; i++) {
        ck_assert(result.logs[i].is_whole);
        ck_assert_int_ne(result.logs[i].trust, CHECK_TRUST_NONE);
        ck_assert_uint_eq(result.logs[i].judged, result.logs[i].size);
        ck_assert_uint_eq(result.logs[i].headers, result.logs[i].size);
    }
    check_result_release(&result);
    teardown(&world);
}
END_TEST

/* Paths within the export. */
static void
path_in(char out[2 * MADE_PATH_BYTES], const struct world *world,
    const struct made_log *log, const char *name)
{
    char below[MADE_PATH_BYTES];

    made_log_path(below, log);
    snprintf(out, 2 * MADE_PATH_BYTES, "%s/%s/%s", world->dir, below, name);
}

static struct made_log *
log_of(struct world *world, size_t n, enum log_kind kind)
{
    return made_export_log(&world->made, &world->f, n, kind);
}

/* The log's only tile, of a kind. */
static void
tile_in(char out[2 * MADE_PATH_BYTES], const struct world *world,
    const struct made_log *log, const char *folder)
{
    char name[64];

    snprintf(name, sizeof(name), "%s/000.p/%zu", folder, log->count);
    path_in(out, world, log, name);
}

static void
read_all(struct buf *out, const char *path)
{
    buf_clear(out);
    ck_assert_int_eq(disk_read(out, path, 1 << 20, NULL), ERR_OK);
}

static void
write_all(const char *path, struct bytes bytes)
{
    ck_assert_int_eq(disk_write(path, bytes, false, NULL), ERR_OK);
}

static void
flip_at(const char *path, size_t at)
{
    struct buf file = {0};

    read_all(&file, path);
    file.data[at < file.size ? at : file.size - 1] ^= 1;
    write_all(path, buf_bytes(&file));
    buf_release(&file);
}

static void
swap_files(const char *a, const char *b)
{
    struct buf one = {0};
    struct buf other = {0};

    read_all(&one, a);
    read_all(&other, b);
    write_all(a, buf_bytes(&other));
    write_all(b, buf_bytes(&one));
    buf_release(&one);
    buf_release(&other);
}

/* Each bends an export that is clean: before it is written, or after. */
static void
flip_leaf(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/entries");
    flip_at(path, 70 + 10);
}

static void
break_leaf(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/entries");
    flip_at(path, 2);
}

static void
flip_tile(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/0");
    flip_at(path, 40);
}

static void
flip_header(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "headers");
    flip_at(path, 10);
}

static void
flip_statement(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CONTROL);
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log, "headers");
    flip_at(path, SIZE_MAX);
}

static void
unlink_tile(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/0");
    ck_assert_int_eq(unlink(path), 0);
}

static void
unlink_leaves(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/entries");
    ck_assert_int_eq(unlink(path), 0);
}

static void
unlink_headers(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "headers");
    ck_assert_int_eq(unlink(path), 0);
}

static void
unlink_checkpoint(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    path_in(path, world, log_of(world, 1, LOG_CHANGES), "checkpoint");
    ck_assert_int_eq(unlink(path), 0);
}

static void
cut_tile(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];
    struct buf file = {0};

    tile_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/0");
    read_all(&file, path);
    write_all(path, bytes_of(file.data, file.size - 32));
    buf_release(&file);
}

static void
flip_signature(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    path_in(path, world, log_of(world, 1, LOG_CHANGES), "checkpoint");
    flip_at(path, 170); /* in the root */
}

static void
break_checkpoint(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    path_in(path, world, log_of(world, 1, LOG_CHANGES), "checkpoint");
    write_all(path, bytes_text("corridor.internal/\n"));
}

static void
swap_logs(struct world *world)
{
    char a[2 * MADE_PATH_BYTES];
    char b[2 * MADE_PATH_BYTES];

    path_in(a, world, log_of(world, 1, LOG_CHANGES), "checkpoint");
    path_in(b, world, log_of(world, 2, LOG_CHANGES), "checkpoint");
    swap_files(a, b);
}

static void
swap_vkeys(struct world *world)
{
    char a[2 * MADE_PATH_BYTES];
    char b[2 * MADE_PATH_BYTES];

    path_in(a, world, log_of(world, 1, LOG_CHANGES), "vkey");
    path_in(b, world, log_of(world, 1, LOG_CONTROL), "vkey");
    swap_files(a, b);
}

static void
put_stray(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    path_in(path, world, log_of(world, 1, LOG_CHANGES), "notes.txt");
    write_all(path, bytes_text("hello"));
}

static void
put_link(struct world *world)
{
    char path[2 * MADE_PATH_BYTES];

    path_in(path, world, log_of(world, 1, LOG_CHANGES), "tile/0/001");
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
}

static void
put_further(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CHANGES);
    char from[2 * MADE_PATH_BYTES];
    char name[64];
    char to[2 * MADE_PATH_BYTES];
    struct buf file = {0};

    tile_in(from, world, log, "tile/0");
    snprintf(name, sizeof(name), "tile/0/000.p/%zu", log->count + 1);
    path_in(to, world, log, name);
    read_all(&file, from);
    buf_put(&file, (uint8_t[32]){1}, 32);
    write_all(to, buf_bytes(&file));
    buf_release(&file);
}

/* Signed as it was before: only the files are others. */
static void
drop_unsigned(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CHANGES);
    struct buf note = {0};
    char path[2 * MADE_PATH_BYTES];

    made_log_note(&world->made, log, &note);
    made_log_take_out(log, 1);
    made_log_repeat(log, 0);
    made_export_write(&world->made, world->dir);
    path_in(path, world, log, "checkpoint");
    write_all(path, buf_bytes(&note));
    buf_release(&note);
}

/* The hashes stay, so they tell which entry is gone. */
static void
drop_leaf(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CHANGES);
    struct buf file = {0};
    char path[2 * MADE_PATH_BYTES];

    tile_in(path, world, log, "tile/entries");
    read_all(&file, path);
    memmove(file.data + 70, file.data + 140, file.size - 140);
    write_all(path, buf_bytes(&file));
    buf_release(&file);
}

static void
leave_out_changes(struct world *world)
{
    log_of(world, 1, LOG_CHANGES)->is_left_out = true;
}

static void
show_less(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CHANGES);

    made_log_cut(log, log->count - 2);
}

static void
lack_body(struct world *world)
{
    log_of(world, 1, LOG_CHANGES)->entries[0].state = BUNDLE_BODY_LACKING;
}

static void
give_change_away(struct world *world)
{
    log_of(world, 1, LOG_CHANGES)->entries[0].state = BUNDLE_BODY_HERE;
}

/* A node that nobody admitted signs a log of one change. */
static void
add_stranger(struct world *world)
{
    static const uint8_t header[31] = {0x85, 1, 0x80, 0xf6, 0xf6, 0x58, 24};
    struct made_log *log = &world->made.logs[world->made.count++];
    const struct secret_key seed = {{'s'}};
    struct public_key public;

    keys_sign_public(&public, &seed);
    *log = (struct made_log){.seed = seed, .id.kind = LOG_CHANGES, .count = 1};
    memcpy(log->id.node.bytes, public.bytes, 32);
    log->entries = mem_zalloc(1, sizeof(*log->entries));
    log->entries[0].kind = ENTRY_CHANGE;
    log->entries[0].state = BUNDLE_BODY_HELD;
    buf_put(&log->entries[0].header, header, sizeof(header));
    buf_put_text(&log->cosigner, "none\n");
}

static void
cosign_badly(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CHANGES);

    made_log_cosign(&world->made, log, &world->f, 2, 1790000300);
    made_log_repeat(log, 0); /* so it is of another tree */
    made_export_write(&world->made, world->dir);
    made_log_take_out(log, log->count - 1);
    log->lines.data[log->lines.size - 4] ^= 1;
}

/* By a node that nobody has certified. */
static void
cosign_unknown(struct world *world)
{
    const struct log_id nobody = {.node = {{0x22}}, .kind = LOG_CHANGES};
    struct public_key public = {{0x33}};
    struct buf vkey = {0};
    struct note_key key;

    cosigner_key(&key, &world->made.corridor, &nobody.node, &public);
    made_log_witness(
        &world->made, log_of(world, 1, LOG_CHANGES), key.name, &vkey);
    buf_release(&vkey);
}

/* Somebody vouches for another history than the one that is shown. */
static void
vouch_for_another(struct world *world)
{
    struct made_log *log = log_of(world, 1, LOG_CHANGES);
    struct made_entry first = log->entries[0];

    log->entries[0] = log->entries[1];
    made_log_vouch_before(&world->made, log, &world->f, 2, 1);
    log->entries[0] = first;
}

/* Office 2 may no longer write, and does. */
static void
write_without_right(struct world *world)
{
    struct fixture_ids ids = {.count = 0};

    fixture_roles(&world->f, 2, ROLE_READ);
    fixture_work(&world->f, 2, 2, &ids);
    fixture_sync(&world->f);
    made_export_release(&world->made);
    made_export_take(&world->made, &world->f, 0);
}

struct bend {
    const char *name;
    void (*before)(struct world *world); /* it is written */
    void (*after)(struct world *world);
    enum finding_code code;
};

static const struct bend bends[] = {
    {"a leaf's bit", NULL, flip_leaf, FINDING_LEAF_WRONG},
    {"a leaf's form", NULL, break_leaf, FINDING_LEAF_MALFORMED},
    {"a hash's bit", NULL, flip_tile, FINDING_TILE_WRONG},
    {"a header's bit", NULL, flip_header, FINDING_HEADER_MISMATCH},
    {"a statement's bit", NULL, flip_statement, FINDING_BODY_MISMATCH},
    {"no hashes", NULL, unlink_tile, FINDING_TILE_MISSING},
    {"no leaves", NULL, unlink_leaves, FINDING_TILE_MISSING},
    {"no headers", NULL, unlink_headers, FINDING_HEADER_MISSING},
    {"no checkpoint", NULL, unlink_checkpoint, FINDING_CHECKPOINT_MISSING},
    {"a short tile", NULL, cut_tile, FINDING_TILE_TRUNCATED},
    {"a root's bit", NULL, flip_signature, FINDING_CHECKPOINT_SIGNATURE},
    {"no form", NULL, break_checkpoint, FINDING_CHECKPOINT_MALFORMED},
    {"logs swapped", NULL, swap_logs, FINDING_KEY_MISMATCH},
    {"keys swapped", NULL, swap_vkeys, FINDING_KEY_MISMATCH},
    {"a stray file", NULL, put_stray, FINDING_UNEXPECTED_FILE},
    {"a link", NULL, put_link, FINDING_UNEXPECTED_FILE},
    {"beyond the checkpoint", NULL, put_further, FINDING_UNEXPECTED_FILE},
    {"dropped, files anew", NULL, drop_unsigned, FINDING_ROOT_MISMATCH},
    {"dropped, hashes kept", NULL, drop_leaf, FINDING_LEAF_WRONG},
    {"a log left out", leave_out_changes, NULL, FINDING_CLOCK_UNSHOWN},
    {"a log shortened", show_less, NULL, FINDING_CLOCK_UNSHOWN},
    {"a body missing", lack_body, NULL, FINDING_BODY_MISSING},
    {"a change's body", give_change_away, NULL, FINDING_HEADER_MALFORMED},
    {"a stranger", add_stranger, NULL, FINDING_NOT_A_MEMBER},
    {"a bad cosignature", NULL, cosign_badly, FINDING_COSIGNATURE_BAD},
    {"an unknown one", cosign_unknown, NULL, FINDING_UNKNOWN_SIGNATURE},
    {"another history", vouch_for_another, NULL, FINDING_COSIGNATURE_BAD},
    {"without the right", write_without_right, NULL, FINDING_BEYOND_CUT},
};

START_TEST(each_tampering_is_called_what_it_is)
{
    const struct bend *bend = &bends[_i];
    struct world world;
    struct check_result result;

    setup(&world);
    if (bend->before != NULL) {
        bend->before(&world);
    }
    made_export_write(&world.made, world.dir);
    if (bend->after != NULL) {
        bend->after(&world);
    }
    ck_assert_int_eq(check(&world, &result, NULL), CHECK_FINDINGS);
    ck_assert_msg(result.findings.counts[bend->code] > 0, "%s", bend->name);
    check_result_release(&result);
    teardown(&world);
}
END_TEST

/* What a check cannot be without memory is refused, not found. */
START_TEST(a_check_survives_each_failing_allocation)
{
    struct world world;
    struct check_result result;
    const char *keys[1];
    struct check_options options = {
        .keys = keys, .key_count = 1, .now_s = NOW_S};
    enum err rc = ERR_NOMEM;

    setup(&world);
    made_log_cosign(
        &world.made, log_of(&world, 1, LOG_CHANGES), &world.f, 2, 1790000300);
    made_log_vouch_before(
        &world.made, log_of(&world, 1, LOG_CHANGES), &world.f, 2, 1);
    made_export_write(&world.made, world.dir);
    keys[0] = (const char *)world.key.data;
    options.path = world.dir;
    options.since = world.dir;
    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = check_run(&result, &options, NULL);
        mem_fault_after(-1);
        ck_assert_msg(rc == ERR_OK || rc == ERR_NOMEM, "%s", err_text(rc));
    }
    ck_assert_int_eq(check_verdict(&result), CHECK_CLEAN);
    check_result_release(&result);
    teardown(&world);
}
END_TEST

START_TEST(a_finding_is_called_as_the_ledger_calls_it)
{
    for (size_t i = 0; i < LEDGER_FAULT_COUNT; i++) {
        const enum ledger_fault fault = (enum ledger_fault)i;
        const enum finding_code code = check_code_of(fault);

        if (code != FINDING_CODES) {
            ck_assert_str_eq(finding_code_text(code), ledger_fault_name(fault));
        }
    }
}
END_TEST

/* Is "`code`" in the handbook? */
START_TEST(every_finding_is_in_the_handbook)
{
    struct buf page = {0};

    ck_assert_int_eq(
        disk_read(&page, CORRIDOR_SOURCE "/docs/audit.md", 1 << 20, NULL),
        ERR_OK);
    buf_put_u8(&page, 0);
    for (size_t i = 0; i < FINDING_CODES; i++) {
        char code[64];

        snprintf(code, sizeof(code), "`%s`",
            finding_code_text((enum finding_code)i));
        ck_assert_msg(
            strstr((const char *)page.data, code) != NULL, "%s", code);
        ck_assert_uint_gt(
            strlen(finding_code_meaning((enum finding_code)i)), 0);
    }
    buf_release(&page);
}
END_TEST

static Suite *
check_suite(void)
{
    Suite *suite = suite_create("check");
    TCase *all = tcase_create("all");

    tcase_add_test(all, an_export_as_it_was_made_is_clean);
    tcase_add_loop_test(all, each_tampering_is_called_what_it_is, 0,
        sizeof(bends) / sizeof(bends[0]));
    tcase_set_timeout(all, 240);
    tcase_add_test(all, a_check_survives_each_failing_allocation);
    tcase_add_test(all, a_finding_is_called_as_the_ledger_calls_it);
    tcase_add_test(all, every_finding_is_in_the_handbook);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(check_suite());
}
