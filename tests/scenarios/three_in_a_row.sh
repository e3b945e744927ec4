#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many cases go from one office to a third through the second, which alone
# knows both. CORRIDOR_CASES: how many (10,000; fewer under sanitizers).
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

cases=${CORRIDOR_CASES:-${SANITIZED:+300}}
cases=${cases:-10000}
updates=$((2 * cases))
limit=${SANITIZED:+200}
limit=${limit:-120}

make_office pnh "Office of pnh" KH
need c pnh found "A row of three" --share-by-default
start_daemon pnh
make_office bkk "Office of bkk" TH
join_office bkk pnh --roles admin,write,read
start_daemon bkk
make_office vte "Office of vte" LA
join_office vte bkk
start_daemon vte
claim "the third calls the second alone" is \
    "$(get vte '[.peers[].office.name] | join(" ")' peer list)" \
    "Office of bkk"

# All files, and the first so many updates.
c pnh sample --cases "$cases" --seed 7 |
    awk -v max="$updates" '
        /"kind":/ { print; next }
        n < max { n++; print }' >"$WORK/cases.jsonl"
claim "there are so many cases to import" is \
    "$(grep -c '"kind":"case"' "$WORK/cases.jsonl")" "$cases"
claim "and so many updates" is \
    "$(grep -vc '"kind":' "$WORK/cases.jsonl")" "$updates"

start=$(date +%s%N)
need c pnh import "$WORK/cases.jsonl"
imported=$(date +%s%N)
claim "all three show the same in time" synced "$limit" pnh bkk vte
arrived=$(date +%s%N)
records=$(get vte .records digest)
claim "and as many records as were made" is "$records" \
    "$(grep -c '"kind":' "$WORK/cases.jsonl")"
say "$(wc -l <"$WORK/cases.jsonl") lines: imported in" \
    "$(((imported - start) / 1000000)) ms, at the third" \
    "$(((arrived - imported) / 1000000)) ms later"

claim "an edit at the third reaches the first" c vte set \
    "$(get_all vte '.[0].id' list case --limit 1)" assignee="Desk 9"
claim "in time" synced 60 pnh bkk vte
claim "all logs verify" is_clean pnh bkk vte
