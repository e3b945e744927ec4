/* SPDX-License-Identifier: Apache-2.0 */
/* Repeatable draws, and the small parts of made-up lines. */
#ifndef CORRIDOR_NODE_SAMPLE_DRAW_H
#define CORRIDOR_NODE_SAMPLE_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "node/sample/sample.h"
#include "node/sample/words.h"

/* splitmix64: a stream of draws from one state. */
struct draw {
    uint64_t state;
};

/* The streams of one file do not depend on one another. */
enum draw_stream {
    DRAW_PERSON,
    DRAW_CASE,
    DRAW_CLAIM,
    DRAW_REFERRAL,
    DRAW_COMPLAINT,
    DRAW_AGENCY,
    DRAW_NOTICE,
    DRAW_SHAPE, /* which of these the file has */
    DRAW_UPDATE /* plus n for the nth */
};

/* The start of one stream of one file. */
struct draw draw_init(uint64_t seed, uint64_t number, uint64_t stream);
/* Below `limit`, at least 1; the bias is of no matter here. */
unsigned draw_below(struct draw *draw, unsigned limit);
/* True in so many cases of a hundred. */
bool draw_chance(struct draw *draw, unsigned percent);
/* Any of them. */
const char *draw_word(
    struct draw *draw, const char *const *words, size_t count);
#define DRAW_WORD(draw, words) \
    draw_word((draw), (words), sizeof(words) / sizeof((words)[0]))

/* The person's origin: the same for all lines of a file. */
const struct words *draw_origin(uint64_t seed, uint64_t number);

/*
 * A line under construction: an object whose faults are sticky. Values are
 * taken over; NULL stands for no memory.
 */
struct line {
    json_t *json;
    bool failed;
};

/* `kind` is NULL for an update; the record is named by letter and number. */
void line_init(
    struct line *line, const char *kind, char letter, uint64_t number);
/* Put a member; the text is copied. */
void line_put(struct line *line, const char *name, json_t *value);
void line_put_text(struct line *line, const char *name, const char *text);
/* The name "#c12" of a record of the same file. */
void line_put_ref(
    struct line *line, const char *name, char letter, uint64_t number);
/* Append the line and a line feed, and release it. */
enum err line_end(struct line *line, struct buf *out) MUST_USE;

/* Values in the friendly JSON of node/values. */
json_t *draw_date(
    struct draw *draw, unsigned year, unsigned years, bool buddhist);
json_t *draw_money(struct draw *draw, const char *currency);
json_t *draw_phone(struct draw *draw, const struct words *words);
/* A name in its own script, and romanised as on a document. */
json_t *draw_names(struct draw *draw, const struct words *words);
/* The phrase with the number in place of its %u. */
json_t *draw_fill(const char *phrase, unsigned number);
/* One or two sentences of `phrases` in the language. */
json_t *draw_text(
    struct draw *draw, const struct words *words, const char *const *phrases);
json_t *draw_office(struct draw *draw, const struct sample_options *options);
/* Up to `limit` different words as an array. */
json_t *draw_set(
    struct draw *draw, const char *const *words, size_t count, unsigned limit);
#define DRAW_SET(draw, words, limit) \
    draw_set((draw), (words), sizeof(words) / sizeof((words)[0]), (limit))

#endif
