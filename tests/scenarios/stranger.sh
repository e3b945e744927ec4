#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A peer that was written from docs/ alone, in another language, takes part
# and comes to the same records, and to the same list of void entries.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
SEED=${CORRIDOR_SEED:-$RANDOM}

stranger()
{
    PYTHONDONTWRITEBYTECODE=1 python3 "$ROOT/tests/scenarios/tools/stranger" \
        "$@"
}

python3 - <<'EOF' || skip "python3, libsodium or libzstd is not here"
import ctypes.util, sys
sys.exit(not all(map(ctypes.util.find_library, ("sodium", "zstd"))))
EOF

# What the daemon's office writes while the stranger is away.
write_meanwhile()
{
    local id=""

    cat >"$WORK/meanwhile.sh" <<'EOF'
export CORRIDOR_HOME=$WORK/pnh
for id in $(jq -r .id "$WORK/cases"); do
    "$CORRIDOR" set "$id" status=closed issues+=debt risk=high \
        summary="Seen at the desk" notes+="Called again" || exit 1
done
EOF
    id=$(tail -n 1 "$WORK/cases" | jq -r .id) # of pnh, which owns it
    echo "$CORRIDOR set $id owner=$(get pnh .office.id status)" \
        >>"$WORK/meanwhile.sh"
}

# What the daemon has, and what the stranger has, as files to compare.
versions()
{
    local id=""

    jq -r '.records[] | .id + " " + .version' "$WORK/stranger.json" >"$WORK/a"
    for id in $(jq -r '.records[].id' "$WORK/stranger.json"); do
        printf '%s %s\n' "$id" "$(get pnh .version show "$id")"
    done >"$WORK/b"
    diff "$WORK/a" "$WORK/b"
}

voids()
{
    jq -r '.voids[]' "$WORK/stranger.json" >"$WORK/a"
    get pnh '[.refused[].entry | sub("/[0-9]+$"; "")] | unique | .[]' \
        refused >"$WORK/b"
    diff "$WORK/a" "$WORK/b"
}

claim "the worked examples are what the stranger makes too" \
    stranger examples "$ROOT"

found_corridor pnh bkk
c pnh sample --cases 6 --seed 5 >"$WORK/sample.jsonl"
need c pnh import "$WORK/sample.jsonl"
c bkk sample --cases 3 --seed 6 >"$WORK/sample.jsonl"
need c bkk import "$WORK/sample.jsonl"
need synced 60 pnh bkk
c pnh list case --json >"$WORK/cases"
write_meanwhile
line=$(get pnh .line invite 2>"$WORK/invite.err") || die "no invitation"
export WORK CORRIDOR
say "CORRIDOR_SEED=$SEED"
stranger join "$line" "$ROOT/sync/packs" "$SEED" \
    bash "$WORK/meanwhile.sh" >"$WORK/stranger.json" 2>"$WORK/stranger.err" ||
    die "the stranger: $(tail -n 3 "$WORK/stranger.err")"

claim "it read what there was" at_least \
    "$(jq '.records | length' "$WORK/stranger.json")" 20
claim "its person is there" c pnh show \
    "$(jq -r '.made[0]' "$WORK/stranger.json")"
claim "and its case" is "$(get pnh .fields.no show \
    "$(jq -r '.made[1]' "$WORK/stranger.json")")" STR-1
claim "each record is the same at both, to the byte" versions
claim "both hold the same entries for void" voids
claim "what it wrote reaches the third office" synced 60 pnh bkk
claim "the daemons' stores verify" c pnh verify
claim "of both offices" c bkk verify
