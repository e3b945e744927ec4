/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/code.h"
#include "node/cli/cli.h"

static void
say_made(struct cli *cli, const char *code)
{
    (void)fprintf(cli->out, "%s\n", code);
    (void)fprintf(cli->err,
        "The home is %s. The line above is the office's code: others confirm "
        "it by voice.\n"
        "Move %s/office.key to a stick and keep it in a safe: it is wanted "
        "for found, join, and new nodes only.\n",
        cli->home, cli->home);
}

enum cli_exit
command_init(struct cli *cli)
{
    const char *office = cli_option(cli, "office");
    const char *node = cli_option(cli, "node");
    const char *country = cli_option(cli, "country");
    const char *type = cli_option(cli, "type");
    struct home_options options = {.path = cli->home,
        .office_name = office,
        .node_name = node != NULL ? node : "node",
        .country = country != NULL ? country : "",
        .type = type != NULL ? type : "",
        .office_key = cli_option(cli, "office-key")};
    struct buf passphrase = {0};
    struct home home;
    struct err_msg msg = {""};
    char code[OFFICE_CODE_CHARS + 1];
    enum err rc = ERR_OK;

    if (office == NULL || office[0] == '\0') {
        return cli_usage(cli, "which office? Give --office NAME");
    }
    if (cli->home == NULL) {
        return cli_usage(cli, "where? Give --home DIR, or set CORRIDOR_HOME");
    }
    /* A key that is there has its passphrase already. */
    rc = passphrase_get(&passphrase, cli_option(cli, "passphrase-file"),
        options.office_key == NULL, &msg);
    if (rc == ERR_OK) {
        options.passphrase = buf_bytes(&passphrase);
        rc = home_make(&options, &msg);
    }
    if (rc == ERR_OK) {
        rc = home_load(&home, cli->home, &msg);
    }
    buf_wipe(&passphrase);
    if (rc != ERR_OK) {
        return cli_fail(cli, rc, &msg);
    }
    office_code(code, &home.office);
    say_made(cli, code);
    return CLI_DONE;
}
