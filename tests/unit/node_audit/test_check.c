/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exports: clean ones, and what each kind of tampering is called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/audit/check.h"
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
        fixture_work(&world->f, n, 5, &ids);
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
            printf("%s: %s\n", finding_code_text(out->findings.items[i].code),
                out->findings.items[i].text);
        }
        for (size_t i = 0; i < out->findings.remark_count; i++) {
            printf("%d %s\n", out->findings.remarks[i].is_gap,
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

static Suite *
check_suite(void)
{
    Suite *suite = suite_create("check");
    TCase *all = tcase_create("all");

    tcase_add_test(all, an_export_as_it_was_made_is_clean);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(check_suite());
}
