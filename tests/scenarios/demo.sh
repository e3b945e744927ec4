#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A small corridor of real daemons on this machine: demo.sh [--once]
# It tells what it does. Without --once the daemons stay until Ctrl-C.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CORRIDOR=${CORRIDOR:-$root/build/release/node/corridor}
export TOOLS=${TOOLS:-$root/build/release/tests/scenarios/tools}
# shellcheck source=tests/scenarios/lib.sh
. "$here/lib.sh"

# No claims are counted here.
ended()
{
    local status=$1

    trap - EXIT
    [ "$status" -eq 0 ] || show_diagnostics
    clean_up
    exit "$status"
}
trap 'ended $?' EXIT

NAME_pnh="Phnom Penh"
NAME_bkk="Bangkok"
NAME_vte="Vientiane"

name_of()
{
    local variable=NAME_$1

    printf '%s' "${!variable}"
}

step()
{
    printf '\n%s\n' "$*"
}

tell()
{
    printf '  %s\n' "$*"
}

# What a command prints, a little to the right.
show()
{
    "$@" 2>&1 | sed 's/^/    /'
}

now_ms()
{
    echo $(($(date +%s%N) / 1000000))
}

# Seconds since a time, as 1.2.
since()
{
    local ms=$(($(now_ms) - $1))

    printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# must COMMAND...: what the story rests on.
must()
{
    need "$@"
}

all_same()
{
    must synced 60 pnh bkk vte
    tell "All three now show the same: digest $(digest pnh | cut -c 1-16)…," \
        "$(get pnh .records digest) records."
}

step "1. Three offices, each with its own node"
start=$(now_ms)
make_office pnh "$NAME_pnh" KH
make_office bkk "$NAME_bkk" TH
make_office vte "$NAME_vte" LA
must c pnh found "Mekong" --share-by-default
start_daemon pnh
start_link road pnh
join_office bkk pnh --address "127.0.0.1:${PORT[road]}" --roles write,read
join_office vte pnh --roles write,read
for office in bkk vte; do
    printf '[sync]\ndial_first = 200ms\ndial_max = 1s\n' \
        >"$WORK/$office/corridor.conf"
    start_daemon "$office"
done
tell "Phnom Penh founded the corridor \"Mekong\"; the others joined, each by"
tell "one line that Phnom Penh had given them. Ready after $(since "$start")."
for office in pnh bkk vte; do
    tell "$(printf '%-11s' "$(name_of "$office")")" \
        "127.0.0.1:${PORT[$office]}," \
        "office code $(get "$office" .office.code status)"
done

cases=${SANITIZED:+200}
cases=${cases:-2000}
step "2. $cases made-up cases are imported at Phnom Penh"
c pnh sample --cases "$cases" --seed 1 >"$WORK/cases.jsonl"
start=$(now_ms)
must c pnh import "$WORK/cases.jsonl"
tell "$(wc -l <"$WORK/cases.jsonl") lines, each signed, sealed and on the" \
    "disk, in $(since "$start")."
start=$(now_ms)
must synced 60 pnh bkk vte
tell "Bangkok and Vientiane hold them all $(since "$start") later."
all_same

step "3. Everyone works"
id=$(get_all pnh '.[0].id' list case status=open --limit 1 2>/dev/null)
[ "$id" != null ] || die "no open case among the samples"
must c pnh set "$id" assignee="Desk 1"
must c bkk new case pseudonym="Red Heron 7" status=new country=TH
must c vte set "$(get_all vte '.[1].id' list case --limit 2 \
    2>/dev/null)" \
    status=open
tell "An edit at Phnom Penh, a new case at Bangkok, an edit at Vientiane."
all_same

step "4. The link to Bangkok is cut, and two offices write one field"
link_down road
must c pnh set "$id" summary="The employer owes three months of wages"
must c bkk set "$id" summary="The employer has paid two of three months"
tell "case ${id:0:12}…, field summary:"
tell "  Phnom Penh writes: $(get pnh '.fields.summary |
    if type == "object" then .text else . end' show "$id")"
tell "  Bangkok writes:    $(get bkk '.fields.summary |
    if type == "object" then .text else . end' show "$id")"

step "5. The link is back"
start=$(now_ms)
link_up road
must c bkk sync --timeout 30
must synced 30 pnh bkk vte
tell "Caught up $(since "$start") after it came back; nothing was lost:"
show c vte conflicts
tell "Vientiane has heard both people, and settles it."
must c vte settle "$id" summary="Two of three months are paid, one is owed"
all_same
[ "$(get bkk '.records | length' conflicts)" = 0 ] || die "still in conflict"
tell "No conflict is left, and the history keeps both versions:"
show c bkk show "$id" --history >"$WORK/history"
grep -e "summary" "$WORK/history" | tail -n 3

step "6. It can be proved"
for office in pnh bkk vte; do
    must is_clean "$office"
    tell "$(printf '%-11s' "$(name_of "$office")")" "verified" \
        "$(get "$office" '"\(.entries) entries of \(.logs) logs"' verify)"
done
stop_daemon vte
cp -a "$WORK/vte" "$WORK/tampered"
must spoil_last_body tampered
tell "Somebody changes one bit of a stored change in a copy of Vientiane's"
tell "disk. verify on that copy says:"
show c tampered verify | head -n 4
[ "$(get tampered .findings verify)" -ge 1 ] || die "verify found nothing"
must c vte set "$id" assignee="Desk 3"
"$TOOLS/hostile" flip --to "127.0.0.1:${PORT[pnh]}" --home "$WORK/vte" \
    --passphrase-file "$PASSPHRASE" --office "$NAME_pnh" \
    >"$WORK/hostile.json" || die "the attack did not work"
[ "$(jq -r .answer "$WORK/hostile.json")" = ignored ] ||
    die "the tampered batch was not ignored: $(cat "$WORK/hostile.json")"
tell "It sends a change with one bit flipped to Phnom Penh, which takes nothing"
tell "of it in, and says:"
must grep -q "sent entries that do not follow" "$WORK/pnh.err"
show grep "sent entries that do not follow" "$WORK/pnh.err" | tail -n 1
start_daemon vte
all_same

step "Done. $SECONDS seconds, all told."
[ "${1:-}" = --once ] && exit 0
cat <<END

The three daemons stay until you press Ctrl-C. In another terminal:

  export CORRIDOR_PASSPHRASE_FILE=$PASSPHRASE
  $CORRIDOR status --home $WORK/pnh
  $CORRIDOR list case status=open --limit 5 --home $WORK/bkk
  $CORRIDOR show ${id:0:12} --history --home $WORK/vte
  $CORRIDOR new case pseudonym="Blue Ibis 3" status=new --home $WORK/vte
  $CORRIDOR help case --home $WORK/vte

END
trap 'echo; exit 0' INT TERM
wait "${PID[pnh]}"
