#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A full disk is an error that says so; reads go on, and it heals.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

megabytes=${SANITIZED:+6}
megabytes=${megabytes:-12}
count=${SANITIZED:+2000}
count=${count:-3000}
mkdir "$WORK/small"
[ "$(id -u)" -eq 0 ] || skip "a small disk is mounted by root alone"
mount -t tmpfs -o "size=${megabytes}m" none "$WORK/small" 2>"$WORK/mount.err" ||
    skip "cannot mount: $(cat "$WORK/mount.err")"
MOUNTS+=("$WORK/small")
mkdir "$WORK/small/pnh" "$WORK/small/bkk"
ln -s small/pnh "$WORK/pnh"
ln -s small/bkk "$WORK/bkk"

more_room()
{
    mount -o "remount,size=$1" "$WORK/small"
}

# There is a reserve: an edit may still succeed, and then it stays.
write_fails_or_stays()
{
    if c pnh set "$id" assignee="Desk 4" >"$WORK/edit" 2>&1; then
        has_text pnh "$id" assignee "Desk 4"
    else
        grep -qi "full" "$WORK/edit"
    fi
}

make_office pnh "Office of pnh" KH
need c pnh found "Corridor" --share-by-default
start_daemon pnh
id=$(get pnh .id new case pseudonym="Red Heron" status=new)
c pnh sample --cases "$count" --seed 17 >"$WORK/cases.jsonl"

claim "an import beyond the disk fails, and says why" fails_saying 1 \
    "full" c pnh import "$WORK/cases.jsonl"
records=$(get pnh .records digest)
claim "the daemon is still there, and reads" c pnh show "$id"
claim "lists" at_least "$(get_all pnh length list case --limit 50)" 1
claim "has part of the import" at_least "$records" 2
claim "and no write succeeds that is not kept" write_fails_or_stays
claim "what there is verifies" is_clean pnh

need more_room 200m
claim "with room again the same import succeeds" \
    c pnh import "$WORK/cases.jsonl"
claim "each record is there once" at_least "$(get pnh .records digest)" \
    "$(($(grep -c '"kind":' "$WORK/cases.jsonl") + 1))"
claim "and verifies" is_clean pnh

# An export for auditors onto a full stick.
mkdir "$WORK/stick"
need mount -t tmpfs -o size=256k none "$WORK/stick"
MOUNTS+=("$WORK/stick")
claim "an export beyond its disk fails, and says why" fails_saying 1 \
    "no room" c pnh audit export "$WORK/stick/out" --headers
need mount -o remount,size=200m "$WORK/stick"
claim "with room it goes on" c pnh audit export "$WORK/stick/out" --headers
claim "to its end" is "$(get pnh '[.logs[].files] | add' audit export \
    "$WORK/stick/out" --headers)" 0
stop_daemon pnh

# The receiver's disk is full: it says so, and goes on when there is room.
rm -r "$WORK/small/pnh"
make_office vte "Office of vte" LA
need c vte found "Another" --share-by-default
start_daemon vte
make_office bkk "Office of bkk" TH
join_office bkk vte
need c vte import "$WORK/cases.jsonl"
need more_room $(($(du -sk "$WORK/small/" | cut -f 1) + 1024))k
start_daemon bkk
claim "a receiver without room says so" wait_until 120 \
    grep -qi "no room" "$WORK/bkk.err"
claim "and answers" c bkk status
claim "it is not synced" is \
    "$(get vte '.peers.offices[0].nodes[0].synced' status)" false
need more_room 200m
claim "with room again it catches up by itself" synced 120 vte bkk
claim "and verifies" is_clean bkk
