/* SPDX-License-Identifier: Apache-2.0 */
/* What world.c and world_effects.c share; for them only. */
#ifndef CORRIDOR_TESTS_LIB_WIRE_WORLD_INTERNAL_H
#define CORRIDOR_TESTS_LIB_WIRE_WORLD_INTERNAL_H

#include "sync/wire/frame.h"
#include "tests/lib/wire/world.h"

/* Before a batch's entries, of which each has world->entry_bytes. */
enum { BATCH_FIXED_BYTES = 148 };

/* The event happens when it is due. */
void world_push(struct world *world, const struct world_event *event);
/* The node stores at least `size` entries of the log. */
void world_raise(
    struct world_node *node, const struct log_id *id, uint64_t size);
/* How many it stores. */
uint64_t world_size_of(const struct world_node *node, const struct log_id *id);
/* The node's clock, whose full form is appended to *full. */
struct session_clock world_clock_of(struct world_node *node, struct buf *full);
/* Reckon the node's marks anew. */
void world_mark(struct world_node *node);
/* Freeze a log, unless it is. */
void world_take_fork(struct world_node *node, const struct log_id *log);
/* The end's session was told something: keep it for the commit. */
void world_take_word(
    struct world *world, struct world_end *end, const struct effect *effect);
/* What was kept is committed. */
void world_store_words(struct world *world, struct world_end *end);
/* Say what a DIFFERS asks for. */
void world_say(
    struct world *world, struct world_end *end, const struct effect *differs);
/* Have the node's sessions told after its next commit. */
void world_commit_later(struct world *world, struct world_node *node);
/* Lines of the transcript. */
void world_put_line(
    struct world *world, const struct world_end *end, const char *verb);
void world_put_log(struct world *world, const struct log_id *id);
void world_end_line(struct world *world);
/* The end's session is over; TCP tells the other. */
void world_hang_up(
    struct world *world, struct world_end *end, enum bye_reason reason);
/* Carry out and write down one effect. */
void world_take_effect(
    struct world *world, struct world_end *end, const struct effect *effect);

#endif
