/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader and the writer of control statements share. */
#ifndef CORRIDOR_SYNC_MODEL_CONTROL_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_CONTROL_INTERNAL_H

#include "sync/model/control.h"

/* The label of a founding body, and how many items each array has. */
#define STATEMENT_FOUND_LABEL "corridor/found/1"
enum {
    FOUND_ITEMS = 3,
    FOUNDING_ITEMS = 5,
    FOUNDER_ITEMS = 2,
    ADMIT_ITEMS = 6,
    ENROL_ITEMS = 3,
    ENROL_RETIRED_ITEMS = 4,
    ROLES_ITEMS = 4,
    RETIRE_ITEMS = 6,
    CIRCLE_ITEMS = 5,
    CIRCLE_FORMER_ITEMS = 4,
    SEALS_ITEMS = 4,
    PACK_ITEMS = 4,
    CONFIRM_ITEMS = 2,
    CUT_ITEMS = 3,
    SEAL_ITEMS = 2,
    ENROL_CUTS = 2, /* the control log's and the changes log's */
    RETIRE_OFFICE = 0,
    RETIRE_NODE = 1
};

/* A pack's name: 1 to PACK_NAME_BYTES_MAX of A-Z a-z 0-9 _ - . */
bool statement_pack_name_is_valid(struct bytes name);

#endif
