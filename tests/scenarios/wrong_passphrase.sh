#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without the passphrase a home is closed to everyone.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

make_office pnh "Office of pnh" KH
need c pnh found "Corridor"
id=$(get pnh .id new case pseudonym="Red Heron" status=new)

echo "another passphrase" >"$WORK/wrong"
: >"$WORK/empty"
printf '%s' "$(cat "$PASSPHRASE")" >"$WORK/bare"
printf '%s\n\n' "$(cat "$PASSPHRASE")" >"$WORK/two"

claim "a wrong one is denied: 4" fails_saying 4 passphrase \
    c pnh show "$id" --passphrase-file "$WORK/wrong"
claim "serve does not start with it" fails_saying 4 passphrase \
    c pnh serve --listen 127.0.0.1:0 --passphrase-file "$WORK/wrong"
claim "an empty one is none" fails 1 \
    c pnh show "$id" --passphrase-file "$WORK/empty"
claim "two newlines are another passphrase" fails 4 \
    c pnh show "$id" --passphrase-file "$WORK/two"
claim "a last newline does not count" \
    c pnh show "$id" --passphrase-file "$WORK/bare"
claim "without terminal or file it says what to do" \
    fails_saying 1 passphrase-file env -u CORRIDOR_PASSPHRASE_FILE \
    CORRIDOR_HOME="$WORK/pnh" setsid "$CORRIDOR" show "$id"
claim "a short one is refused for a new home" fails 1 env \
    CORRIDOR_HOME="$WORK/bkk" CORRIDOR_PASSPHRASE_FILE=<(echo short) \
    "$CORRIDOR" init --office Short

start_daemon pnh
claim "whoever may use the daemon's socket needs none" env \
    -u CORRIDOR_PASSPHRASE_FILE CORRIDOR_HOME="$WORK/pnh" \
    setsid "$CORRIDOR" show "$id"
claim "the keystore's file is the owner's alone" is \
    "$(stat -c %a "$WORK/pnh/node.key" "$WORK/pnh/office.key" \
        "$WORK/pnh/corridor.sock" | tr '\n' ' ')" "600 600 600 "
claim "the home too" is "$(stat -c %a "$WORK/pnh")" 700
claim "lock ends the daemon" c pnh lock
claim "in time" wait_until 60 has_ended "${PID[pnh]}"
claim "after it the passphrase is asked for again" fails 4 \
    c pnh show "$id" --passphrase-file "$WORK/wrong"
