#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two offices share their cases while both are there.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

is_synced()
{
    is "$(get "$1" '[.peers.offices[].nodes[].synced] | all' status)" true
}

found_corridor pnh bkk
claim "both know two members" is \
    "$(get pnh '.members | length' members) $(get bkk '.members | length' \
        members)" "2 2"

id=$(get pnh .id new case pseudonym="Red Heron" status=new)
claim "a case made at one appears at the other by itself" \
    wait_until 60 c bkk show "$id"
claim "and shows the same" same_digest pnh bkk

need c bkk set "$id" status=open assignee="Desk 2"
claim "an edit at the other comes back by itself" \
    wait_until 60 has_text pnh "$id" assignee "Desk 2"
claim "the status too" is "$(get pnh .fields.status show "$id")" open

claim "sync confirms both sides" c bkk sync --timeout 60
claim "status says so" wait_until 60 is_synced pnh

person=$(get bkk .id new person pseudonym="Blue Ibis")
claim "a person is shared as well" wait_until 60 c pnh show "$person"
claim "both logs verify" is_clean pnh bkk

stop_daemon bkk
claim "what was synced is there without a daemon" has_text bkk "$id" \
    assignee "Desk 2"
need c pnh set "$id" assignee="Desk 3"
claim "nobody is synced who is not there" fails 1 c pnh sync --timeout 2
claim "status says so" is "$(get pnh \
    '.peers.offices[0].nodes[0] | "\(.synced) \(.waiting > 0)"' status)" \
    "false true"
start_daemon bkk
claim "and catches up when it is back" \
    wait_until 60 has_text bkk "$id" assignee "Desk 3"

# Without share_by_default a case is its own office's.
make_office vte "Office of vte" LA
need c vte found "Another corridor"
start_daemon vte
make_office ubn "Office of ubn" TH
join_office ubn vte
start_daemon ubn
secret=$(get vte .id new case pseudonym="Grey Crane" status=new)
agency=$(get vte .id new agency licence_no=7 country=LA)
claim "public records reach everyone" wait_until 60 c ubn show "$agency"
claim "a case that was not shared cannot be read" fails 1 c ubn show "$secret"
claim "nor is it listed" is \
    "$(get_all ubn length list case)" 0
claim "and its logs verify all the same" is_clean vte ubn
