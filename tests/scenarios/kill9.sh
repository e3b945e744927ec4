#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A daemon is killed at random instants while it takes writes and syncs:
# nothing that was acknowledged is lost. CORRIDOR_SEED, CORRIDOR_KILLS.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

kills=${CORRIDOR_KILLS:-${SANITIZED:+25}}
kills=${kills:-200}
seed=${CORRIDOR_SEED:-1}
say "repeat with CORRIDOR_SEED=$seed CORRIDOR_KILLS=$kills"
RANDOM=$((seed % 32768))

found_corridor pnh bkk
for office in pnh bkk; do
    printf '[sync]\ndial_first = 100ms\ndial_max = 200ms\n' \
        >"$WORK/$office/corridor.conf"
done
stop_daemon bkk
start_daemon bkk

# Write cases one after the other at an office, until a file appears; what
# was acknowledged is written down.
writer()
{
    local office=$1
    local n=0
    local status=""

    while [ ! -e "$WORK/enough" ]; do
        n=$((n + 1))
        status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 \
            --unix-socket "$WORK/$office/corridor.sock" \
            -H "Content-Type: application/json" \
            -d "{\"kind\":\"case\",\"fields\":{\"no\":\"$office-$n\"}}" \
            http://localhost/v1/records)
        [ "$status" = 201 ] && echo "$office-$n" >>"$WORK/$office.acked"
    done
}

: >"$WORK/pnh.acked"
: >"$WORK/bkk.acked"
writer pnh &
writers=($!)
writer bkk &
writers+=($!)

# has_written LINES: it has acknowledged more than so many.
has_written()
{
    [ "$(wc -l <"$WORK/pnh.acked")" -gt "$1" ]
}

acked=0
for ((n = 0; n < kills; n++)); do
    # A random instant: up to 0.1 s after the daemon answered, or, every other
    # time, after it acknowledged something since.
    if [ $((n % 2)) -eq 1 ]; then
        need wait_until 60 has_written "$acked"
    fi
    sleep "0.$(printf '%03d' $((RANDOM % 100)))"
    kill_daemon pnh
    acked=$(wc -l <"$WORK/pnh.acked")
    start_daemon pnh
done
touch "$WORK/enough"
wait "${writers[@]}"
for office in pnh bkk; do
    say "$office acknowledged $(wc -l <"$WORK/$office.acked") writes," \
        "over $kills kills of pnh"
done

# Is every acknowledged write there?
all_there()
{
    c "$1" export case --format jsonl >"$WORK/all.jsonl"
    jq -r '.no // .fields.no | if type == "object" then .text else . end' \
        "$WORK/all.jsonl" | sort >"$WORK/all"
    comm -23 <(sort "$WORK/$2.acked") "$WORK/all" >"$WORK/lost"
    is "$(wc -l <"$WORK/lost")" 0
}

claim "writes were acknowledged between the kills" at_least \
    "$(wc -l <"$WORK/pnh.acked")" "$((kills / 2))"
claim "what the killed one acknowledged is there" all_there pnh pnh
claim "both show the same in the end" synced 60 pnh bkk
claim "and the other has it too" all_there bkk pnh
claim "as the killed one has the other's" all_there pnh bkk
claim "no number is there twice" is "$(sort "$WORK/all" | uniq -d | wc -l)" 0
claim "nothing was refused" is "$(get bkk .counts.refused status)" 0
claim "both logs verify" is_clean pnh bkk
