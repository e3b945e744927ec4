/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up work: lines of node/sample read once, so that making the edits
 * costs no JSON while something is measured.
 */
#ifndef CORRIDOR_TESTS_BENCH_WORK_H
#define CORRIDOR_TESTS_BENCH_WORK_H

#include "storage/store.h"

#define WORK_NONE UINT32_MAX

/* One operation; its value lies in the work's bytes. */
struct work_op {
    uint16_t field;
    uint8_t action;
    uint32_t ref; /* the slot of the record that the value names */
    size_t start;
    size_t size;
};

struct work_item {
    bool is_new;
    uint16_t kind;
    uint32_t slot;   /* which record */
    uint32_t parent; /* a slot, or WORK_NONE */
    size_t first;
    size_t count;
};

struct work {
    const struct schema *schema;
    struct office_id office; /* whose records they are */
    uint64_t seed;
    bool is_general; /* leave out what is sealed */
    struct buf values;
    struct work_op *ops;
    size_t op_count;
    size_t op_capacity;
    struct work_item *items;
    size_t count;
    size_t capacity;
    struct record_id *ids; /* per slot, once made */
    size_t id_count;
    size_t id_capacity;
};

/* Nothing yet. */
void work_init(
    struct work *work, const struct schema *schema, const struct office_id *id);
void work_release(struct work *work);
/* Forget the items; the records that they made stay known. */
void work_clear(struct work *work);

/*
 * Add cases from..to of general fields, and for each two updates: each update
 * comes `lag` cases after what it follows, as work on a desk does.
 */
void work_cases(struct work *work, uint64_t from, uint64_t to, uint64_t lag);
/* Add two updates of a case, the nth and the next. */
void work_updates(struct work *work, uint64_t number, unsigned nth);
/* Add whole files, from..to. */
void work_files(struct work *work, uint64_t from, uint64_t to);

/* Write the nth item, in office's transaction. */
enum err work_edit(struct work *work, size_t n, struct store *store,
    struct err_msg *msg) MUST_USE;
/* Its plaintext as a change, about: names no dots. Appended. */
void work_plain(const struct work *work, size_t n, struct buf *out);

#endif
