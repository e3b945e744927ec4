/* SPDX-License-Identifier: Apache-2.0 */
/* Targets of requests about records. */
#ifndef CORRIDOR_NODE_CLI_RECORD_TARGET_H
#define CORRIDOR_NODE_CLI_RECORD_TARGET_H

#include "node/cli/cli.h"

/* "/v1/records/ID" and a tail, ended by NUL; ask buf_err(). */
void record_target(struct buf *out, const char *id, const char *tail);
/* Add "?name=value", or "&" after the first. */
void target_param(struct buf *out, const char *name, const char *value);
/* The NUL at the end; the whole as text, NULL without memory. */
const char *target_end(struct buf *out);

/*
 * A request about a record: `tail` may be "". As cli_request; `body` is taken.
 */
bool record_request(struct cli *cli, const char *method, const char *tail,
    json_t *body, struct api_response *out, enum cli_exit *out_exit);

#endif
