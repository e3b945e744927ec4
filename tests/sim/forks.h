/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that sign two versions of their logs, among honest ones:
 *
 *   copies     a home that was copied while it ran; both write
 *   rewriters  a home that goes back to an older disk and writes on, with or
 *              without having met those who know what it wrote before
 *   liars      one that signs other entries for one peer than for the next,
 *              says what is not so (words.h), and passes on no evidence
 *
 * and honest offices that only audit, or relay. The founder is honest, and so
 * is whoever invites others: a fork of what admits somebody is for people.
 */
#ifndef CORRIDOR_TESTS_SIM_FORKS_H
#define CORRIDOR_TESTS_SIM_FORKS_H

struct sim;

enum { FORKS_HOSTS_MIN = 4, FORKS_HONEST_MIN = 3 };

/* Who is dishonest, and how; adds machines for copies. */
void forks_choose(struct sim *sim);
/* Once a tick: perhaps somebody copies a home, or goes back. */
void forks_strike(struct sim *sim);

#endif
