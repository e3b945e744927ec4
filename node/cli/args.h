/* SPDX-License-Identifier: Apache-2.0 */
/* The words and options of a command line. */
#ifndef CORRIDOR_NODE_CLI_ARGS_H
#define CORRIDOR_NODE_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/base/err.h"

enum { ARGS_WORDS_MAX = 512, ARGS_OPTIONS_MAX = 96 };

/*
 * An option "--name", or "--name VALUE" (also "--name=VALUE"). One of a single
 * letter is written "-n VALUE". One whose value ends in three dots may be
 * given again.
 */
struct arg_option {
    const char *name;  /* without hyphens; NULL ends a table */
    const char *value; /* what VALUE is, for the usage; NULL: it has none */
};

struct args {
    const char *words[ARGS_WORDS_MAX]; /* views of argv */
    size_t count;
    const char *names[ARGS_OPTIONS_MAX];  /* options that were given */
    const char *values[ARGS_OPTIONS_MAX]; /* "" without a value */
    size_t option_count;
};

/*
 * Sort argv[0..argc) into words and options. After "--" all are words, and
 * "-" is one; "-h" stands for "--help". Options may come before, between and
 * after words. ERR_CONFIG: an unknown option, one without its value, or given
 * twice, or too many words; *msg names it.
 */
enum err args_parse(struct args *out, const struct arg_option *options,
    int argc, char *const *argv, struct err_msg *msg) MUST_USE;

/* An option's value, "" if it has none, NULL if it was not given. */
const char *args_option(const struct args *args, const char *name);
/* Its values in turn: *at begins at 0 and is moved on; NULL after the last. */
const char *args_option_next(
    const struct args *args, const char *name, size_t *at);

/*
 * "30", "30s", "5m", "24h", "7d" as seconds, 1 at least; a bare number counts
 * seconds. False for anything else.
 */
bool args_duration(const char *text, unsigned long long *out_seconds);

#endif
