#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Invitations admit whom they were meant for, once, and in time.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

invited()
{
    get pnh .line invite "$@" 2>/dev/null
}

is_after()
{
    [ "$(date +%s)" -gt "$1" ]
}

make_office pnh "Office of pnh" KH
need c pnh found "Corridor" --share-by-default
start_daemon pnh

line=$(invited)
make_office bkk "Office of bkk" TH
claim "a mistyped line is told from a right one" fails 1 \
    c bkk join "$(tr 'A-Ma-m' 'B-Na-n' <<<"$line")"
claim "one that was cut as well" fails 1 c bkk join "${line:0:80}"
claim "bkk is in no corridor after that" fails 1 c bkk list case
claim "the right line joins" c bkk join "$line"
claim "with the usual roles" is "$(get bkk \
    '.members[] | select(.name == "Office of bkk") | .roles | sort |
        join(" ")' members)" "read write"

make_office vte "Office of vte" LA
claim "a line that was used admits nobody else" fails_saying 4 "used up" \
    c vte join "$line"
claim "the inviter knows two offices as before" is \
    "$(get pnh '.members | length' members)" 2
claim "a second joining from one home is refused" fails 1 \
    c bkk join "$(invited)"

late=$(invited --expires 1s)
ends=$(($(date +%s) + 2))
need wait_until 60 is_after "$ends"
claim "a line that has run out admits nobody" fails 1 \
    c vte join "$late" --timeout 3

need c vte join "$(invited --roles read)"
claim "whoever may only read cannot write" fails 4 \
    c vte new case pseudonym="Red Heron" status=new
claim "nor invite" fails 4 c vte invite --address 127.0.0.1:9
claim "bkk, which writes, cannot invite either" fails 4 \
    c bkk invite --address 127.0.0.1:9

# A second node of an office, by its office key.
claim "a node of the same office is made with its key" c bkk2 init \
    --office "Office of bkk" --node bkk-2 --country TH \
    --office-key "$WORK/bkk/office.key"
claim "and joins by an invitation" c bkk2 join "$(invited)"
claim "as a second node, not as another office" is "$(get bkk2 \
    '.members[] | select(.name == "Office of bkk") | .nodes | length' \
    members)" 2
claim "there are three offices" is "$(get bkk2 '.members | length' members)" 3
id=$(get bkk2 .id new case pseudonym="Blue Ibis" status=new)
need c bkk2 sync --timeout 60
claim "what it writes reaches the inviter" c pnh show "$id"
need c bkk sync --timeout 60
claim "and its own office's first node" c bkk show "$id"

claim "an office that is not there cannot be called" fails 1 \
    c pnh peer add "Office of nowhere" 127.0.0.1:9
claim "an address that is none is refused" fails 1 \
    c pnh peer add "Office of bkk" "127.0.0.1"
claim "all logs verify" is_clean pnh bkk bkk2 vte
