#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test.sh VERIFY MAKE: what MAKE makes is verified by VERIFY, and what was
# changed in it afterwards is refused for what it is.
set -eu -o pipefail
export LC_ALL=C.UTF-8
verify=$1
make=$2
here=$(cd "$(dirname "$0")" && pwd)
vectors=$here/../vectors
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
claims=0
failed=0

note()
{
    claims=$((claims + 1))
    [ "$1" -eq 0 ] && return
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$2"
    cat "$work/said"
}

# holds WORDS ARGUMENTS: VERIFY succeeds, and says so.
holds()
{
    local words=$1
    local status=0
    shift

    "$verify" "$@" >"$work/said" 2>&1 || status=$?
    grep -qF -- "$words" "$work/said" || status=1
    note "$status" "$* should hold: $words"
}

# refused WORDS ARGUMENTS: VERIFY refuses, and names the reason.
refused()
{
    local words=$1
    local status=0
    local wrong=0
    shift

    "$verify" "$@" >"$work/said" 2>&1 || status=$?
    [ "$status" -eq 1 ] || wrong=1
    grep -q "^REFUSED: .*$words" "$work/said" || wrong=1
    note "$wrong" "$* should be refused: $words"
}

"$make" "$work/made"
export=$work/made/export
holds "ok:" export "$export"
for size in 1 5 256 257 600 70000; do
    grep -q "/c[a-z]*: $size entries, .* $size headers, 2 cosig" "$work/said" ||
        note 1 "a log of $size entries is verified"
done

# Where the log of so many entries is.
log_of()
{
    grep -rlFx "$1" "$2" --include checkpoint | xargs dirname
}

small=$work/small
cp -r "$export" "$work/pristine"
rm -r "$(log_of 70000 "$work/pristine")"
fresh()
{
    rm -rf "$small"
    cp -r "$work/pristine" "$small"
    log=$(log_of 600 "$small")
}

# damaged WORDS FILE OFFSET: one bit of a file of the log changed.
damaged()
{
    fresh
    "$make" --flip "$log/$2" "$3"
    refused "$1" export "$small"
}

fresh
holds ": 600 entries" export "$small"
root=$(($(sed -n 1,2p "$log/checkpoint" | wc -c) + 3))
damaged "invalid signature" checkpoint "$root"
damaged "invalid signature" checkpoint -20
damaged "key is not here" checkpoint -110
damaged "invalid signature" vouched/300 -20
fresh
mv "$log/vouched/300" "$log/vouched/299"
refused "of 300 entries" export "$small"
fresh
cp "$(log_of 257 "$small")/vouched/128" "$log/vouched"
refused "checkpoint of" export "$small"
damaged "is not the one" tile/entries/000 10
damaged "another root" tile/entries/002.p/88 -1
damaged "another root" tile/entries/001 2
damaged "not of 68 bytes" tile/entries/001 1
damaged "is not the one" headers/001 5
damaged "is not what the entries make" tile/0/000 0
damaged "is not what the entries make" tile/0/002.p/88 -1
damaged "is not what the entries make" tile/1/000.p/2 40
damaged "" vkey -10

fresh
rm "$log/tile/0/001"
refused "tile/0/001 is missing" export "$small"
fresh
mv "$log/tile/0/001" "$work/swap"
mv "$log/tile/0/000" "$log/tile/0/001"
mv "$work/swap" "$log/tile/0/000"
refused "is not what the entries make" export "$small"
fresh
mv "$log/tile/entries/001" "$work/swap"
mv "$log/tile/entries/000" "$log/tile/entries/001"
mv "$work/swap" "$log/tile/entries/000"
refused "is not the one" export "$small"
rm -r "$log/headers"
refused "another root" export "$small"
fresh
truncate -s -1 "$log/tile/1/000.p/2"
refused "is not what the entries make" export "$small"
fresh
truncate -s -70 "$log/tile/entries/002.p/88"
refused "ends after 87" export "$small"
fresh
sed -i 's/^600$/599/' "$log/checkpoint"
refused "invalid signature" export "$small"
fresh
cp "$(log_of 257 "$small")/checkpoint" "$log/checkpoint"
refused "checkpoint of" export "$small"

