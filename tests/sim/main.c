/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim [--seeds N] [--from SEED] [--verbose] [--expect VIOLATION]
 *
 * Runs N seeds, each in a process of its own, or the one that CORRIDOR_SEED
 * names. With --expect it succeeds when a seed is found guilty of just that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/folder.h"
#include "tests/sim/sim.h"

enum { SEEDS_USUAL = 100 };

struct arguments {
    uint64_t seeds;
    uint64_t from;
    bool is_one; /* CORRIDOR_SEED */
    bool is_verbose;
    const char *expected;
};

static int
usage(void)
{
    fprintf(stderr, "usage: sim [--seeds N] [--from SEED] [--verbose] "
                    "[--expect VIOLATION]\n");
    return 2;
}

static bool
take_arguments(struct arguments *out, int argc, char **argv)
{
    const char *seed = getenv("CORRIDOR_SEED");

    *out = (struct arguments){.seeds = SEEDS_USUAL, .from = 1};
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;

        if (strcmp(argv[i], "--verbose") == 0) {
            out->is_verbose = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && has_value) {
            out->seeds = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--from") == 0 && has_value) {
            out->from = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--expect") == 0 && has_value) {
            out->expected = argv[++i];
        } else {
            return false;
        }
    }
    if (seed != NULL) {
        out->is_one = true;
        out->seeds = 1;
        out->from = strtoull(seed, NULL, 0);
    }
    return true;
}

static void
run_seed(const struct arguments *arguments, const char *dir, uint64_t seed)
{
    struct sim *sim = room_new(sizeof(*sim));
    struct sim_options options = {
        .seed = seed, .dir = dir, .is_verbose = arguments->is_verbose};

    sim_init(sim, &options);
    sim_run(sim);
    if (arguments->is_verbose) {
        fprintf(stderr, "sim: seed 0x%llx: %zu hosts, %zu steps, %zu logs\n",
            (unsigned long long)seed, sim->host_count, (size_t)sim->steps,
            sim->truth.count);
    }
    sim_release(sim);
    free(sim);
}

/* The status of a process that ran it. */
static int
run_apart(const struct arguments *arguments, uint64_t seed)
{
    char folder[FOLDER_PATH_BYTES];
    int status = 0;
    pid_t pid = 0;

    folder_make(folder);
    pid = fork();
    if (pid == 0) {
        run_seed(arguments, folder, seed);
        exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("sim: fork");
        exit(2);
    }
    folder_remove(folder);
    if (status != 0 && (!WIFEXITED(status) || WEXITSTATUS(status) < 10)) {
        fprintf(stderr,
            "sim: it broke off\nCORRIDOR_SEED=0x%llx ctest -R sim\n",
            (unsigned long long)seed);
    }
    return status;
}

static bool
is_expected(const struct arguments *arguments, int status)
{
    int violation = WIFEXITED(status) ? WEXITSTATUS(status) - 10 : -1;

    return violation >= 0 && violation < VIOLATION_COUNT &&
           strcmp(violation_name((enum violation)violation),
               arguments->expected) == 0;
}

int
main(int argc, char **argv)
{
    struct arguments arguments;
    uint64_t failed = 0;

    if (!take_arguments(&arguments, argc, argv)) {
        return usage();
    }
    for (uint64_t i = 0; i < arguments.seeds; i++) {
        int status = run_apart(&arguments, arguments.from + i);

        if (status == 0) {
            continue;
        }
        failed++;
        if (arguments.expected != NULL) {
            printf("sim: caught after %zu seeds\n", (size_t)i + 1);
            return is_expected(&arguments, status) ? 0 : 1;
        }
    }
    printf("sim: %zu seeds, %zu failed\n", (size_t)arguments.seeds,
        (size_t)failed);
    return failed == 0 && arguments.expected == NULL ? 0 : 1;
}
