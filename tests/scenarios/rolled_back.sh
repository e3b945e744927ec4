#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A home is put back to an older copy of itself, and nothing on the machine
# shows it: the first contact does.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

found_corridor pnh bkk
need c bkk new case pseudonym="Red Heron" status=new
need synced 60 pnh bkk
stop_daemon bkk
cp -a "$WORK/bkk" "$WORK/older"
cp -a "$WORK/bkk" "$WORK/cloned"
later=$(get bkk .id new case pseudonym="Blue Ibis" status=new)
need c bkk sync --timeout 60
need c pnh show "$later"

# It meets the others before it writes.
claim "what it wrote and lost is not there at first" fails 1 \
    c older show "$later"
need c older sync --timeout 60
claim "it takes its own entries back from its peer" c older show "$later"
claim "and both show the same" same_digest pnh older
need c older new case pseudonym="Grey Crane" status=new
need c older sync --timeout 60
claim "it writes on where it had been" same_digest pnh older
claim "nothing was refused" is "$(get pnh .counts.refused status)" 0
claim "both verify" is_clean pnh older

# It writes before it meets them: two histories of one log.
before=$(digest pnh)
stranded=$(get cloned .id new case pseudonym="White Stork" status=new)
claim "a clone that has written is not synced" fails 1 \
    c cloned sync --timeout 60
claim "what the others have stays as it is" is "$(digest pnh)" "$before"
claim "the clone says what has happened, and writes no more" fails_saying 1 \
    "continued elsewhere" c cloned new case pseudonym="Black Kite" status=new
claim "what it wrote is not lost: it still shows it" c cloned show "$stranded"
claim "and it goes on reading" c cloned list case
# Which of the two is the right one nobody can know: the node is retired.
need c pnh new case pseudonym="Green Heron" status=new
claim "the first one is not in step either" fails 1 c older sync --timeout 60
claim "and writes no more" fails_saying 1 "continued elsewhere" \
    c older set "$later" status=open
claim "but gets what others write" same_digest pnh older
claim "the others' logs verify" is_clean pnh older