# Proofs, with the leaf beside them or in them.
for proof in "$work"/made/proofs/*.tlog-proof; do
    base=${proof%.tlog-proof}
    key=$work/made/old/$(basename "${base%-*}").vkey
    holds "ok: entry ${base##*-} of" proof "$proof" "$base.leaf" "$key"
    holds "ok: entry ${base##*-} of" proof "$base.extra" - "$key"
    refused "" proof "$proof" "$work/made/proofs/5-35000.extra" "$key"
done
base=$work/made/proofs/1-300
key=$work/made/old/1.vkey
for change in 's/^index 300/index 301/' '3s/^A/B/;t;3s/^./A/' '5d' \
    's/^600$/601/' '2s/$/ /'; do
    sed -e "$change" "$base.tlog-proof" >"$work/damaged"
    refused "" proof "$work/damaged" "$base.leaf" "$key"
done
refused "" proof "$base.tlog-proof" "$base.leaf" "$work/made/old/5.vkey"
holds "1 cosignatures" proof "$vectors/tlog-proof/oak.tlog-proof" \
    "$vectors/tlog-proof/oak.entry" "$vectors/tlog-proof/oak.vkey" \
    "$vectors/tlog-proof/oak.witness.vkey"

# Older checkpoints, of this log and of one that parted from it at 3.
fresh
for old in "$work"/made/old/1-*; do
    size=${old##*/1-}
    key=$work/made/old/1.vkey
    if [[ $size == *-forked ]] && [ "${size%-forked}" -gt 3 ]; then
        refused "not the log that was signed" consistency "$log" "$old" "$key"
    else
        holds "are the first of 600" consistency "$log" "$old" "$key"
    fi
done
other=$(log_of 257 "$small")
cp "$log/checkpoint" "$work/later"
refused "checkpoint of" consistency "$other" "$work/later" \
    "$other/vkey"
"$make" --flip "$log/tile/0/000" 5
refused "not the log that was signed" consistency "$log" "$work/made/old/1-92" \
    "$work/made/old/1.vkey"

# Evidence of forks.
key=$work/made/forks/vkey
for fork in "$work"/made/forks/*-*; do
    holds "was signed in two versions" fork "$fork" "$key"
    cp "$fork" "$work/damaged"
    "$make" --flip "$work/damaged" 20 # in the root
    refused "" fork "$work/damaged" "$key"
    cp "$fork" "$work/damaged"
    "$make" --flip "$work/damaged" -10 # in B's signature
    refused "invalid signature" fork "$work/damaged" "$key"
    refused "" fork "$fork" "$work/made/old/5.vkey"
done
{
    printf 'corridor-fork@v1\n'
    sed -n 3p "$work/made/old/0-1"
    printf '\n'
    cat "$work/made/old/0-1"
    printf '\n'
    cat "$work/made/old/0-1"
} >"$work/agreeing"
refused "agree" fork "$work/agreeing" "$work/made/old/0.vkey"

# The disclosure of docs/protocol.md: its seal, and the proof of its leaf.
story=$here/../fuzz/corpus/disclosure/story.txt
key=corridor.internal/$(printf 'c0%.0s' {1..32})/8146640f02493af4fbc54fe33388e7
key+=5dc2c937ae0b7727cc2b2afb1b75199a3e/changes+5a856111+
key+=AYFGZA8CSTr0+8VP4zOI513CyTeuC3cnzCsq+xt1GZo+
note_status=0
python3 "$here/disclosure.py" "$story" "$work/leaf" "$work/proof" \
    >"$work/said" 2>&1 || note_status=1
note "$note_status" "the seal of the story's disclosure should hold"
holds "ok: entry 0 of 1" proof "$work/proof" "$work/leaf" "$key"
sed 's/^plaintext I/plaintext J/' "$story" >"$work/damaged"
note_status=0
python3 "$here/disclosure.py" "$work/damaged" "$work/leaf" "$work/proof" \
    >"$work/said" 2>&1 && note_status=1
note "$note_status" "another plaintext should be refused"

printf '%d claims, %d failed\n' "$claims" "$failed"
[ "$failed" -eq 0 ]
