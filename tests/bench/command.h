/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of the program in a process of its own, so that what it costs is
 * its own: the benchmark runs itself again, as the program.
 */
#ifndef CORRIDOR_TESTS_BENCH_COMMAND_H
#define CORRIDOR_TESTS_BENCH_COMMAND_H

#include "tests/bench/bench.h"

enum { COMMAND_WORDS_MAX = 12 };

struct command_cost {
    double cpu_s;    /* user and system */
    double system_s; /* of it, in the system */
    double wall_s;
    double peak_mib; /* of what was in memory, mapped files included */
};

/*
 * Run "corridor words…", the last of which is followed by NULL, with its
 * standard output in the file `out_path`. Fails the test unless it exits 0.
 */
void command_run(const struct bench *bench, const char *out_path,
    const char *const *words, struct command_cost *out);

/* What the process does that was started with this option: argv[1] is the
 * file, the words follow. */
#define COMMAND_OPTION "--corridor"
int command_child(int argc, char **argv);

#endif
