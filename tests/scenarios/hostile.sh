#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Strangers, and members gone bad, against a daemon: it stays up, refuses
# each, holds little memory for them, and what honest offices wrote stays.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

found_corridor pnh vte bad odd
id=$(get bad .id new case pseudonym="Red Heron" status=new)
need synced 60 pnh vte bad odd
stop_daemon bad
stop_daemon odd
for n in 1 2 3; do
    need c odd new case pseudonym="Ibis $n" status=new
done
before=$(digest pnh)
memory=$(memory_of pnh)

# meets MODE ANSWER [ARGUMENTS...]: so the daemon meets that attack.
meets()
{
    local mode=$1
    local expected=$2
    local home=odd
    shift 2

    case $mode in
    void | future | fork) home=bad ;;
    esac
    "$TOOLS/hostile" "$mode" --to "127.0.0.1:${PORT[pnh]}" \
        --home "$WORK/$home" --office "Office of pnh" "$@" \
        >"$WORK/hostile.json" 2>"$WORK/hostile.err"
    is "$(jq -r '"\(.answer) \(.reason)"' "$WORK/hostile.json" |
        sed 's/ *$//')" "$expected" || { cat "$WORK/hostile.err"; return 1; }
}

# Whatever the answer, the daemon answers others afterwards.
survives()
{
    "$TOOLS/hostile" "$@" --to "127.0.0.1:${PORT[pnh]}" --home "$WORK/odd" \
        --office "Office of pnh" || return 1
    get pnh .daemon status
}

floods()
{
    survives pings --count 2000000
}

words()
{
    survives words --count 12000 || return 1
    is "$(get pnh '.forks | length' status)" 0
}

wants()
{
    survives wants --count 200
}

clock()
{
    survives clock
}

is_refused()
{
    is "$(get "$1" .counts.refused status)" "$2"
}

# The three unsent cases of odd were lies so far: now they are sent, and then
# one that counts the future.
future()
{
    c odd sync --timeout 60 || return 1
    "$TOOLS/hostile" future --to "127.0.0.1:${PORT[pnh]}" \
        --home "$WORK/odd" --office "Office of pnh" >"$WORK/hostile.json" ||
        return 1
    is "$(jq -r .answer "$WORK/hostile.json")" taken || return 1
    is "$(get pnh .counts.waiting_for_entries status)" 1
}

is_forked()
{
    is "$(get "$1" '.forks | length' status)" 1
}

works()
{
    need c vte set "$id" assignee="Desk 5"
    wait_until 60 has_text pnh "$id" assignee "Desk 5"
}

# Strangers, from another address of this machine, so that they use up
# nobody's share of half-open connections.
claim "garbage gets silence" meets garbage silence --count 200 \
    --from 127.0.0.2
claim "lengths that no message has get silence" meets length silence \
    --from 127.0.0.2
"$TOOLS/hostile" slow --to "127.0.0.1:${PORT[pnh]}" --from 127.0.0.3 \
    --count 300 >"$WORK/slow.json" &
slow=$!
claim "one that knows the link secret and is no member gets silence" \
    meets stranger silence --from 127.0.0.2
claim "a member's key without the link secret gets silence" \
    meets no_secret silence --from 127.0.0.2
claim "a first message that is sent again gets silence" \
    meets replay silence --count 20 --from 127.0.0.2

# A member gone bad.
claim "a frame beyond its limit ends the session" \
    meets frame "bye protocol error"
claim "frames of types to come are passed over" \
    meets strange_frames taken --count 100
claim "a flood of pings is borne or ended" floods
claim "a flood of made-up heads, evidence and vouches shows nothing" words
claim "made-up logs in wants are borne or ended" wants
claim "a clock of thousands of made-up logs is borne or ended" clock
claim "a head with a wrong signature is refused" \
    meets head "bye entries were refused"
claim "a body with one bit flipped is not taken in" meets flip ignored
claim "a batch that leaves entries out is not taken in" meets gap ignored
claim "somebody else's log, signed by us, is refused" \
    meets foreign "bye entries were refused"
claim "a log of one who was never admitted is not taken in" \
    meets unknown_log ignored
claim "the honest offices' records are as they were" is "$(digest pnh)" \
    "$before"

claim "a signed entry that is nonsense is kept, and void" meets void taken
claim "it is listed as refused" wait_until 60 is_refused pnh 1
claim "at the other office too" wait_until 60 is_refused vte 1
claim "another history of the same log is not taken in" meets fork ignored
# What it was under stays, until the log has grown to there.
need c bad new case pseudonym="Black Kite" status=new
c bad sync --timeout 60 >"$WORK/bad.out" 2>&1
claim "but its head is evidence later" wait_until 60 is_forked pnh
claim "at the other office too" wait_until 60 is_forked vte
claim "an entry that counts what nobody has waits" future
claim "and keeps nobody from working" works

wait "$slow"
claim "connections that say nothing are all closed" is \
    "$(jq -r '"\(.answer) \(.closed)"' "$WORK/slow.json")" "silence 300"
claim "the daemon is the same process" kill -0 "${PID[pnh]}"
after=$(memory_of pnh)
say "memory: $memory kB before, $after kB after"
[ -n "$SANITIZED" ] || claim "it holds little more memory" at_most "$after" \
    $((memory + 32768))
claim "it said what happened" grep -q "was refused" "$WORK/pnh.err"
claim "all logs verify" is_clean pnh vte
