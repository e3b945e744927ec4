#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A home is copied, and both copies write: the first node that meets both finds
# out, all others get the evidence, and nothing else is held up.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

knows_fork()
{
    is "$(get "$1" '[.forks[] | .office + " " + .kind] | join(",")' status)" \
        "Office of bkk changes"
}

# Every log is vouched for to its end, as far as this one knows.
all_vouched()
{
    is "$(get "$1" '.vouches | .logs >= 4 and .in_full == .logs' status)" true
}

# As the first thing, in a sentence with what to do.
says_first()
{
    c "$1" status >"$WORK/status.out" || return 1
    head -n 1 "$WORK/status.out" | grep -q "^FORK  *The changes log of node \
bkk-1 of Office of bkk was signed in two versions" || {
        cat "$WORK/status.out"
        return 1
    }
    head -n 2 "$WORK/status.out" | grep -qF "corridor audit forks -o" &&
        is "$(get "$1" 'keys_unsorted[0]' status)" forks
}

in_step()
{
    is "$(get "$1" ".peers.offices[] | select(.name == \"Office of $2\") |
        .nodes[0].synced" status)" true
}

# fails_with STATUS COMMAND...: whatever it says.
fails_with()
{
    local expected=$1
    shift

    "$@"
    is $? "$expected"
}

found_corridor pnh bkk vte
for office in pnh bkk vte; do
    stop_daemon "$office"
    printf '[sync]\ndial_max = 1s\n[witness]\nevery = 100ms\n' \
        >"$WORK/$office/corridor.conf"
    start_daemon "$office"
done
need c bkk new case pseudonym="Red Heron" status=new
need synced 60 pnh bkk vte
claim "each vouches for what the others wrote" wait_until 60 all_vouched pnh
claim "and all hear of it" wait_until 60 all_vouched vte
claim "no fork is known" is "$(get vte '.forks | length' status)" 0

# Two homes of one node, of which each writes before it meets the other.
stop_daemon bkk
cp -a "$WORK/bkk" "$WORK/twin"
start_daemon bkk
kept=$(get bkk .id new case pseudonym="Blue Ibis" status=new)
need synced 60 pnh bkk vte
stranded=$(get twin .id new case pseudonym="White Stork" status=new)
start_daemon twin
claim "the first that meets both finds out" wait_until 120 knows_fork pnh
claim "so does who met neither of them" wait_until 120 knows_fork vte
claim "the node itself is told" wait_until 120 knows_fork bkk
claim "and its copy" wait_until 120 knows_fork twin
claim "the status says it first, and what to do" says_first vte
claim "at the other office too" says_first pnh
claim "the node writes no more" fails_saying 1 "continued elsewhere" \
    c bkk new case pseudonym="Black Kite" status=new
claim "nor does its copy" fails_saying 1 "continued elsewhere" \
    c twin new case pseudonym="Black Kite" status=new
claim "it says itself what has happened" grep -q "This node's own" \
    <(c twin status)

# All others go on.
id=$(get vte .id new case pseudonym="Green Heron" status=new)
claim "other logs are exchanged as before" synced 60 pnh vte
claim "and the others are in step" wait_until 60 in_step pnh vte
claim "the node still gets what others write" wait_until 120 c bkk show "$id"
claim "its copy too" wait_until 120 c twin show "$id"
claim "what had been taken of it stays" c vte show "$kept"
claim "what was not is still where it was written" c twin show "$stranded"
claim "it is nowhere else" fails 1 c pnh show "$stranded"
claim "and is in step with nobody" fails 1 c bkk sync --timeout 60

# The evidence, for whoever is to judge.
claim "the evidence is written into a file" c vte audit forks -o \
    "$WORK/evidence"
vkey=$(get vte '.keys[] | select(.what == "changes") | .vkey' \
    audit key bkk-1)
claim "which proves it to whoever has the key" grep -q fork \
    <("$CORRIDOR" audit check "$WORK/evidence/"*.fork --key "$vkey")
claim "with the status of a finding" fails_with 1 \
    "$CORRIDOR" audit check "$WORK/evidence/"*.fork --key "$vkey"
stop_daemon vte
start_daemon vte
claim "a restart forgets nothing" says_first vte
claim "the others' logs verify" is_clean pnh vte
