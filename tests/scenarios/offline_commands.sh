#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command gives the same with a daemon and without one.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

found_corridor pnh bkk
c pnh sample --cases 20 --seed 3 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"
need synced 60 pnh bkk
need c pnh sync --timeout 60 # nothing is on its way that verify would count
id=$(get_all pnh '.[3].id' list case)

# What each says and its status, with JSON and for people.
write_down()
{
    local to=$1
    local arguments=""

    mkdir -p "$to"
    while read -r arguments; do
        # Words are split on purpose.
        # shellcheck disable=SC2086
        c pnh $arguments >"$to/$arguments.txt" 2>&1 </dev/null
        echo "status $?" >>"$to/$arguments.txt"
        # shellcheck disable=SC2086
        c pnh $arguments --json >"$to/$arguments.json" 2>&1 </dev/null
        echo "status $?" >>"$to/$arguments.json"
    done <<END
members
list case
list case --limit 3
list case status=open
list person
list claim country=KH
list butterfly
show $id
show $id --history
show ${id:0:16}
show 00112233
export case
export case --format csv
export person --format jsonl
conflicts
peer list
digest
verify
END
}

same_answers()
{
    local file=""

    for file in "$WORK"/with/*; do
        diff -u "$file" "$WORK/without/$(basename "$file")" || return 1
    done
}

write_down "$WORK/with"
stop_daemon pnh
write_down "$WORK/without"
claim "reads give the same, byte for byte" same_answers
claim "none of them is empty" test "$(find "$WORK/with" -type f -size -12c |
    wc -l)" -eq 0

# Writes: made without a daemon, seen with one, and the other way.
made=$(get pnh .id new case pseudonym="Red Heron" status=new)
need c pnh set "$made" status=open issues+=wages assignee="Desk 1"
need c pnh set "$made" issues-=wages issues+=debt
need c pnh peer add "Office of bkk" "127.0.0.1:${PORT[bkk]}"
claim "without a daemon sync calls by itself" c pnh sync --timeout 60
claim "and the other has it" has_text bkk "$made" assignee "Desk 1"
claim "sets too" is "$(get bkk '.fields.issues | join(" ")' show "$made")" debt
start_daemon pnh
need c pnh set "$made" issues+=wages issues-=debt
claim "with a daemon, sets are edited likewise" is \
    "$(get pnh '.fields.issues | join(" ")' show "$made")" wages
need c pnh peer remove "Office of bkk"
claim "a peer is removed" is "$(get pnh '.peers | length' peer list)" 0
claim "peers can be added" c pnh peer add "Office of bkk" \
    "127.0.0.1:${PORT[bkk]}"
claim "and are listed" is "$(get pnh '(.peers[0].addresses[0])' peer list)" \
    "127.0.0.1:${PORT[bkk]}"
claim "and removed" c pnh peer remove "Office of bkk"
claim "both are the same in the end" synced 60 pnh bkk
