/* SPDX-License-Identifier: Apache-2.0 */
/* corridor(1): the daemon, or a command. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "node/cli/cli.h"

int
main(int argc, char **argv)
{
    struct rlimit none = {0, 0};

    /* Files are the owner's alone, and keys never reach a core dump. */
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    return (int)cli_main(argc, argv, stdout, stderr);
}
