/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/audit.md against the code: every finding that a check can make is in
 * the page's tables, with what to do, and what the tables name exists. So it
 * is with the ledger's faults and with the members of the JSON report.
 */
#include <stdio.h>
#include <string.h>

#include "node/audit/report.h"
#include "storage/disk.h"
#include "sync/audit/ledger.h"
#include "tests/lib/run.h"

enum { PAGE_BYTES_MAX = 256 * 1024, WORDS_MAX = 128, WORD_BYTES = 64 };

static struct buf page;

static void
setup(void)
{
    struct err_msg msg = {""};

    ck_assert_msg(disk_read(&page, CORRIDOR_SOURCE "/docs/audit.md",
                      PAGE_BYTES_MAX, &msg) == ERR_OK,
        "%s", msg.text);
    buf_put_u8(&page, 0);
}

static void
teardown(void)
{
    buf_release(&page);
}

struct words {
    char items[WORDS_MAX][WORD_BYTES];
    size_t count;
};

static size_t
times_in(const struct words *words, const char *word)
{
    size_t times = 0;

    for (size_t i = 0; i < words->count; i++) {
        times += strcmp(words->items[i], word) == 0;
    }
    return times;
}

/* All `words` in back quotes in a cell. */
static void
take_words(struct words *out, struct bytes cell)
{
    const char *at = (const char *)cell.data;
    const char *end = at + cell.size;

    while ((at = memchr(at, '`', (size_t)(end - at))) != NULL) {
        const char *close = memchr(at + 1, '`', (size_t)(end - at - 1));

        ck_assert_ptr_nonnull(close);
        ck_assert_uint_lt(out->count, WORDS_MAX);
        ck_assert_int_lt(close - at, WORD_BYTES);
        (void)snprintf(out->items[out->count++], WORD_BYTES, "%.*s",
            (int)(close - at - 1), at + 1);
        at = close + 1;
    }
}

/* The words in the first cells of the tables below a heading; other cells
 * may not be empty. */
static void
first_cells(struct words *out, const char *heading)
{
    const char *line = strstr((const char *)page.data, heading);

    *out = (struct words){.count = 0};
    ck_assert_msg(line != NULL, "no heading: %s", heading);
    for (line = strchr(line + 1, '\n'); line != NULL;
         line = strchr(line, '\n')) {
        const char *cell_end = NULL;

        line++;
        if (strncmp(line, "## ", 3) == 0) {
            return;
        }
        if (strncmp(line, "| `", 3) != 0) {
            continue;
        }
        cell_end = strstr(line + 2, " |");
        ck_assert_ptr_nonnull(cell_end);
        take_words(out, bytes_of(line + 2, (size_t)(cell_end - line - 2)));
        ck_assert_msg(cell_end[3] != '\n' && cell_end[3] != '|',
            "nothing is said of %s", out->items[out->count - 1]);
    }
}

START_TEST(every_finding_is_in_the_tables_once)
{
    struct words words;

    first_cells(&words, "\n## Findings\n");
    for (size_t i = 0; i < FINDING_CODES; i++) {
        const char *code = finding_code_text((enum finding_code)i);

        ck_assert_msg(times_in(&words, code) == 1,
            "%s is %zu times in the page's tables", code,
            times_in(&words, code));
    }
    ck_assert_msg(words.count == FINDING_CODES,
        "the tables name %zu codes, there are %d", words.count, FINDING_CODES);
}
END_TEST

START_TEST(every_fault_of_a_ledger_is_in_its_table_once)
{
    struct words words;

    first_cells(&words, "\n## How it is judged\n");
    for (size_t i = 0; i < LEDGER_FAULT_COUNT; i++) {
        const char *name = ledger_fault_name((enum ledger_fault)i);

        ck_assert_msg(times_in(&words, name) == 1,
            "%s is %zu times in the page's table", name,
            times_in(&words, name));
    }
    ck_assert_uint_eq(words.count, LEDGER_FAULT_COUNT);
}
END_TEST

/* Every member is a word of the tables, or of a cell that describes it. */
static void
check_members(json_t *object, const struct words *words)
{
    for (void *iter = json_object_iter(object); iter != NULL;
         iter = json_object_iter_next(object, iter)) {
        ck_assert_msg(times_in(words, json_object_iter_key(iter)) >= 1,
            "the page does not name the member %s", json_object_iter_key(iter));
    }
}

START_TEST(every_member_of_the_report_is_in_its_tables)
{
    struct check_log logs[1] = {{.size = 1}};
    struct check_result result = {.logs = logs, .log_count = 1};
    struct words words;
    json_t *report = report_json(&result);
    json_t *log = json_array_get(json_object_get(report, "logs"), 0);

    ck_assert_ptr_nonnull(log);
    first_cells(&words, "\n## For machines\n");
    check_members(report, &words);
    check_members(log, &words);
    ck_assert_uint_eq(
        words.count, json_object_size(report) + json_object_size(log));
    json_decref(report);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("docs/audit.md");
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, setup, teardown);
    tcase_add_test(tables, every_finding_is_in_the_tables_once);
    tcase_add_test(tables, every_fault_of_a_ledger_is_in_its_table_once);
    tcase_add_test(tables, every_member_of_the_report_is_in_its_tables);
    suite_add_tcase(suite, tables);
    return run_suite(suite);
}
