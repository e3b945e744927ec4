/* SPDX-License-Identifier: Apache-2.0 */
/* What made-up files are made of, by language. */
#ifndef CORRIDOR_NODE_SAMPLE_WORDS_H
#define CORRIDOR_NODE_SAMPLE_WORDS_H

#include <stddef.h>

enum { WORDS_NAMES = 10, WORDS_PHRASES = 8 };

/* An origin: its language, how its people are called, what they tell. */
struct words {
    const char *country;
    const char *lang;
    const char *script;
    const char *phone; /* the country's prefix */
    const char *first[WORDS_NAMES];
    const char *second[WORDS_NAMES];
    const char *latin_first[WORDS_NAMES]; /* the same names, romanised */
    const char *latin_second[WORDS_NAMES];
    /* Each with one %u: months, days or persons. */
    const char *told[WORDS_PHRASES];
    const char *noted[WORDS_PHRASES];
    const char *title; /* of a notice */
    const char *notice;
};

enum { WORDS_ORIGINS = 4 };

extern const struct words *const words_origins[WORDS_ORIGINS];
extern const struct words words_thai;    /* offices in Thailand */
extern const struct words words_english; /* offices' common language */

#endif
