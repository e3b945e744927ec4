/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "node/cli/cli.h"
#include "node/cli/text.h"
#include "node/invite.h"

/* The invitation, from the command line or standard input. */
static bool
read_line(struct cli *cli, char *out, size_t size)
{
    const char *word = cli->args.words[0];

    if (strcmp(word, "-") != 0) {
        if (strlen(word) >= size) {
            return false;
        }
        memcpy(out, word, strlen(word) + 1);
        return true;
    }
    if (fgets(out, (int)size, stdin) == NULL) {
        return false;
    }
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

enum cli_exit
command_join(struct cli *cli)
{
    struct api_response answer;
    char line[INVITE_LINE_BYTES_MAX + 1];
    const char *timeout = cli_option(cli, "timeout");
    unsigned long long seconds = 60;
    json_t *passphrase = NULL;
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (timeout != NULL && !args_duration(timeout, &seconds)) {
        return cli_usage(cli, "--timeout wants a time, as 60s or 5m");
    }
    if (!read_line(cli, line, sizeof(line))) {
        return cli_usage(cli, "where is the invitation's line?");
    }
    if (!cli_passphrase(cli, &passphrase, &exit)) {
        return exit;
    }
    body = json_pack("{s:s,s:o,s:I}", "line", line, "passphrase", passphrase,
        "timeout_ms", (json_int_t)(seconds * 1000));
    if (!cli_post(cli, "/v1/join", body, &answer, &exit)) {
        return exit;
    }
    (void)fprintf(cli->err, "Joined ");
    text_print(cli->err, cli_text(answer.json, "name"));
    (void)fprintf(cli->err,
        ". Read your office's code to a member, who confirms it; "
        "\"corridor status\" shows it.\n");
    return cli_print_member(cli, &answer, "id");
}
