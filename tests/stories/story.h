/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story: a corridor of the simulator's where nothing goes wrong but what
 * the story tells, and every step is written down. Lines begin with the
 * milliseconds of virtual time since the corridor was founded.
 */
#ifndef CORRIDOR_TESTS_STORIES_STORY_H
#define CORRIDOR_TESTS_STORIES_STORY_H

#include "tests/sim/folder.h"
#include "tests/sim/sim.h"

struct story {
    struct sim sim;
    struct pool text;
    char folder[FOLDER_PATH_BYTES];
};

/* So many machines, each an office; `a` has founded the corridor. */
void story_begin(struct story *story, size_t hosts);
/* Check the last steps, and free all. */
void story_end(struct story *story);
/* What was written down since the last time is just this. */
void story_expect(struct story *story, const char *text);

/* "a" is the first machine. */
struct host *story_host(struct story *story, char name);
/* It starts, joins by its invitation to `inviter`, and enrols. */
void story_join(struct story *story, char name, char inviter);
/* Connect two and let them talk for a second. */
void story_meet(struct story *story, char from, char to);
/* End all their connections, seen by both. */
void story_part(struct story *story, char one, char other);

/* Somebody at that machine makes a case with this summary. */
void story_make(struct story *story, char name, const char *summary);
/* Somebody writes a text into a field of a case. */
void story_write(struct story *story, char name, size_t record,
    const char *field, const char *text);
/* Write down what the machine shows of that field. */
void story_show(
    struct story *story, char name, size_t record, const char *field);
/* Write down which logs the machine knows to be forked. */
void story_show_forks(struct story *story, char name);

#endif
