/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"
#include "node/cli/text.h"

static void
print_line(struct cli *cli, const char *name, const char *text)
{
    (void)fprintf(cli->out, "%-12s ", name);
    text_print(cli->out, text);
    (void)fprintf(cli->out, "\n");
}

static long long
number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void
print_counts(struct cli *cli, const json_t *status)
{
    const json_t *counts = json_object_get(status, "counts");
    const json_t *disk = json_object_get(status, "disk");

    if (counts == NULL) {
        return;
    }
    (void)fprintf(cli->out, "%-12s %lld records, %lld entries in %lld logs\n",
        "holds", number(counts, "records"), number(counts, "entries"),
        number(counts, "logs"));
    (void)fprintf(cli->out, "%-12s %lld MiB\n", "disk",
        number(disk, "bytes_used") / (1024 * 1024));
    if (number(counts, "waiting_for_entries") +
            number(counts, "waiting_for_keys") >
        0) {
        (void)fprintf(cli->out,
            "%-12s %lld entries for others' entries, %lld for keys\n",
            "waiting", number(counts, "waiting_for_entries"),
            number(counts, "waiting_for_keys"));
    }
    if (number(counts, "refused") > 0) {
        (void)fprintf(cli->out, "%-12s %lld entries: corridor refused\n",
            "refused", number(counts, "refused"));
    }
}

/* What it can do with what it holds, if that is not all. */
static void
print_standing(struct cli *cli, const json_t *status)
{
    const json_t *standing = json_object_get(status, "standing");
    const json_t *sentences = json_object_get(standing, "sentences");

    bool has_role = json_is_string(json_object_get(standing, "role"));

    for (size_t i = 0; i < json_array_size(sentences); i++) {
        print_line(cli, i == 0 && has_role ? "role" : "content",
            json_string_value(json_array_get(sentences, i)));
    }
}

static void
print_unconfirmed(struct cli *cli, const json_t *status)
{
    const json_t *offices = json_object_get(status, "unconfirmed");

    for (size_t i = 0; i < json_array_size(offices); i++) {
        const json_t *office = json_array_get(offices, i);

        print_line(cli, "UNCONFIRMED", cli_text(office, "name"));
        (void)fprintf(cli->out,
            "%-12s compare by voice, then: corridor members confirm %s\n", "",
            cli_text(office, "code"));
    }
}

/* "2 h ago". */
static void
print_ago(struct cli *cli, uint64_t then_ms)
{
    uint64_t now_ms = node_wall_ms(NULL);
    uint64_t minutes = now_ms > then_ms ? (now_ms - then_ms) / 60000 : 0;

    if (minutes == 0) {
        (void)fprintf(cli->out, "just now");
    } else if (minutes < 120) {
        (void)fprintf(cli->out, "%llu min ago", (unsigned long long)minutes);
    } else if (minutes < 2880) {
        (void)fprintf(cli->out, "%llu h ago", (unsigned long long)minutes / 60);
    } else {
        (void)fprintf(
            cli->out, "%llu days ago", (unsigned long long)minutes / 1440);
    }
}

/* What an auditor confirms is less than all, and is not called synced. */
static void
print_auditor(struct cli *cli, const json_t *node)
{
    if (json_is_true(json_object_get(node, "headers_confirmed"))) {
        (void)fprintf(cli->out, "headers confirmed");
    } else {
        (void)fprintf(cli->out, "%lld %s waiting, %lld missing",
            number(node, "waiting"),
            number(node, "waiting") == 1 ? "header" : "headers",
            number(node, "missing"));
    }
    (void)fprintf(cli->out, "; it audits and holds no content");
}

/* "Synced" means confirmed; all else says since when it is not. */
static void
print_node(struct cli *cli, const json_t *node)
{
    long long confirmed_ms = number(node, "confirmed_ms");
    long long seen_ms = number(node, "seen_ms");

    (void)fprintf(cli->out, "%-12s ", "");
    if (json_is_true(json_object_get(node, "synced"))) {
        (void)fprintf(cli->out, "synced");
    } else if (json_is_false(json_object_get(node, "holds_content"))) {
        print_auditor(cli, node);
    } else {
        (void)fprintf(cli->out, "%lld %s waiting, %lld missing, ",
            number(node, "waiting"),
            number(node, "waiting") == 1 ? "change" : "changes",
            number(node, "missing"));
        (void)fprintf(cli->out, "%s",
            confirmed_ms == 0 ? "never confirmed" : "last confirmed ");
        if (confirmed_ms > 0) {
            print_ago(cli, (uint64_t)confirmed_ms);
        }
    }
    if (json_is_true(json_object_get(node, "connected"))) {
        (void)fprintf(cli->out, ", connected\n");
    } else if (seen_ms <= 0) {
        (void)fprintf(cli->out, ", never heard\n");
    } else {
        (void)fprintf(cli->out, ", last heard ");
        print_ago(cli, (uint64_t)seen_ms);
        (void)fprintf(cli->out, "\n");
    }
}

