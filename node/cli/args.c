/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/args.h"

#include <stddef.h>
#include <string.h>

#include "crypto/base/num.h"

static const struct arg_option *
find(const struct arg_option *options, const char *name, size_t size)
{
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == size &&
            memcmp(options->name, name, size) == 0) {
            return options;
        }
    }
    return NULL;
}

static enum err
add_word(struct args *args, const char *word, struct err_msg *msg)
{
    if (args->count == ARGS_WORDS_MAX) {
        return err_set(msg, ERR_CONFIG, "more than %d words", ARGS_WORDS_MAX);
    }
    args->words[args->count++] = word;
    return ERR_OK;
}

static bool
may_repeat(const struct arg_option *option)
{
    size_t size = option->value == NULL ? 0 : strlen(option->value);

    return size > 3 && strcmp(option->value + size - 3, "...") == 0;
}

/* How an option is written: "--name", or "-n" where it is a letter. */
static const char *
hyphens(const struct arg_option *option)
{
    return option->name[1] == '\0' ? "-" : "--";
}

/*
 * "--name" or "-n", with the words after it; *out_used how many of these it
 * took.
 */
static enum err
add_option(struct args *args, const struct arg_option *options,
    const char *const *rest, int *out_used, struct err_msg *msg)
{
    const char *text = rest[0] + (rest[0][1] == '-' ? 2 : 1);
    const char *equals = strchr(text, '=');
    size_t size = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const struct arg_option *option = find(options, text, size);
    const char *value = equals != NULL ? equals + 1 : NULL;

    *out_used = 0;
    if (option == NULL || (rest[0][1] != '-') != (size == 1)) {
        return err_set(msg, ERR_CONFIG, "there is no option %.*s",
            (int)(text - rest[0] + (ptrdiff_t)size), rest[0]);
    }
    if (option->value == NULL && value != NULL) {
        return err_set(msg, ERR_CONFIG, "--%s has no value", option->name);
    }
    if (option->value != NULL && value == NULL) {
        value = rest[1];
        *out_used = 1;
    }
    if (option->value != NULL && value == NULL) {
        return err_set(msg, ERR_CONFIG, "%s%s wants a value: %s%s %s",
            hyphens(option), option->name, hyphens(option), option->name,
            option->value);
    }
    if (args->option_count == ARGS_OPTIONS_MAX ||
        (args_option(args, option->name) != NULL && !may_repeat(option))) {
        return err_set(msg, ERR_CONFIG, "%s%s is given %s", hyphens(option),
            option->name, may_repeat(option) ? "too often" : "twice");
    }
    args->names[args->option_count] = option->name;
    args->values[args->option_count] = value != NULL ? value : "";
    args->option_count++;
    return ERR_OK;
}

enum err
args_parse(struct args *out, const struct arg_option *options, int argc,
    char *const *argv, struct err_msg *msg)
{
    enum err rc = ERR_OK;
    bool only_words = false;

    *out = (struct args){.count = 0};
    for (int i = 0; i < argc && rc == ERR_OK; i++) {
        const char *rest[2] = {argv[i], i + 1 < argc ? argv[i + 1] : NULL};
        int used = 0;

        if (strcmp(argv[i], "-h") == 0) {
            rest[0] = "--help";
        }
        if (only_words || rest[0][0] != '-' || rest[0][1] == '\0') {
            rc = add_word(out, argv[i], msg);
        } else if (strcmp(rest[0], "--") == 0) {
            only_words = true;
        } else if (rest[0][1] == '-' || rest[0][2] == '\0') {
            rc = add_option(out, options, rest, &used, msg);
            i += used;
        } else {
            rc = err_set(msg, ERR_CONFIG,
                "there is no option %s; options begin with two hyphens",
                argv[i]);
        }
    }
    return rc;
}

const char *
args_option(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->names[i], name) == 0) {
            return args->values[i];
        }
    }
    return NULL;
}

const char *
args_option_next(const struct args *args, const char *name, size_t *at)
{
    while (*at < args->option_count) {
        const size_t i = (*at)++;

        if (strcmp(args->names[i], name) == 0) {
            return args->values[i];
        }
    }
    return NULL;
}

bool
args_duration(const char *text, unsigned long long *out_seconds)
{
    static const struct {
        const char *unit;
        uint64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    size_t digits = strspn(text, "0123456789");
    uint64_t number = 0;

    if (!num_parse_u64(text, digits, &number) || number == 0 ||
        number > UINT32_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            *out_seconds = number * units[i].seconds;
            return true;
        }
    }
    return false;
}
