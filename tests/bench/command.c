/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/command.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/cli/cli.h"

int
command_child(int argc, char **argv)
{
    struct command_cost cost = {0};
    struct rusage usage = {0};
    const double start = bench_now();
    FILE *out = argc > 1 ? fopen(argv[1], "w") : NULL;
    int status = 1;

    if (out != NULL) {
        argv[1] = argv[0];
        status = (int)cli_main(argc - 1, argv + 1, out, stderr);
        fclose(out);
    }
    cost.wall_s = bench_now() - start;
    cost.cpu_s = bench_cpu();
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        cost.system_s = (double)usage.ru_stime.tv_sec +
                        (double)usage.ru_stime.tv_usec / 1e6;
    }
    /* Not its ru_maxrss: that remembers the process that this one was forked
     * from. */
    cost.peak_mib = bench_mib("/proc/self/status", "VmHWM:");
    if (write(STDOUT_FILENO, &cost, sizeof(cost)) != (ssize_t)sizeof(cost)) {
        return 1;
    }
    return status;
}

void
command_run(const struct bench *bench, const char *out_path,
    const char *const *words, struct command_cost *out)
{
    char *argv[COMMAND_WORDS_MAX + 4] = {NULL};
    size_t count = 0;
    int up[2];
    int status = 0;
    pid_t child = 0;

    argv[count++] = strdup(bench->program);
    argv[count++] = strdup(COMMAND_OPTION);
    argv[count++] = strdup(out_path);
    for (size_t i = 0; words[i] != NULL; i++) {
        ck_assert_uint_lt(i, COMMAND_WORDS_MAX);
        argv[count++] = strdup(words[i]);
    }
    ck_assert_int_eq(pipe(up), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(up[1], STDOUT_FILENO);
        execv(bench->program, argv);
        _exit(127);
    }
    close(up[1]);
    ck_assert_int_eq(read(up[0], out, sizeof(*out)), (ssize_t)sizeof(*out));
    close(up[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "corridor %s %s: status %d", words[0],
        words[1] == NULL ? "" : words[1], status);
    while (count > 0) {
        free(argv[--count]);
    }
}
