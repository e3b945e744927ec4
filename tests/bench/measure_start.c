/* SPDX-License-Identifier: Apache-2.0 */
/* A large store: its disk, its start, its memory, and what a session costs. */
#include <check.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "storage/tables.h"
#include "sync/packs/packs.h"
#include "tests/bench/link.h"

enum {
    CASES_SMALL = 5000,
    CASES_FULL = 333334, /* and two updates each: a million */
    CASES_FEW = 3334,
    LAG = 500,
    BLOCK = 20000,
    AUTHOR_EACH = 5000,
    SESSIONS = 200
};

/* What the child needs to open the store: nothing that is of use elsewhere. */
struct opening {
    struct node_secrets secrets;
    struct corridor_id corridor;
    struct office_id office;
};

struct opened {
    double seconds;
    double anonymous_mib;
};

static void
draw(void *context, void *out, size_t size)
{
    (void)context;
    keys_random(out, size);
}

static enum err
open_and_look(const char *dir, const struct opening *opening,
    struct opened *out, struct err_msg *msg)
{
    struct store_options options = {.dir = dir,
        .corridor = opening->corridor,
        .secrets = &opening->secrets,
        .office = opening->office,
        .dictionary_id = PACK_DICTIONARY_MEKONG,
        .dictionary = *pack_dictionary(PACK_DICTIONARY_MEKONG),
        .random = draw,
        .env = {.without_reserve = true}};
    struct schema *schema = NULL;
    struct store *store = NULL;
    struct view *view = NULL;
    struct view_stat stat;
    double start = bench_now();
    enum err rc = schema_parse(*pack_text("mekong"), &schema, NULL);

    options.schema = schema;
    if (rc == ERR_OK) {
        rc = store_open(&store, &options, msg);
    }
    if (rc == ERR_OK) {
        rc = view_open(&view, store, msg);
    }
    if (rc == ERR_OK) {
        rc = view_stat(view, &stat, msg);
    }
    out->seconds = bench_now() - start;
    out->anonymous_mib = bench_mib("/proc/self/smaps_rollup", "Anonymous:");
    view_close(view);
    store_close(store);
    schema_free(schema);
    return rc;
}

int
measure_start_child(const char *dir)
{
    struct opening opening;
    struct opened opened;
    struct err_msg msg = {{0}};
    enum err rc = ERR_IO;

    if (read(STDIN_FILENO, &opening, sizeof(opening)) ==
        (ssize_t)sizeof(opening)) {
        rc = open_and_look(dir, &opening, &opened, &msg);
    }
    mem_wipe(&opening, sizeof(opening));
    if (rc != ERR_OK) {
        fprintf(
            stderr, "bench: open %s: %s: %s\n", dir, err_text(rc), msg.text);
        return 1;
    }
    return write(STDOUT_FILENO, &opened, sizeof(opened)) ==
                   (ssize_t)sizeof(opened)
               ? 0
               : 1;
}

/* A process of its own, whose memory is the store's alone. */
static void
start_child(struct bench *bench, const char *dir, const struct opening *opening,
    struct opened *out)
{
    int down[2];
    int up[2];
    int status = 0;
    pid_t child = 0;

