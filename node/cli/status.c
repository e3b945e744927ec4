/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"
#include "node/cli/text.h"

static void
print_line(struct cli *cli, const char *name, const char *text)
{
    struct buf out = {0};

    text_put(&out, bytes_text(text), 0);
    (void)fprintf(cli->out, "%-12s ", name);
    (void)fwrite(out.data, 1, out.size, cli->out);
    (void)fprintf(cli->out, "\n");
    buf_wipe(&out);
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

/* One peer's members that are texts, numbers or truths, as they come. */
static void
print_peer(struct cli *cli, const char *name, json_t *peer)
{
    const char *own = cli_text(peer, "name");

    print_line(cli, "peer", own[0] != '\0' ? own : name);
    for (void *iter = json_object_iter(peer); iter != NULL;
         iter = json_object_iter_next(peer, iter)) {
        const json_t *value = json_object_iter_value(iter);
        const char *key = json_object_iter_key(iter);

        if (json_is_string(value)) {
            (void)fprintf(cli->out, "  %s: ", key);
            print_line(cli, "", json_string_value(value));
        } else if (json_is_integer(value)) {
            (void)fprintf(cli->out, "  %s: %lld\n", key,
                (long long)json_integer_value(value));
        } else if (json_is_boolean(value)) {
            (void)fprintf(cli->out, "  %s: %s\n", key,
                json_is_true(value) ? "yes" : "no");
        }
    }
}

static void
print_peers(struct cli *cli, json_t *peers)
{
    for (void *iter = json_object_iter(peers); iter != NULL;
         iter = json_object_iter_next(peers, iter)) {
        print_peer(
            cli, json_object_iter_key(iter), json_object_iter_value(iter));
    }
    for (size_t i = 0; i < json_array_size(peers); i++) {
        print_peer(cli, "", json_array_get(peers, i));
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
    print_unconfirmed(cli, answer.json);
    print_peers(cli, json_object_get(answer.json, "peers"));
    api_response_release(&answer);
    return CLI_DONE;
}
