/* SPDX-License-Identifier: Apache-2.0 */
/* A check's outcome as JSON: docs/audit.md, "For machines". */
#ifndef CORRIDOR_NODE_AUDIT_REPORT_H
#define CORRIDOR_NODE_AUDIT_REPORT_H

#include <jansson.h>

#include "node/audit/check.h"

/* "clean", "findings", "unchecked". */
const char *report_verdict_text(enum check_verdict verdict);

/* Everything of the result; NULL without memory. */
json_t *report_json(const struct check_result *result);

#endif
