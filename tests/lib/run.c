/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/run.h"

int
run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int run = 0;
    int failed = 0;

    srunner_run_all(runner, CK_NORMAL);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    /* A suite that ran nothing has shown nothing. */
    return failed > 0 || run == 0 ? 1 : 0;
}
