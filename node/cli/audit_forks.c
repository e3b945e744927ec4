/* SPDX-License-Identifier: Apache-2.0 */
/* "audit forks": logs that were signed in two versions, and the evidence. */
#include <stdio.h>

#include "node/cli/audit.h"
#include "node/cli/text.h"
#include "storage/disk.h"

enum { NODE_CHARS = 16, PATH_BYTES = 1024 };

static void
print_fork(struct cli *cli, const json_t *fork)
{
    text_print(cli->out, cli_text(fork, "text"));
    (void)fprintf(cli->out, "\n  node %s, found %s\n", cli_text(fork, "node"),
        cli_text(fork, "found"));
}

/* "DIR/8146640f02493af4-changes.fork" */
static enum err
write_fork(
    struct cli *cli, const char *dir, const json_t *fork, struct err_msg *msg)
{
    const json_t *file = json_object_get(fork, "file");
    char path[PATH_BYTES];
    int size = snprintf(path, sizeof(path), "%s/%.*s-%s.fork", dir, NODE_CHARS,
        cli_text(fork, "node"), cli_text(fork, "kind"));
    enum err rc = ERR_OK;

    if (size < 0 || (size_t)size >= sizeof(path)) {
        return err_set(msg, ERR_CONFIG, "that folder's name is too long");
    }
    if (!json_is_string(file)) {
        return err_set(msg, ERR_MALFORMED, "the answer has no file");
    }
    rc = disk_write(path,
        bytes_of(
            (const uint8_t *)json_string_value(file), json_string_length(file)),
        false, msg);
    if (rc == ERR_OK) {
        (void)fprintf(cli->out, "  %s\n", path);
    }
    return rc;
}

static enum cli_exit
print_forks(struct cli *cli, const json_t *forks, const char *dir)
{
    struct err_msg msg = {""};
    enum err rc = dir == NULL ? ERR_OK : disk_make_dir(dir, &msg);

    for (size_t i = 0; rc == ERR_OK && i < json_array_size(forks); i++) {
        const json_t *fork = json_array_get(forks, i);

        print_fork(cli, fork);
        if (dir != NULL) {
            rc = write_fork(cli, dir, fork, &msg);
        }
    }
    if (rc != ERR_OK) {
        return cli_fail(cli, rc, &msg);
    }
    if (json_array_size(forks) == 0) {
        (void)fprintf(cli->out,
            "No log is known here to have been signed in two versions.\n");
    }
    return CLI_DONE;
}

enum cli_exit
command_audit_forks(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_FAILED;

    if (!cli_get(cli, &answer, &exit, "/v1/audit/forks")) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    exit = print_forks(
        cli, json_object_get(answer.json, "forks"), cli_option(cli, "o"));
    api_response_release(&answer);
    return exit;
}
