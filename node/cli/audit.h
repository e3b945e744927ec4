/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "corridor audit VERB": what an auditor, or an office for its auditor, does.
 * A verb is a command of two words with a row in audit.c and a file of its
 * own, node/cli/audit_VERB.c. It needs a home only if it makes a request.
 */
#ifndef CORRIDOR_NODE_CLI_AUDIT_H
#define CORRIDOR_NODE_CLI_AUDIT_H

#include "node/cli/cli.h"

extern const struct command audit_verbs[];
extern const size_t audit_verbs_count;

/* "audit" alone, or with a word that is no verb: lists them. */
command_fn command_audit;

command_fn command_audit_export;
command_fn command_audit_key;
command_fn command_audit_prove;
command_fn command_audit_access;
command_fn command_audit_offices;
command_fn command_audit_forks;
command_fn command_audit_witness;

/* Needs no home; its exit status is that of the check: docs/audit.md. */
extern const struct arg_option audit_check_options[];
command_fn command_audit_check;

#endif
