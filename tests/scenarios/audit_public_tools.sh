#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an office exports is verified by a program on the Go project's code
# for transparency logs (tests/audit), which knows nothing of corridor's.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"
: "${VERIFY:?the program of tests/audit}"
OPEN_DISCLOSURE=$(cd "$(dirname "$0")/../audit" && pwd)/disclosure.py

count=${SANITIZED:+40}
count=${count:-300}

# A log's folder in an export: folder_of EXPORT OFFICE-WITH-THE-NODE KIND.
folder_of()
{
    echo "$WORK/$1/$(get "$2" .node.id status)/$3"
}

# verifies WORDS ARGUMENTS...: it does, and says so.
verifies()
{
    local words=$1
    shift

    "$VERIFY" "$@" >"$WORK/verify.out" 2>&1 || {
        cat "$WORK/verify.out"
        return 1
    }
    grep -qF -- "$words" "$WORK/verify.out" || cat "$WORK/verify.out"
    grep -qF -- "$words" "$WORK/verify.out"
}

# refuses WORDS ARGUMENTS...: it does, for that reason.
refuses()
{
    local words=$1
    local status=0
    shift

    "$VERIFY" "$@" >"$WORK/verify.out" 2>&1 || status=$?
    cat "$WORK/verify.out"
    is "$status" 1 && grep -q "^REFUSED: .*$words" "$WORK/verify.out"
}

# How many logs were verified last.
verified()
{
    grep -c "^ok: " "$WORK/verify.out"
}

found_corridor pnh bkk
c pnh sample --cases "$count" --seed 7 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"
need c bkk new case country=KH status=new
need synced 60 pnh bkk

need c pnh audit export "$WORK/first" --headers
claim "an export verifies" verifies "ok: " export "$WORK/first"
claim "all four logs of it" is "$(verified)" 4
claim "with a header for each entry of the log" verifies \
    "$(sed -n 2p "$(folder_of first pnh changes)/checkpoint") headers" \
    export "$WORK/first"
need c bkk audit export "$WORK/bare"
claim "so does the other office's, without headers" \
    verifies ", 0 headers" export "$WORK/bare"

cp -r "$WORK/first" "$WORK/grown"
c pnh sample --cases 20 --seed 8 >"$WORK/more.jsonl"
need c pnh import "$WORK/more.jsonl"
need c pnh audit export "$WORK/grown"
claim "an export that has grown verifies" \
    verifies "ok: " export "$WORK/grown"
for kind in control changes; do
    log=$(folder_of grown pnh "$kind")
    old=$(folder_of first pnh "$kind")
    claim "the older $kind log is a part of it" verifies "are the first of" \
        consistency "$log" "$old/checkpoint" "$log/vkey"
done
log=$(folder_of grown pnh changes)
old=$(folder_of first pnh changes)
claim "the older one does not hold the later" refuses "were signed, and" \
    consistency "$old" "$log/checkpoint" "$log/vkey"
c pnh audit key >"$WORK/keys"
claim "the keys for paper are those that verified" \
    grep -qxFf "$log/vkey" "$WORK/keys"

# One change, proved to who has nothing else; and opened as well.
id=$(get pnh .id new case pseudonym="Red Heron" country=TH status=new)
need c pnh audit prove "$id" -o "$WORK/one.tlog-proof"
need c pnh audit prove "$id" -o "$WORK/shown" --disclose
log=$(folder_of grown pnh changes)
claim "a proof verifies" verifies "ok: entry" \
    proof "$WORK/one.tlog-proof" - "$log/vkey"
claim "not for another log" refuses "" proof "$WORK/one.tlog-proof" - \
    "$(folder_of grown bkk changes)/vkey"
claim "what is disclosed is what was sealed" \
    python3 "$OPEN_DISCLOSURE" "$WORK/shown" "$WORK/leaf" "$WORK/proof"
claim "and stands in the log" verifies "ok: entry" \
    proof "$WORK/proof" "$WORK/leaf" "$log/vkey"

# Two copies of one home that both write: their exports contradict.
need synced 60 pnh bkk
stop_daemon pnh
cp -r "$WORK/pnh" "$WORK/copy"
need c pnh new case country=TH status=open
need c copy new case country=KH status=new
need c pnh audit export "$WORK/one"
need c copy audit export "$WORK/other"
log=$(folder_of one pnh changes)
other=$(folder_of other pnh changes)
claim "each of two copies verifies for itself" \
    verifies "ok: " export "$WORK/one"
claim "and so does the other" verifies "ok: " export "$WORK/other"
claim "together they are two histories of one log" \
    refuses "not the log that was signed" \
    consistency "$log" "$other/checkpoint" "$log/vkey"

# A few bytes of a tile.
tile=$(find "$log/tile/0" -type f | sort | head -n 1)
printf 'damaged!' | dd of="$tile" bs=1 seek=77 conv=notrunc status=none
claim "a changed tile is refused" refuses "is not what the entries make" \
    export "$WORK/one"
