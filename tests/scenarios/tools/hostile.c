/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile MODE --to HOST:PORT [--home DIR --passphrase-file FILE]
 *         [--office NAME] [--from ADDRESS] [--count N]
 *
 * Attacks a daemon in one way and says how it was met, as JSON on standard
 * output: {"mode", "answer", "reason", "closed"}. It succeeds if the attack
 * could be carried out, whatever came of it.
 */
#include "tests/scenarios/tools/hostile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/wire/session.h"

static const struct {
    const char *name;
    bool needs_home;
    enum answer (*run)(struct hostile *h);
} modes[] = {
    {"garbage", false, hostile_garbage},
    {"length", false, hostile_length},
    {"slow", false, hostile_slow},
    {"stranger", true, hostile_stranger},
    {"no_secret", true, hostile_no_secret},
    {"replay", true, hostile_replay},
    {"frame", true, hostile_frame},
    {"strange_frames", true, hostile_strange_frames},
    {"pings", true, hostile_pings},
    {"words", true, hostile_words},
    {"wants", true, hostile_wants},
    {"clock", true, hostile_clock},
    {"head", true, hostile_head},
    {"gap", true, hostile_gap},
    {"flip", true, hostile_flip},
    {"foreign", true, hostile_foreign},
    {"unknown_log", true, hostile_unknown_log},
    {"void", true, hostile_void},
    {"future", true, hostile_future},
    {"fork", true, hostile_fork},
};

static const char *
answer_name(enum answer answer)
{
    switch (answer) {
    case ANSWER_SILENCE:
        return "silence";
    case ANSWER_CLOSED:
        return "closed";
    case ANSWER_BYE:
        return "bye";
    case ANSWER_IGNORED:
        return "ignored";
    case ANSWER_TAKEN:
        return "taken";
    case ANSWER_OPEN:
        return "open";
    case ANSWER_FAILED:
        break;
    }
    return "failed";
}

static int
usage(void)
{
    fprintf(stderr, "usage: hostile MODE --to HOST:PORT [--home DIR "
                    "--passphrase-file FILE] [--office NAME] "
                    "[--from ADDRESS] [--count N]\nmodes:");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        fprintf(stderr, " %s", modes[i].name);
    }
    fprintf(stderr, "\n");
    return 2;
}

/* Whom we attack: the first node of that office, as our home knows it. */
static enum err
find_peer(struct hostile *h)
{
    const struct membership *membership = NULL;
    struct view *view = NULL;
    enum err rc = view_open(&view, h->node->store, &h->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    membership = view_membership(view);
    rc = err_set(&h->msg, ERR_NOT_FOUND, "no node of that office is known");
    for (size_t i = 0; i < membership->node_count && rc != ERR_OK; i++) {
        const struct member_node *node = &membership->nodes[i];

        if (strcmp(membership->offices[node->office].name, h->office) == 0) {
            h->peer = node->cert.keys.sign;
            h->peer_noise = node->cert.keys.noise;
            rc = ERR_OK;
        }
    }
    view_close(view);
    return rc;
}

static enum err
open_home(struct hostile *h, const char *home, const char *passphrase_file)
{
    struct buf passphrase = {0};
    struct node_options options = {.home = home};
    enum err rc = passphrase_get(&passphrase, passphrase_file, false, &h->msg);

    if (rc == ERR_OK) {
        options.passphrase = buf_bytes(&passphrase);
        rc = node_open(&h->node, &options, &h->msg);
    }
    buf_wipe(&passphrase);
    if (rc == ERR_OK && h->node->store == NULL) {
        rc = err_set(&h->msg, ERR_CONFIG, "the home has no corridor");
    }
    return rc == ERR_OK ? find_peer(h) : rc;
}

static enum answer
run(struct hostile *h, size_t mode, const char *home, const char *passphrase)
{
    enum answer answer = ANSWER_FAILED;

    if (!modes[mode].needs_home || open_home(h, home, passphrase) == ERR_OK) {
        answer = modes[mode].run(h);
    }
    node_close(h->node);
    return answer;
}

int
main(int argc, char **argv)
{
    struct hostile h = {.mode = argc > 1 ? argv[1] : "", .count = 1};
    const char *home = NULL;
    const char *passphrase = NULL;
    const char *count = "1";
    const struct {
        const char *name;
        const char **value;
    } options[] = {{"--to", &h.to}, {"--home", &home}, {"--from", &h.from},
        {"--passphrase-file", &passphrase}, {"--office", &h.office},
        {"--count", &count}};
    size_t mode = 0;
    enum answer answer = ANSWER_FAILED;

    for (int i = 2; i < argc; i += 2) {
        size_t n = 0;

        while (n < sizeof(options) / sizeof(options[0]) &&
               strcmp(argv[i], options[n].name) != 0) {
            n++;
        }
        if (n == sizeof(options) / sizeof(options[0]) || i + 1 == argc) {
            return usage();
        }
        *options[n].value = argv[i + 1];
    }
    while (mode < sizeof(modes) / sizeof(modes[0]) &&
           strcmp(h.mode, modes[mode].name) != 0) {
        mode++;
    }
    if (mode == sizeof(modes) / sizeof(modes[0]) || h.to == NULL ||
        (modes[mode].needs_home && (home == NULL || h.office == NULL))) {
        return usage();
    }
    h.count = strtoull(count, NULL, 10);
    answer = run(&h, mode, home, passphrase);
    printf("{\"mode\":\"%s\",\"answer\":\"%s\",\"reason\":\"%s\","
           "\"closed\":%" PRIu64 "}\n",
        h.mode, answer_name(answer),
        answer == ANSWER_BYE ? bye_text((enum bye_reason)h.reason) : "",
        h.closed);
    if (answer == ANSWER_FAILED) {
        fprintf(stderr, "hostile %s: %s\n", h.mode, h.msg.text);
        return 1;
    }
    return 0;
}
