/* SPDX-License-Identifier: Apache-2.0 */
/* Records by what a person writes of their ids. */
#ifndef CORRIDOR_NODE_API_FIND_H
#define CORRIDOR_NODE_API_FIND_H

#include "node/api/call.h"

/*
 * The one record whose id begins so. False: the call was answered, with the
 * candidates where there are several.
 */
bool find_record(
    struct api_call *call, struct bytes prefix, struct found_record *out);

/* For drafts; `context` is the call, whose view is opened for it. */
enum err find_resolve(void *context, const char *text, char out[33],
    struct err_msg *msg) MUST_USE;

/* "0123456789abcdef" of If-Match; false for anything else. */
bool find_version(const char *text, struct version *out);

/* A kind by its name, or in any language its label. ERR_MALFORMED, and
 * which kinds there are. */
enum err find_kind(const struct schema *schema, const char *name,
    const struct schema_kind **out, struct err_msg *msg) MUST_USE;

#endif
