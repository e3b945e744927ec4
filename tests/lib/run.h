/* SPDX-License-Identifier: Apache-2.0 */
/* What the main() of a unit test does. */
#ifndef CORRIDOR_TESTS_LIB_RUN_H
#define CORRIDOR_TESTS_LIB_RUN_H

#include <check.h>

/* Run the suite, which it frees; the exit status for main(). */
int run_suite(Suite *suite);

#endif
