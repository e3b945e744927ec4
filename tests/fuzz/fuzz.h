/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target is a file fuzz_x.c with one function, and seeds in
 * corpus/x/: NAME.hex (hexadecimal digits, white space, # comments) or
 * NAME.txt (taken as it stands). With CORRIDOR_FUZZ it is linked with
 * libFuzzer; without, replay.c runs the seeds and mutants of them as a test.
 */
#ifndef CORRIDOR_TESTS_FUZZ_FUZZ_H
#define CORRIDOR_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * Try one input; the data lives for the call. What must hold is asserted, so
 * that a fault aborts. Returns 0. The name is libFuzzer's.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