static void
print_peers(struct cli *cli, const json_t *peers)
{
    const json_t *offices = json_object_get(peers, "offices");
    const char *listen = cli_text(peers, "listen");

    if (listen[0] != '\0') {
        print_line(cli, "listens", listen);
    }
    for (size_t i = 0; i < json_array_size(offices); i++) {
        const json_t *office = json_array_get(offices, i);
        const json_t *nodes = json_object_get(office, "nodes");

        print_line(cli, "peer", cli_text(office, "name"));
        for (size_t j = 0; j < json_array_size(nodes); j++) {
            print_node(cli, json_array_get(nodes, j));
        }
        if (cli_text(office, "trouble")[0] != '\0') {
            print_line(cli, "  trouble", cli_text(office, "trouble"));
        }
    }
}

/* Before all else: whose word cannot be taken any more. */
static void
print_forks(struct cli *cli, const json_t *status)
{
    const json_t *forks = json_object_get(status, "forks");

    for (size_t i = 0; i < json_array_size(forks); i++) {
        const json_t *fork = json_array_get(forks, i);

        print_line(cli, "FORK", cli_text(fork, "text"));
    }
    if (json_array_size(forks) > 0) {
        print_line(cli, "",
            "The evidence, for whoever is to judge: corridor audit forks -o "
            "DIR");
    }
}

static void
print_own_log(struct cli *cli, const json_t *log)
{
    (void)fprintf(cli->out, "%-12s own %s log: %lld of %lld entries", "",
        cli_text(log, "kind"), number(log, "vouched"), number(log, "entries"));
    if (number(log, "offices") > 0) {
        (void)fprintf(cli->out, ", by %lld %s, at %s", number(log, "offices"),
            number(log, "offices") == 1 ? "office" : "offices",
            cli_text(log, "newest"));
    }
    (void)fprintf(cli->out, "\n");
}

/* Whether others would notice if history were written anew. */
static void
print_vouches(struct cli *cli, const json_t *status)
{
    const json_t *vouches = json_object_get(status, "vouches");
    const json_t *own = json_object_get(vouches, "own");
    const json_t *oldest = json_object_get(vouches, "oldest");

    if (number(vouches, "logs") == 0) {
        return;
    }
    (void)fprintf(cli->out,
        "%-12s %lld of %lld logs are vouched for by another office, %lld to "
        "the end",
        "vouches", number(vouches, "vouched"), number(vouches, "logs"),
        number(vouches, "in_full"));
    if (json_is_object(oldest)) {
        (void)fprintf(
            cli->out, "; least recently at %s", cli_text(oldest, "time"));
    }
    (void)fprintf(cli->out, "\n");
    for (size_t i = 0; i < json_array_size(own); i++) {
        print_own_log(cli, json_array_get(own, i));
    }
}

/* Outside witnesses of our own logs. */
static void
print_witnesses(struct cli *cli, const json_t *status)
{
    const json_t *items = json_object_get(status, "witnesses");

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        print_line(cli, "witness", cli_text(item, "name"));
        (void)fprintf(cli->out, "%-12s ", "");
        if (number(item, "size") == 0) {
            (void)fprintf(cli->out, "vouches for none of %lld entries",
                number(item, "entries"));
        } else {
            (void)fprintf(cli->out, "vouches for %lld of %lld entries",
                number(item, "size"), number(item, "entries"));
        }
        (void)fprintf(cli->out, " of our %s log", cli_text(item, "log"));
        if (number(item, "size") > 0) {
            (void)fprintf(cli->out, ", ");
            print_ago(cli, (uint64_t)number(item, "time_ms"));
        }
        (void)fprintf(cli->out, "\n");
        if (number(item, "failing_ms") > 0) {
            print_line(cli, "  trouble", cli_text(item, "trouble"));
            (void)fprintf(cli->out, "%-12s since ", "");
            print_ago(cli, (uint64_t)number(item, "failing_ms"));
            (void)fprintf(cli->out, "\n");
        }
    }
}

enum cli_exit
command_status(struct cli *cli)
{
    struct api_response answer;
    const json_t *office = NULL;
    const json_t *corridor = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!cli_get(cli, &answer, &exit, "/v1/status")) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    print_forks(cli, answer.json);
    office = json_object_get(answer.json, "office");
    corridor = json_object_get(answer.json, "corridor");
    print_line(cli, "office", cli_text(office, "name"));
    print_line(cli, "code", cli_text(office, "code"));
    print_line(
        cli, "node", cli_text(json_object_get(answer.json, "node"), "name"));
    print_line(cli, "corridor",
        json_is_object(corridor) ? cli_text(corridor, "name") : "none yet");
    print_line(cli, "daemon",
        json_is_true(json_object_get(answer.json, "daemon"))
            ? "runs"
            : "does not run: nothing is exchanged");
    print_counts(cli, answer.json);
    print_vouches(cli, answer.json);
    print_standing(cli, answer.json);
    print_unconfirmed(cli, answer.json);
    print_witnesses(cli, answer.json);
    print_peers(cli, json_object_get(answer.json, "peers"));
    api_response_release(&answer);
    return CLI_DONE;
}
