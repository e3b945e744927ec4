#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A backup is taken while the daemon works, and can be read.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

# Flip one bit each in copies of the file, in pages of all kinds: whatever is
# found, nothing crashes.
nothing_crashes()
{
    local n=0
    local status=0
    local size=0

    size=$(stat -c %s "$WORK/last/data/data.mdb")
    for n in 0 1 2 3 4 5 6 7; do
        rm -rf "$WORK/rot"
        cp -a "$WORK/last" "$WORK/rot"
        flip "$WORK/rot/data/data.mdb" $((size * n / 8 + 40 + n))
        c rot verify 2>&1
        status=$?
        [ "$status" -le 4 ] || return 1
    done
}

found_by_verify()
{
    is_not "$(get "$1" .findings verify)" 0
}

make_office pnh "Office of pnh" KH
need c pnh found "Corridor"
start_daemon pnh
c pnh sample --cases 100 --seed 5 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"
before=$(digest pnh)

# While others write.
for n in 1 2 3 4 5 6 7 8 9 10; do
    c pnh new case pseudonym="Heron $n" status=new >>"$WORK/new.out" 2>&1
done &
writer=$!
claim "a backup is taken while the daemon writes" c pnh backup "$WORK/copy"
wait "$writer"
claim "it does not overwrite another one" fails 1 c pnh backup "$WORK/copy"
claim "it is the owner's alone" is "$(stat -c %a "$WORK/copy" \
    "$WORK/copy/data" "$WORK/copy/data/data.mdb" | tr '\n' ' ')" "700 700 600 "
claim "it leaves the office key where it was" test ! -e "$WORK/copy/office.key"
claim "the backup verifies as a home" is_clean copy
claim "and holds all that was there before it" \
    at_least "$(get copy .records digest)" "${before#* }"

stop_daemon pnh
need c pnh backup "$WORK/last"
claim "one of a home at rest shows the same" is "$(digest last)" \
    "$(digest pnh)"
need c last rebuild
claim "rebuilding what is derived changes nothing" is "$(digest last)" \
    "$(digest pnh)"
claim "and it verifies" is_clean last

# What rots is found.
cp -a "$WORK/last" "$WORK/spoilt"
need spoil_last_body spoilt
claim "a bit that rots in a stored change is found" found_by_verify spoilt
claim "verify's status says so" fails 1 c spoilt verify
claim "whatever bit rots, nothing crashes" nothing_crashes
