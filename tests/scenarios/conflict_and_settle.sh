#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two offices write one field while neither hears the other.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

is_settled()
{
    is "$(get pnh '.records | length' conflicts) $(get bkk \
        '.records | length' conflicts)" "0 0"
}

found_corridor pnh bkk
id=$(get pnh .id new case pseudonym="Red Heron" status=new country=KH)
need synced 60 pnh bkk
version=$(get bkk .version show "$id")
stop_daemon bkk

need c pnh set "$id" summary="Wages of three months are owed" status=open
need c bkk set "$id" summary="The employer paid two months" status=closed
need c pnh set "$id" country=TH
need c bkk set "$id" country=TH
claim "each shows its own while they are apart" has_text bkk "$id" summary \
    "The employer paid two months"
claim "an edit of an older version is refused" fails 3 \
    c bkk set "$id" summary="Late" --if-version "$version"

start_daemon bkk
need c bkk sync --timeout 60
claim "both show the same once they have met" synced 60 pnh bkk
for office in pnh bkk; do
    claim "$office lists the conflict" is \
        "$(get "$office" '.records[].conflicts[].field' conflicts)" summary
    claim "$office shows both values" is "$(get "$office" \
        '[.records[].conflicts[].values[].value |
            if type == "object" then .text else . end] | sort | join("|")' \
        conflicts)" \
        "The employer paid two months|Wages of three months are owed"
    claim "$office: equal values are no conflict" is \
        "$(get "$office" .fields.country show "$id")" TH
    claim "$office: an open case beats a closed one" is \
        "$(get "$office" .fields.status show "$id")" open
done

need c pnh settle "$id" summary="Two of three months were paid"
need c pnh sync --timeout 60
claim "once settled there is no conflict at either" wait_until 60 is_settled
claim "the other shows what was decided" \
    wait_until 60 has_text bkk "$id" summary "Two of three months were paid"
claim "the history keeps what was discarded" is \
    "$(get bkk '[.. | strings | select(. == "The employer paid two months")] |
        length >= 1' show "$id" --history)" true
claim "both logs verify" is_clean pnh bkk
