/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong, and that it stops. */
#ifndef CORRIDOR_TESTS_SIM_FAULT_H
#define CORRIDOR_TESTS_SIM_FAULT_H

#include "tests/sim/sim.h"

/* Which faults this run has, and how its clocks are off. */
void fault_choose(struct sim *sim);
/* Something goes wrong now, perhaps. */
void fault_strike(struct sim *sim);
/* All lines are up, all machines start, all clocks go on as they are. */
void fault_heal(struct sim *sim);

#endif
