/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many of the bits of a file are flipped, and of its lengths cut at.
 * Under sanitizers, which take many times as long, every FLIP_STEPth: all
 * are in the optimised programs, which "./run test" runs too (the label
 * "exhaustive"). Odd, so that each bit of a byte has its turn.
 */
#ifndef CORRIDOR_TESTS_LIB_FLIPS_H
#define CORRIDOR_TESTS_LIB_FLIPS_H

#ifdef __SANITIZE_ADDRESS__
enum { FLIP_STEP = 7 };
#else
enum { FLIP_STEP = 1 };
#endif

#endif
