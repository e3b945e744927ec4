/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a dishonest node says of logs, in frames of its own making: evidence
 * that is none, heads that nobody signed or that are old, heads of its own
 * log that contradict one another, cosignatures of trees that it never saw;
 * a few, or a flood. No honest log may come to harm by it.
 */
#ifndef CORRIDOR_TESTS_SIM_WORDS_H
#define CORRIDOR_TESTS_SIM_WORDS_H

#include "crypto/base/buf.h"

struct host;

/* Before frames of that host are sealed: add words, if it lies; take out what
 * tells of forks, if it is silent. */
void words_bend(struct host *host, struct buf *frames);

#endif
