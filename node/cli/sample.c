/* SPDX-License-Identifier: Apache-2.0 */
#include "node/sample/sample.h"

#include <string.h>

#include "crypto/base/num.h"
#include "node/cli/cli.h"

enum { CASES_MAX = 10000000 };

static bool
read_number(
    const struct cli *cli, const char *name, uint64_t usual, uint64_t *out)
{
    const char *text = cli_option(cli, name);

    *out = usual;
    return text == NULL || num_parse_u64(text, strlen(text), out);
}

enum cli_exit
command_sample(struct cli *cli)
{
    struct sample_options options = {0};
    struct buf text = {0};
    uint64_t cases = 0;
    enum err rc = ERR_OK;

    if (!read_number(cli, "cases", 0, &cases) || cases == 0 ||
        cases > CASES_MAX || !read_number(cli, "seed", 1, &options.seed)) {
        return cli_usage(cli, "--cases is a number from 1 to %d", CASES_MAX);
    }
    for (uint64_t i = 1; i <= cases && rc == ERR_OK; i++) {
        buf_clear(&text);
        rc = sample_file(&options, i, &text);
        if (rc == ERR_OK &&
            fwrite(text.data, 1, text.size, cli->out) != text.size) {
            rc = ERR_IO;
        }
    }
    buf_release(&text);
    return rc == ERR_OK ? CLI_DONE : cli_fail(cli, rc, NULL);
}
