/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/report.h"

#include <stdio.h>

#include <jansson.h>

static double
judged(const struct report_row *row)
{
    if (row->kind == BUDGET_RATIO) {
        return row->floor > 0 ? row->value / row->floor : 0;
    }
    return row->value;
}

static bool
is_met(const struct report_row *row)
{
    return row->kind == BUDGET_LEAST ? judged(row) >= row->budget
                                     : judged(row) <= row->budget;
}

/* By how many hundredths of the budget it is missed or undercut. */
static double
margin(const struct report_row *row)
{
    return row->budget > 0 ? (judged(row) / row->budget - 1) * 100 : 0;
}

static void
print_number(double value)
{
    printf(value >= 1000 ? " %9.0f" : value >= 10 ? " %9.1f" : " %9.3f", value);
}

static void
print_row(const struct report_row *row)
{
    printf("%-44s", row->name);
    print_number(row->value);
    printf(" %-9s", row->unit);
    if (row->floor > 0) {
        print_number(row->floor);
        printf(" %6.2f", row->value / row->floor);
    } else {
        printf(" %9s %6s", "-", "-");
    }
    if (row->kind == BUDGET_NONE) {
        printf(" %9s %-12s", "-", "");
    } else {
        print_number(row->budget);
        printf(" %s (%+.0f%%)", is_met(row) ? "met" : "NOT MET", margin(row));
    }
    printf("  %s\n", row->note);
    fflush(stdout);
}

void
report_begin(void)
{
    printf("%-44s %9s %-9s %9s %6s %9s\n", "measure", "value", "unit", "floor",
        "ratio", "budget");
}

void
report_add(struct report *report, const struct report_row *row)
{
    print_row(row);
    if (report->count < REPORT_ROWS_MAX) {
        report->rows[report->count++] = *row;
    }
}

void
report_end(const struct report *report)
{
    size_t with = 0;
    size_t met = 0;

    for (size_t i = 0; i < report->count; i++) {
        with += report->rows[i].kind != BUDGET_NONE;
        met += report->rows[i].kind != BUDGET_NONE && is_met(&report->rows[i]);
    }
    printf("%zu of %zu budgets met\n", met, with);
}

static json_t *
row_json(const struct report_row *row)
{
    static const char *const kinds[] = {"none", "ratio", "most", "least"};
    json_t *json = json_pack("{s:s, s:f, s:s, s:s, s:s}", "name", row->name,
        "value", row->value, "unit", row->unit, "budget_kind", kinds[row->kind],
        "note", row->note);

    if (row->floor > 0) {
        json_object_set_new(json, "floor", json_real(row->floor));
        json_object_set_new(json, "ratio", json_real(row->value / row->floor));
    }
    if (row->kind != BUDGET_NONE) {
        json_object_set_new(json, "budget", json_real(row->budget));
        json_object_set_new(json, "met", json_boolean(is_met(row)));
    }
    return json;
}

bool
report_write(const struct report *report, const char *path)
{
    json_t *all = json_array();
    int rc = 0;

    for (size_t i = 0; i < report->count; i++) {
        json_array_append_new(all, row_json(&report->rows[i]));
    }
    rc = json_dump_file(all, path, JSON_INDENT(1));
    json_decref(all);
    return rc == 0;
}
