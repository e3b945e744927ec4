/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim [--forks] [--seeds N] [--from SEED] [--jobs N] [--verbose]
 *     [--expect VIOLATION]
 *
 * Runs N seeds, each in a process of its own and as many at once as there are
 * processors, or the one that CORRIDOR_SEED names. With --expect it succeeds
 * when the first seed that fails is guilty of that, or of one of several, with
 * commas between them. With --forks some nodes are dishonest; at least one run
 * must come to a fork then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/folder.h"
#include "tests/sim/sim.h"

enum {
    SEEDS_USUAL = 100,
    JOBS_MAX = 64,
    EXIT_FORKED = 9 /* it ended well, and the honest have found a fork */
};

struct arguments {
    uint64_t seeds;
    uint64_t from;
    long jobs;
    bool is_verbose;
    bool has_forks;
    const char *expected;
};

/* A seed that is being run. */
struct run {
    pid_t pid; /* 0: none */
    uint64_t seed;
    char folder[FOLDER_PATH_BYTES];
};

static int
usage(void)
{
    fprintf(stderr, "usage: sim [--forks] [--seeds N] [--from SEED] "
                    "[--jobs N] [--verbose] [--expect VIOLATION]\n");
    return 2;
}

static bool
take_arguments(struct arguments *out, int argc, char **argv)
{
    const char *seed = getenv("CORRIDOR_SEED");

    *out = (struct arguments){
        .seeds = SEEDS_USUAL, .from = 1, .jobs = sysconf(_SC_NPROCESSORS_ONLN)};
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;

        if (strcmp(argv[i], "--verbose") == 0) {
            out->is_verbose = true;
        } else if (strcmp(argv[i], "--forks") == 0) {
            out->has_forks = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && has_value) {
            out->seeds = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--from") == 0 && has_value) {
            out->from = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--jobs") == 0 && has_value) {
            out->jobs = strtol(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--expect") == 0 && has_value) {
            out->expected = argv[++i];
        } else {
            return false;
        }
    }
    if (seed != NULL) {
        out->seeds = 1;
        out->from = strtoull(seed, NULL, 0);
    }
    if (out->jobs < 1 || out->is_verbose) {
        out->jobs = 1;
    } else if (out->jobs > JOBS_MAX) {
        out->jobs = JOBS_MAX;
    }
    return true;
}

/* The status to exit with. */
static int
run_seed(const struct arguments *arguments, const char *dir, uint64_t seed)
{
    struct sim *sim = room_new(sizeof(*sim));
    struct sim_options options = {.seed = seed,
        .dir = dir,
        .is_verbose = arguments->is_verbose,
        .has_forks = arguments->has_forks};
    size_t forks = 0;

    sim_init(sim, &options);
    sim_run(sim);
    forks = held_forks(sim);
    if (arguments->is_verbose) {
        fprintf(stderr,
            "sim: seed 0x%llx: %zu hosts, %zu steps, %zu logs, %zu forked, "
            "%zu records looked at\n",
            (unsigned long long)seed, sim->host_count, (size_t)sim->steps,
            sim->truth.count, forks, sim->oracle.judged);
    }
    sim_release(sim);
    free(sim);
    return forks > 0 ? EXIT_FORKED : 0;
}

static void
start(const struct arguments *arguments, struct run *run, uint64_t seed)
{
    run->seed = seed;
    folder_make(run->folder);
    fflush(stdout);
    run->pid = fork();
    if (run->pid == 0) {
        exit(run_seed(arguments, run->folder, seed));
    }
    if (run->pid < 0) {
        perror("sim: fork");
        exit(2);
    }
}

static bool
has_forked(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FORKED;
}

/* Wait until one of them ends: its place, and its status. */
static size_t
wait_for_one(struct run *runs, int *out_status)
{
    pid_t pid = wait(out_status);
    size_t at = 0;

    while (at < JOBS_MAX && runs[at].pid != pid) {
        at++;
    }
    if (pid <= 0 || at == JOBS_MAX) {
        perror("sim: wait");
        exit(2);
    }
    runs[at].pid = 0;
    folder_remove(runs[at].folder);
    if (*out_status != 0 && !has_forked(*out_status) &&
        (!WIFEXITED(*out_status) || WEXITSTATUS(*out_status) < 10)) {
        fprintf(stderr,
            "sim: it broke off\nCORRIDOR_SEED=0x%llx ctest -R sim\n",
            (unsigned long long)runs[at].seed);
    }
    return at;
}

static bool
is_expected(const struct arguments *arguments, int status)
{
    int violation = WIFEXITED(status) ? WEXITSTATUS(status) - 10 : -1;
    const char *at = arguments->expected;
    const char *name = NULL;

    if (violation < 0 || violation >= VIOLATION_COUNT) {
        return false;
    }
    name = violation_name((enum violation)violation);
    while (at[0] != '\0') {
        size_t size = strcspn(at, ",");

        if (size == strlen(name) && strncmp(at, name, size) == 0) {
            return true;
        }
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return false;
}

/* Run them all; with --expect, until one fails, whose status is returned. */
static int
run_all(const struct arguments *arguments, uint64_t *out_failed,
    uint64_t *out_forked)
{
    struct run *runs = room_new(JOBS_MAX * sizeof(*runs));
    uint64_t started = 0;
    long running = 0;
    int first = 0;

    while (started < arguments->seeds || running > 0) {
        int status = 0;

        if (started < arguments->seeds && running < arguments->jobs) {
            size_t at = 0;
            while (runs[at].pid != 0) {
                at++;
            }
            start(arguments, &runs[at], arguments->from + started);
            started++;
            running++;
            continue;
        }
        wait_for_one(runs, &status);
        running--;
        if (has_forked(status)) {
            *out_forked += 1;
        } else if (status != 0) {
            *out_failed += 1;
            first = first == 0 ? status : first;
            if (arguments->expected != NULL) {
                started = arguments->seeds; /* that is enough */
            }
        }
    }
    free(runs);
    return first;
}

int
main(int argc, char **argv)
{
    struct arguments arguments;
    uint64_t failed = 0;
    uint64_t forked = 0;
    int first = 0;

    if (!take_arguments(&arguments, argc, argv)) {
        return usage();
    }
    first = run_all(&arguments, &failed, &forked);
    if (arguments.expected != NULL) {
        printf("sim: %s\n", first == 0 ? "nothing was caught" : "caught");
        return first != 0 && is_expected(&arguments, first) ? 0 : 1;
    }
    printf("sim: %zu seeds, %zu failed, %zu came to a fork\n",
        (size_t)arguments.seeds, (size_t)failed, (size_t)forked);
    return failed == 0 &&
                   (!arguments.has_forks || forked > 0 || arguments.seeds == 1)
               ? 0
               : 1;
}
