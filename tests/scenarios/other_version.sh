#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What another version made is left alone, and said to be that.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

make_office pnh "Office of pnh" KH
need c pnh found "Corridor"
id=$(get pnh .id new case pseudonym="Red Heron" status=new)

cp -a "$WORK/pnh" "$WORK/newer"
sed -i 's/^format *= *1$/format = 2/' "$WORK/newer/home.ini"
claim "the copy says another format" grep -q 'format = 2' \
    "$WORK/newer/home.ini"
claim "a home of another format is refused" fails_saying 1 version \
    c newer show "$id"
claim "by the daemon too" fails_saying 1 version \
    c newer serve --listen 127.0.0.1:0

cp -a "$WORK/pnh" "$WORK/keys"
printf 'CORRKEY2' | dd of="$WORK/keys/node.key" conv=notrunc status=none
claim "a keystore of another version is refused" fails_saying 1 version \
    c keys show "$id"

cp -a "$WORK/pnh" "$WORK/broken"
printf 'nonsense' >"$WORK/broken/home.ini"
claim "a home.ini that is none is refused" fails 1 c broken show "$id"

cp -a "$WORK/pnh" "$WORK/empty"
: >"$WORK/empty/data/data.mdb"
claim "an environment without content is not taken for a new one" \
    fails 1 c empty show "$id"

claim "the first one is as it was" c pnh show "$id"
claim "and verifies" is_clean pnh
