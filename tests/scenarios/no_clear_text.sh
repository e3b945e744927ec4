#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nothing of what cases say is found on the disks, on the link, or in what
# daemons and commands say to their operators.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

make_office pnh "Office of pnh" KH
need c pnh found "Corridor" --share-by-default
printf '[diag]\nlevel = debug\n' >"$WORK/pnh/corridor.conf"
start_daemon pnh
start_link road pnh --record "$WORK/capture"
make_office bkk "Office of bkk" TH
cp "$WORK/pnh/corridor.conf" "$WORK/bkk/corridor.conf"
join_office bkk pnh --address "127.0.0.1:${PORT[road]}"
start_daemon bkk

mkdir "$WORK/input"
c pnh sample --cases 60 --seed 13 >"$WORK/input/cases.jsonl"
need c pnh import "$WORK/input/cases.jsonl"
name="Sokha Veasna Kimheng"
phone="+85512345678"
summary="The employer keeps the passport of the sister"
person=$(get bkk .id new person pseudonym="Red Heron" names+="$name" \
    contacts+="$phone")
case=$(get bkk .id new case pseudonym="Red Heron" person="$person" \
    status=new summary="$summary")
need synced 60 pnh bkk

# Conflicts, settled ones, refusals, failures.
link_down road
need c pnh set "$case" summary="$summary and of the mother"
need c bkk set "$case" summary="$summary and of the father"
link_up road
need c bkk sync --timeout 60
need synced 60 pnh bkk
need c pnh settle "$case" summary="$summary and of both parents"
{
    c pnh set "$case" "summary=" status="$name"
    c pnh new case pseudonym="$name" due="$phone"
    c pnh show "$name"
    printf 'pseudonym,status\n%s,%s\n' "$name" "$phone" >"$WORK/input/bad.csv"
    c pnh import case "$WORK/input/bad.csv"
    c pnh list case country="$name"
} >"$WORK/refusals" 2>&1 </dev/null
need synced 60 pnh bkk
need c bkk verify
stop_daemon bkk
need c bkk set "$case" assignee="$name"
need c bkk rebuild
kill_daemon pnh
stop_link road

# What to look for: names, numbers, texts, pseudonyms.
{
    printf '%s\n' "$name" "$phone" "${phone#+855}" "$summary"
    jq -r '.. | strings | select(length >= 8)' <"$WORK/input/cases.jsonl" |
        grep -v '^[0-9a-f#][0-9a-f]*$' |
        grep -vxE '[a-z_]*' | grep -vE '^20[0-9]{2}-[0-9-]+$'
} | sort -u >"$WORK/words"
say "$(wc -l <"$WORK/words") words and texts to look for"
claim "there are many" at_least "$(wc -l <"$WORK/words")" 300
claim "they are found where they are in clear" at_least \
    "$(grep -a -c -F -f "$WORK/words" "$WORK/input/cases.jsonl")" 100

# found_in FILES...: succeeds, and shows what, if any of the words is there.
found_in()
{
    LC_ALL=C grep -a -o -F -f "$WORK/words" "$@" | sort | uniq -c | head -n 20 |
        grep .
}

not_found_in()
{
    ! found_in "$@"
}

not_found_names()
{
    ! LC_ALL=C grep -a -F -e "Office of pnh" -e "Office of bkk" \
        -e "Corridor" "$WORK/capture"
}

mapfile -t homes < <(find "$WORK/pnh" "$WORK/bkk" -type f)
say "${#homes[@]} files, $(du -cb "${homes[@]}" | tail -n 1 | cut -f 1) bytes"
claim "nothing in any file of any home" not_found_in "${homes[@]}"
claim "the link carried something" at_least \
    "$(stat -c %s "$WORK/capture")" 20000
claim "nothing on the link" not_found_in "$WORK/capture"
claim "the daemons said something" test -s "$WORK/pnh.err" -a \
    -s "$WORK/bkk.err"
claim "nothing in what the daemons said" not_found_in "$WORK/pnh.err" \
    "$WORK/bkk.err" "$WORK/pnh.out" "$WORK/bkk.out"
claim "the refusals said something" test -s "$WORK/refusals"
claim "nothing in what commands said of failures" not_found_in \
    "$WORK/refusals"
claim "no office name on the link" not_found_names
