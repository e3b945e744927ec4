/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of record.c, and the merge rules, share. */
#ifndef CORRIDOR_SYNC_MODEL_RECORD_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_RECORD_INTERNAL_H

#include "sync/model/record.h"

/*
 * Where an operation stands in the canonical order: (rank, time, node, log
 * kind, position, op). It extends causality, because what an entry counts
 * has a lesser rank.
 */
struct record_spot {
    uint64_t rank;
    uint64_t time;
    struct op_id id;
};

/* Where it stands. */
struct record_spot record_op_spot(const struct record_op *op);
/* <0, 0, >0 in the canonical order. */
int record_spot_compare(const struct log_table *logs,
    const struct record_spot *a, const struct record_spot *b);
int record_op_compare(const struct log_table *logs, const struct record_op *a,
    const struct record_op *b);

/* Do both name the same entry? */
bool record_dot_equal(struct dot a, struct dot b);
/* Some total order of local names, for searching only. */
int record_op_id_compare(const struct op_id *a, const struct op_id *b);

/* The field of a number: where it stands, or would be inserted. */
bool record_field_find(
    const struct record *record, uint16_t number, size_t *out_at);
/*
 * The same, inserted empty where it is missing; NULL when out of memory.
 * Fields that were found before may have moved.
 */
struct record_field *record_field_add(struct record *record, uint16_t number);
/* Make room for `count` operations in all. */
enum err record_field_reserve(
    struct record *record, struct record_field *field, size_t count) MUST_USE;
/* Make room for one more key. */
enum err record_keys_reserve(struct record *record) MUST_USE;

/* What an operation weighs, and what a change does besides them. */
uint64_t record_op_weight(uint8_t action, size_t bytes, size_t dot_count);

/* Set what the record says of itself from what its halves say. */
void record_summarise(struct record *record, const struct log_table *logs);
/* Is a half's first change before this one? */
bool record_half_is_before(const struct record_half *half,
    const struct log_table *logs, bool is_creating,
    const struct record_spot *spot);

#endif
