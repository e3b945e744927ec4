/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the engine and its sessions (the linker puts it there): each step
 * leaves the session sound, and each clock that a peer says it holds is
 * looked at. What a hostile host reads for others and says to them is bent.
 */
#ifndef CORRIDOR_TESTS_SIM_WATCH_H
#define CORRIDOR_TESTS_SIM_WATCH_H

struct sim;

/* From now on this run is watched, and draws the system's randomness. */
void watch_begin(struct sim *sim);
void watch_end(void);

#endif
