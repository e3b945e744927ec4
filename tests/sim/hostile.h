/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An office that lies: a member whose node bends the batches and frames it
 * sends, as whoever holds its machine could. The honest must stay sound, and
 * converge once it sends what it should.
 */
#ifndef CORRIDOR_TESTS_SIM_HOSTILE_H
#define CORRIDOR_TESTS_SIM_HOSTILE_H

#include "crypto/base/buf.h"

struct host;

/*
 * Bend the batch that begins at `start` of *encoded, perhaps. It may claim
 * another end; *to is then what it claims.
 */
void hostile_batch(
    struct host *host, struct buf *encoded, size_t start, uint64_t *to);
/* Bend frames that wait to be sealed, perhaps. */
void hostile_frames(struct host *host, struct buf *frames);

#endif
