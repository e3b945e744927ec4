#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Logs are exported for auditors: the same with a daemon and without one, by
# either office, grown from an older export or at once, after a kill too.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

count=${SANITIZED:+30}
count=${count:-200}

same_folders()
{
    diff -r "$1" "$2"
}

# The same but for who vouches for it, which daemons hear of at any time.
same_entries()
{
    diff -r -x checkpoint -x vouched "$1" "$2"
}

# The log's folder in an export: folder_of EXPORT OFFICE-WITH-THE-NODE KIND.
folder_of()
{
    echo "$WORK/$1/$(get "$2" .node.id status)/$3"
}

# Entries of the checkpoint.
size_of()
{
    sed -n 2p "$1/checkpoint"
}

export_is()
{
    is "$(get "$1" "$3" audit export "$WORK/$2" --headers)" "$4"
}

found_corridor pnh bkk
c pnh sample --cases "$count" --seed 5 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"
need c bkk new case country=KH status=new
need synced 60 pnh bkk
need c pnh sync --timeout 60 # nothing is on its way that exports would hold

claim "an export says what it wrote" export_is pnh with \
    '[.logs[] | select(.files > 0)] | length' 4
pnh_changes=$(folder_of with pnh changes)
claim "the checkpoint is of a log of that name" \
    grep -q "^corridor.internal/.*/changes$" "$pnh_changes/checkpoint"
claim "its tiles stand there" test -f "$pnh_changes/tile/0/000"
claim "and its entries" test -f "$pnh_changes/tile/entries/000"
claim "and its headers" test -f "$pnh_changes/headers/000"
claim "keys are those that are printed" \
    grep -qxFf "$pnh_changes/vkey" <(c pnh audit key)
claim "cosigners' too" grep -qxFf "$(dirname "$pnh_changes")/cosigner" \
    <(c pnh audit key)
c pnh audit key >"$WORK/keys"
claim "a key on paper checks it all" \
    "$CORRIDOR" audit check "$WORK/with" --key "$WORK/keys"
claim "one node's logs alone" \
    is "$(get pnh '.logs | length' audit export "$WORK/one" --log bkk-1)" 2
claim "no such node" fails_saying 1 "no log" \
    c pnh audit export "$WORK/none" --log nobody
claim "nowhere to write" fails_saying 1 "make" \
    c pnh audit export "$WORK/no/where"

stop_daemon pnh
need c pnh audit export "$WORK/without" --headers
claim "without a daemon it is the same" same_entries \
    "$WORK/with" "$WORK/without"
claim "once more there is nothing to write" export_is pnh without \
    '[.logs[].files] | add' 0
before=$(size_of "$pnh_changes")
id=$(get pnh .id new case country=TH status=new)
need c pnh set "$id" status=open
claim "more entries touch a handful of files" at_most \
    "$(get pnh '[.logs[] | select(.kind == "changes") | .files] | max' \
        audit export "$WORK/with")" 12
claim "and are there" at_least "$(size_of "$pnh_changes")" $((before + 2))
need c pnh audit export "$WORK/fresh" --headers
claim "grown or at once: the same" same_folders "$WORK/with" "$WORK/fresh"
claim "an older node leaves it as it is" is \
    "$(get bkk '[.logs[] | select(.ahead)] | length' \
        audit export "$WORK/with")" 1
claim "to the byte" same_folders \
    "$pnh_changes" "$(folder_of fresh pnh changes)"

start_daemon pnh
need synced 60 pnh bkk
need c bkk audit export "$WORK/theirs" --headers
claim "the other office exports the same leaves" same_folders \
    "$pnh_changes/tile" "$(folder_of theirs pnh changes)/tile"

# One change, by its record, by either office; and opened.
need c pnh audit prove "$id" -o "$WORK/one.tlog-proof"
need c bkk audit prove "$id" -o "$WORK/theirs.tlog-proof"
need c pnh audit prove "$id" --disclose -o "$WORK/one.disclosure"
for file in one.tlog-proof theirs.tlog-proof one.disclosure; do
    claim "$file is checked with the key on paper" \
        "$CORRIDOR" audit check "$WORK/$file" --key "$WORK/keys"
done
claim "who discloses is told what the file holds" \
    fails_saying 0 "in clear" c pnh audit prove "$id" --disclose -o -

# Killed at any moment, it is mended by the next.
for i in 1 2 3 4 5; do
    CORRIDOR_HOME="$WORK/pnh" "$CORRIDOR" audit export "$WORK/killed" \
        --headers >/dev/null 2>&1 &
    victim=$!
    wait_until 20 test -d "$WORK/killed" >/dev/null
    kill -KILL "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    [ "$i" -lt 5 ] && rm -rf "$WORK/killed"
done
need c pnh audit export "$WORK/killed" --headers
need c pnh audit export "$WORK/fresh" --headers
claim "what was killed is gone on with" same_entries \
    "$WORK/killed" "$WORK/fresh"

# A checkpoint that somebody altered.
cp -r "$WORK/fresh" "$WORK/altered"
altered=$(folder_of altered pnh changes)
sed -i '2s/.*/1/' "$altered/checkpoint"
claim "an altered checkpoint is not written over" fails_saying 1 "altered" \
    c pnh audit export "$WORK/altered"
claim "and stays" is "$(size_of "$altered")" 1

# Two histories of one log: a copy of the home that was written on.
stop_daemon pnh
cp -r "$WORK/pnh" "$WORK/copy"
need c pnh set "$id" status=closed
need c pnh audit export "$WORK/fresh" --headers
need c copy set "$id" status=new
claim "a fork is told" fails_saying 1 "FORK" \
    c copy audit export "$WORK/fresh" --headers
claim "and kept as evidence: the copy writes no more" \
    fails_saying 1 "two versions" c copy set "$id" status=open
cp -r "$WORK/fresh" "$WORK/kept"
c copy audit export "$WORK/fresh" --headers >/dev/null 2>&1
claim "and nothing is written over the other history" same_folders \
    "$(folder_of fresh pnh changes)" "$(folder_of kept pnh changes)"