    ck_assert(pipe(down) == 0 && pipe(up) == 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(down[0], STDIN_FILENO);
        dup2(up[1], STDOUT_FILENO);
        execl(bench->program, bench->program, "--child", dir, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(
        write(down[1], opening, sizeof(*opening)), (ssize_t)sizeof(*opening));
    ck_assert_int_eq(read(up[0], out, sizeof(*out)), (ssize_t)sizeof(*out));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    for (size_t i = 0; i < 2; i++) {
        close(down[i]);
        close(up[i]);
    }
}

/* The pages of one table. */
static double
table_bytes(MDB_txn *txn, const char *name)
{
    MDB_dbi table = 0;
    MDB_stat stat = {0};

    ck_assert_int_eq(mdb_dbi_open(txn, name, 0, &table), 0);
    ck_assert_int_eq(mdb_stat(txn, table, &stat), 0);
    return (double)stat.ms_psize *
           (double)(stat.ms_branch_pages + stat.ms_leaf_pages +
                    stat.ms_overflow_pages);
}

/* What the tables take, of a closed store. */
static void
disk_tables(struct bench *bench, const char *dir, double changes)
{
    static const struct {
        enum table table;
        const char *name;
    } rows[] = {
        {TABLE_ENTRIES, "  entries"},
        {TABLE_RECORDS, "  records"},
        {TABLE_KEYS, "  keys"},
        {TABLE_TERMS, "  terms"},
        {TABLE_INDEX, "  index"},
    };
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;

    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, TABLE_COUNT + TABLES_RESERVED), 0);
    ck_assert_int_eq(mdb_env_open(env, dir, MDB_RDONLY, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report_row row = {.name = rows[i].name, .unit = "B/change"};

        row.value = table_bytes(txn, TABLES[rows[i].table].name) / changes;
        report_add(&bench->report, &row);
    }
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

static void
start(struct bench *bench, struct corridor_fixture *f, double changes)
{
    struct fixture_office *office = &f->offices[0];
    struct opening opening = {office->secrets, f->corridor, office->id};
    struct opened opened;
    struct report_row row = {.name = "start of a node",
        .unit = "s",
        .kind = BUDGET_MOST,
        .budget = 1};

    fixture_close(f, 0);
    disk_tables(bench, office->dir, changes);
    start_child(bench, office->dir, &opening, &opened);
    fixture_open(f, 0);
    mem_wipe(&opening, sizeof(opening));
    row.value = opened.seconds;
    snprintf(row.note, sizeof(row.note), "%.0f changes", changes);
    report_add(&bench->report, &row);
    row = (struct report_row){.name = "  its anonymous memory",
        .unit = "MiB",
        .kind = BUDGET_MOST,
        .budget = 128,
        .value = opened.anonymous_mib};
    report_add(&bench->report, &row);
}

/* What a session with nothing new takes, both ends together. */
static double
session_us(struct corridor_fixture *f)
{
    static const struct link_options options = {.delay_ms = 1, .commit_ms = 1};
    struct link_peers peers = {.f = f};
    struct link_result result;
    double start = 0;

    link_run(&peers, 1, &options, &result);
    link_run(&peers, 1, &options, &result);
    start = bench_cpu();
    for (size_t i = 0; i < SESSIONS; i++) {
        link_run(&peers, 1, &options, &result);
    }
    start = bench_cpu() - start;
    link_peers_release(&peers);
    return start / SESSIONS * 1e6;
}

/* The reader takes all, a batch of a megabyte to a commit. */
static void
follow(struct corridor_fixture *f)
{
    struct fixture_pump pump = {.from = 0, .to = 1};

    fixture_pump(f, &pump);
}

static void
author_cases(
    struct corridor_fixture *f, struct work *work, size_t from, size_t to)
{
    for (size_t at = from; at < to; at += BLOCK) {
        work_clear(work);
        work_cases(work, at, at + BLOCK < to ? at + BLOCK : to, LAG);
        bench_author(f, work, AUTHOR_EACH);
    }
}

static void
disk(struct bench *bench, struct corridor_fixture *f, double changes)
{
    struct env_stat stat;
    struct report_row row = {.name = "disk, all tables",
        .unit = "B/change",
        .kind = BUDGET_MOST,
        .budget = 700};

    bench_must(env_stat(store_env(f->offices[0].store), &stat, &f->msg),
        &f->msg, "stat");
    row.value = (double)stat.bytes_used / changes;
    snprintf(row.note, sizeof(row.note), "%.0f of it free pages",
        (double)stat.bytes_free / changes);
    report_add(&bench->report, &row);
}

void
measure_start(struct bench *bench)
{
    struct fixture_options options = {
        .offices = 2, .policy = POLICY_SHARE_BY_DEFAULT};
    size_t cases = bench_scale(bench, CASES_SMALL, CASES_FULL);
    struct corridor_fixture f;
    struct work work;
    struct report_row row = {.name = "a session with nothing new",
        .unit = "us",
        .kind = BUDGET_RATIO,
        .budget = 1.25};

    fixture_make(&f, &options);
    work_init(&work, f.schema, &f.offices[0].id);
    author_cases(&f, &work, 0, CASES_FEW);
    follow(&f);
    row.floor = session_us(&f);
    author_cases(&f, &work, CASES_FEW, cases);
    bench_index(&f, 0);
    disk(bench, &f, (double)cases * 3);
    start(bench, &f, (double)cases * 3);
    follow(&f);
    row.value = session_us(&f);
    snprintf(row.note, sizeof(row.note),
        "cpu at %zu changes against %d; 25 %% for noise", cases * 3,
        CASES_FEW * 3);
    report_add(&bench->report, &row);
    work_release(&work);
    fixture_release(&f);
}
