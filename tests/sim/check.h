/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The invariants, looked at after each step that could break them. What is
 * found broken ends the run (sim_fail).
 */
#ifndef CORRIDOR_TESTS_SIM_CHECK_H
#define CORRIDOR_TESTS_SIM_CHECK_H

#include "tests/sim/host.h"

enum { CHECK_EVERY = 8 }; /* commits of a host, then all its records */

/* The store has been opened: it verifies, and holds what was acknowledged. */
void check_opened(struct host *host);
/* A commit may have happened. */
void check_committed(struct host *host);
/* The disk was replaced by the backup: what is lost is lost by people. */
void check_restored(struct host *host);
/* Has a restored host got its own entries back? Until then nobody writes. */
bool check_is_whole(const struct host *host);
/* What the engine reports. */
void check_report(struct host *host, const struct report *report);
/* A peer has said that it durably holds this (a full form). */
void check_claim(
    struct sim *sim, const struct node_id *peer, struct bytes clock);
/* All fields of all records, and the digest, of one host. */
void check_records(struct host *host);
/* The database verifies. */
void check_verify(struct host *host);

/* Which digest belongs to what was applied and could be read. */
struct digests;
struct digests *digests_new(void);
void digests_free(struct digests *digests);

#endif
