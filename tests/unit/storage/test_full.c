/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is really full: a small file system of its own where the test
 * may mount one, else files that may not grow.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/writer.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { NOTES_MAX = 3000, NOTE_BYTES = 16 * 1024, SMALL = 100 };

static struct corridor_fixture f;
static struct writer *writer;
static char place[SCRATCH_PATH_BYTES];
static bool is_mounted;

struct note_job {
    struct job job;
    int number;
    size_t size;
    enum err rc;
    char text[ERR_MSG_SIZE];
};

static uint64_t
wall(void *context)
{
    (void)context;
    return f.wall_ms++;
}

static void
note_name(char out[32], int number)
{
    snprintf(out, 32, "note %d", number);
}

static enum err
run(struct job *job, struct store *store, struct err_msg *msg)
{
    static uint8_t value[NOTE_BYTES];
    struct note_job *note = LIST_ITEM(job, struct note_job, job);
    char name[32];

    memset(value, note->number, sizeof(value));
    note_name(name, note->number);
    return store_put_note(
        store, bytes_text(name), bytes_of(value, note->size), msg);
}

static void
done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct note_job *note = LIST_ITEM(job, struct note_job, job);

    note->rc = rc;
    snprintf(note->text, sizeof(note->text), "%s", msg->text);
}

static enum err
write_note(int number, size_t size, size_t bytes)
{
    struct note_job note = {.number = number, .size = size};

    note.job.run = run;
    note.job.done = done;
    note.job.bytes = bytes;
    ck_assert_int_eq(writer_submit(writer, &note.job), ERR_OK);
    writer_drain(writer);
    if (note.rc != ERR_OK) {
        snprintf(f.msg.text, sizeof(f.msg.text), "%s", note.text);
    }
    return note.rc;
}

static bool
has_note(int number)
{
    struct view *view = NULL;
    struct buf out = {0};
    char name[32];
    enum err rc = ERR_OK;

    note_name(name, number);
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    rc = view_note(view, bytes_text(name), &out, &f.msg);
    view_close(view);
    buf_release(&out);
    return rc == ERR_OK;
}

/* The second office's store goes onto a file system of 24 MiB. */
static void
open_there(void)
{
    struct store_options options;
    struct writer_options writing = {
        .wall_ms = wall, .monotonic_ms = wall, .has_thread = false};

    fixture_close(&f, 0);
    snprintf(f.offices[0].dir, sizeof(f.offices[0].dir), "%.200s/env", place);
    options = fixture_store_options(&f, 0);
    options.env.without_reserve = false;
    options.env.faults = NULL;
    ck_assert_int_eq(store_open(&f.offices[0].store, &options, &f.msg), ERR_OK);
    writing.store = f.offices[0].store;
    ck_assert_int_eq(writer_new(&writer, &writing, &f.msg), ERR_OK);
}

static void
setup(void)
{
    struct fixture_options options = {.offices = 1};

    fixture_make(&f, &options);
    scratch_path(place, &f.scratch, "small");
    ck_assert_int_eq(mkdir(place, 0700), 0);
    is_mounted = mount("tmpfs", place, "tmpfs", 0, "size=24m") == 0;
    open_there();
}

static void
teardown(void)
{
    writer_free(writer);
    fixture_close(&f, 0);
    if (is_mounted) {
        umount(place);
    }
    fixture_release(&f);
}

static void
expect_notes(int count)
{
    for (int i = 0; i < count; i++) {
        ck_assert_msg(has_note(i), "note %d is lost", i);
    }
}

/* Fill the store; returns the number of the first note that did not fit. */
static int
fill(void)
{
    int number = 0;
    enum err rc = ERR_OK;

    /* Large jobs, as peers' batches are: they leave the reserve alone. */
    while (rc == ERR_OK && number < NOTES_MAX) {
        rc = write_note(number, NOTE_BYTES, ENV_SMALL_BYTES + 1);
        number += rc == ERR_OK ? 1 : 0;
    }
    ck_assert_msg(rc == ERR_FULL, "%s: %s", err_text(rc), f.msg.text);
    return number;
}

START_TEST(a_full_disk_keeps_what_is_there_and_small_writes_going)
{
    int count = 0;

    if (!is_mounted) {
        return; /* the other test does what can be done */
    }
    count = fill();
    ck_assert_int_gt(count, 100);
    expect_notes(count);
    fixture_verify(&f, 0, true);
    ck_assert_int_eq(
        write_note(count, NOTE_BYTES, ENV_SMALL_BYTES + 1), ERR_FULL);
    ck_assert_ptr_nonnull(strstr(f.msg.text, "full"));
    /* What a person writes still goes, into the reserve. */
    for (int i = 0; i < 20; i++) {
        ck_assert_msg(write_note(NOTES_MAX + i, SMALL, SMALL) == ERR_OK, "%s",
            f.msg.text);
    }
    /* Freeing too, and then there is room again. */
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(write_note(i, 0, SMALL), ERR_OK);
    }
    ck_assert(!has_note(0));
    ck_assert(has_note(NOTES_MAX));
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(room_heals_a_full_disk)
{
    char filler[SCRATCH_PATH_BYTES + 16];
    int fd = -1;
    int count = 0;

    if (!is_mounted) {
        return;
    }
    snprintf(filler, sizeof(filler), "%s/filler", place);
    fd = open(filler, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(posix_fallocate(fd, 0, 12 << 20), 0);
    close(fd);
    count = fill();
    expect_notes(count);
    ck_assert_int_eq(unlink(filler), 0);
    ck_assert_int_eq(
        write_note(count, NOTE_BYTES, ENV_SMALL_BYTES + 1), ERR_OK);
    ck_assert(!env_is_low(store_env(f.offices[0].store)));
    expect_notes(count + 1);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(files_that_may_not_grow_lose_nothing)
{
    struct rlimit limit = {10 << 20, RLIM_INFINITY};
    struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    int count = 0;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    count = fill();
    ck_assert_int_gt(count, 100);
    expect_notes(count);
    fixture_verify(&f, 0, true);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    ck_assert_int_eq(write_note(count, NOTE_BYTES, SMALL), ERR_OK);
    expect_notes(count + 1);
    fixture_verify(&f, 0, true);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("full");
    TCase *tcase = tcase_create("full");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(
        tcase, a_full_disk_keeps_what_is_there_and_small_writes_going);
    tcase_add_test(tcase, room_heals_a_full_disk);
    tcase_add_test(tcase, files_that_may_not_grow_lose_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
