/* SPDX-License-Identifier: Apache-2.0 */
/* A request's target: its path and query, percent-decoded. */
#ifndef CORRIDOR_NODE_API_TARGET_H
#define CORRIDOR_NODE_API_TARGET_H

#include "crypto/base/buf.h"

struct api_call;

/*
 * Split the target into the call's text: *out_path, and the query as the
 * call's params. ERR_MALFORMED: a bad escape, a NUL, or text that is not
 * UTF-8; ERR_TOO_BIG: too long, or too many parameters; ERR_NOMEM.
 */
enum err target_split(struct api_call *call, const char *target,
    const char **out_path, struct err_msg *msg) MUST_USE;

/*
 * Does the path match the pattern, in which each "*" is one part? The parts
 * become the call's args: views of the path.
 */
bool target_match(const char *path, const char *pattern, struct api_call *call);

/* Append text with all but A-Z a-z 0-9 - . _ ~ escaped. */
void target_escape(struct buf *out, const char *text);

#endif
