/* SPDX-License-Identifier: Apache-2.0 */
/* A node of a corridor of its own, and its API in process. */
#ifndef CORRIDOR_TESTS_LIB_NODE_API_FIXTURE_H
#define CORRIDOR_TESTS_LIB_NODE_API_FIXTURE_H

#include "node/api/api.h"
#include "tests/lib/scratch.h"

struct api_fixture {
    struct scratch scratch;
    char home[SCRATCH_PATH_BYTES];
    struct node *node;
    struct api *api;
};

/* Make the home and open it; with is_founded also a corridor. */
void api_fixture_setup(struct api_fixture *fixture, bool is_founded);
void api_fixture_teardown(struct api_fixture *fixture);

/*
 * Ask, with a body of JSON text (NULL: none) and If-Match (NULL: none). The
 * answer is the caller's to release.
 */
struct api_response api_fixture_ask(struct api_fixture *fixture,
    const char *method, const char *target, const char *body,
    const char *if_match);
/* Ask without If-Match and fail the test unless the status is that. */
struct api_response api_fixture_expect(struct api_fixture *fixture,
    const char *method, const char *target, const char *body, unsigned status);

#endif
