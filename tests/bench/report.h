/* SPDX-License-Identifier: Apache-2.0 */
/* Figures beside their floors and budgets, for people and for programs. */
#ifndef CORRIDOR_TESTS_BENCH_REPORT_H
#define CORRIDOR_TESTS_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum { REPORT_ROWS_MAX = 96, REPORT_NOTE_BYTES = 120 };

enum budget {
    BUDGET_NONE,
    BUDGET_RATIO, /* value / floor at most */
    BUDGET_MOST,  /* value at most */
    BUDGET_LEAST  /* value at least */
};

struct report_row {
    const char *name;
    const char *unit;
    double value;
    double floor; /* 0: none */
    enum budget kind;
    double budget;
    char note[REPORT_NOTE_BYTES];
};

struct report {
    struct report_row rows[REPORT_ROWS_MAX];
    size_t count;
};

/* Add a row and print it at once; beyond the last place it is only printed. */
void report_add(struct report *report, const struct report_row *row);
/* The head of the table, and what was met. */
void report_begin(void);
void report_end(const struct report *report);
/* All rows as an array of objects in a file. */
bool report_write(const struct report *report, const char *path);

#endif
