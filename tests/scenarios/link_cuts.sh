#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A link that breaks again and again brings everything across all the same,
# and little of it twice.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

count=${SANITIZED:+250}
count=${count:-1000}

make_office pnh "Office of pnh" KH
need c pnh found "Corridor" --share-by-default
start_daemon pnh
for office in bkk vte; do
    make_office "$office" "Office of $office" TH
    join_office "$office" pnh
    printf '[sync]\ndial_first = 100ms\ndial_max = 100ms\n' \
        >"$WORK/$office/corridor.conf"
done
c pnh sample --cases "$count" --seed 19 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"

# What crosses a link, both ways: bytes_over LINK.
bytes_over()
{
    jq '.up + .down' "$WORK/$1.json"
}

start_link whole pnh
need c vte peer add "Office of pnh" "127.0.0.1:${PORT[whole]}"
start_daemon vte
claim "over a link that holds" synced 120 pnh vte
stop_daemon vte
stop_link whole
whole=$(bytes_over whole)

# At a pace, and with a rest, in which what has passed gets to the disk: how
# much is sent twice is not to depend on how fast that is.
cut=$((whole / 12))
start_link broken pnh --cut-bytes "$cut" --rate $((whole / 3)) --linger 250
need c bkk peer add "Office of pnh" "127.0.0.1:${PORT[broken]}"
start_daemon bkk
claim "over one that is cut every $((cut / 1000)) kB" synced 180 pnh bkk
stop_link broken
broken=$(bytes_over broken)
cuts=$(jq .cuts "$WORK/broken.json")
say "$whole bytes uncut; $broken with $cuts cuts:" \
    "$(((broken - whole) * 1000 / whole)) per mille more"
claim "it was cut indeed" at_least "$cuts" 10
claim "few bytes were sent twice" at_most "$broken" "$((whole * 2))"

# One that is cut by the clock, a few times, and holds then. What may pass in
# the lives of all that are cut is an eighth of the whole, in each direction;
# half the whole is to be sent, so each of them is cut.
stop_daemon bkk
c pnh sample --cases "$((count / 2))" --seed 20 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"
start_link flaky pnh --cut-ms 60 --cuts 5 --rate $((whole / 40 * 1000 / 60))
need c bkk peer add "Office of pnh" "127.0.0.1:${PORT[flaky]}"
start_daemon bkk
claim "over one that lives for 60 ms at first" synced 120 pnh bkk
stop_link flaky
claim "it was cut each time" is "$(jq .cuts "$WORK/flaky.json")" 5

# A link that stands still, without closing.
stop_daemon bkk
start_link mute pnh --stall-bytes 300
need c bkk peer add "Office of pnh" "127.0.0.1:${PORT[mute]}"
id=$(get pnh .id new case pseudonym="Red Heron" status=new)
claim "a link that stands still is no sync" fails 1 c bkk sync --timeout 3
claim "and nothing was lost" c pnh show "$id"
stop_link mute
start_link clear pnh
need c bkk peer add "Office of pnh" "127.0.0.1:${PORT[clear]}"
claim "the next link brings it" c bkk sync --timeout 60
claim "the case is there" c bkk show "$id"
claim "all logs verify" is_clean pnh bkk vte
