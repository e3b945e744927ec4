#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tables as offices keep them are taken in, and importing again changes
# nothing, even if the first time was interrupted.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

cases()
{
    get_all pnh length list case --limit 1000
}

# What an import says at its end.
import_says()
{
    local expected=$1
    shift

    c pnh import "$@" >"$WORK/import.out" 2>"$WORK/import.err"
    is "$(tail -n 1 "$WORK/import.err")" "$expected" ||
        { cat "$WORK/import.err"; return 1; }
}

has_begun()
{
    is_not "$(get pnh .counts.entries status)" "$entries"
}

make_office pnh "Office of pnh" KH
need c pnh found "Corridor"
start_daemon pnh

# A byte order mark, semicolons, CRLF, quotes around new lines.
printf '\xef\xbb\xbfno;pseudonym;status;summary;due\r\n' >"$WORK/a.csv"
printf 'A-1;Red Heron;new;"Two\nlines; and ""quotes""";5/3/2540\r\n' \
    >>"$WORK/a.csv"
printf 'A-2;\xe1\x9e\x80\xe1\x9e\xbb\xe1\x9e\x80;open;x;%s\r\n' \
    '๒๕๔๐' >>"$WORK/a.csv"
printf 'A-3;Blue Ibis;new;y;1997-03-05\r\n' >>"$WORK/a.csv"
claim "a table with a mark, semicolons and quoted new lines" \
    import_says "3 made, 0 updated, 0 unchanged, 0 faults" case "$WORK/a.csv"
claim "again: nothing changes" \
    import_says "0 made, 0 updated, 3 unchanged, 0 faults" case "$WORK/a.csv"
claim "there are three cases" is "$(cases)" 3
id=$(get_all pnh '.[0].id' list case no=A-1)
claim "the quoted cell came whole" has_text pnh "$id" summary \
    $'Two\nlines; and "quotes"'
claim "the Buddhist year became 1997" is \
    "$(get pnh '.fields.due | if type == "object" then .date else . end' \
        show "$id")" 1997-03-05
id=$(get_all pnh '.[0].id' list case no=A-2)
claim "local digits are digits" is \
    "$(get pnh '.fields.due | if type == "object" then .date else . end' \
        show "$id")" 1997

tail -c +4 "$WORK/a.csv" | iconv -f UTF-8 -t UTF-16 >"$WORK/utf16.csv"
claim "the same in UTF-16 is the same" \
    import_says "0 made, 0 updated, 3 unchanged, 0 faults" \
    case "$WORK/utf16.csv"

# Broken rows are listed with line and reason; the others are taken in.
cat >"$WORK/b.csv" <<'END'
no,pseudonym,status,due
B-1,Grey Crane,new,2026-01-01
B-2,White Stork,nonsense,2026-01-02
B-3,Black Kite,new,31/02/2026
B-4,Brown Owl,new,67
B-5,Green Bee,open,2026-01-05
B-6,"never closed,new,2026-01-06
B-7,Pale Swift,new,2026-01-07
END
claim "broken rows fail the import" fails 1 c pnh import case "$WORK/b.csv"
for line in 3 4 5 7; do
    claim "line $line is named with its reason" grep -Eq \
        "(line |:)${line}[:,]? .*[a-z]{4}" "$WORK/fails.err"
done
claim "the good ones are there" is \
    "$(get_all pnh '[.[].fields.no | if type == "object" then .text else .
        end | select(startswith("B-"))] | sort | join(" ")' list case)" \
    "B-1 B-5 B-7"
claim "a column that is none is refused" fails 1 \
    c pnh import case --format csv <(printf 'no,wings\n1,2\n')

# Interrupted by kill -9, as soon as the first rows are there; the last row
# comes after that, however fast the others were taken in.
count=${SANITIZED:+900}
count=${count:-2000}
all_but_the_last()
{
    head -n -1 "$1"
    wait_until 60 test -e "$WORK/killed$n" >"$WORK/last.out"
    tail -n 1 "$1"
}

cut=0
for n in 1 2 3; do
    entries=$(get pnh .counts.entries status)
    c pnh sample --cases "$count" --seed "$n" >"$WORK/cases$n.jsonl"
    c pnh import - >"$WORK/partly" 2>&1 \
        < <(all_but_the_last "$WORK/cases$n.jsonl") &
    import=$!
    need wait_until 60 has_begun
    kill_daemon pnh
    touch "$WORK/killed$n"
    wait "$import" || cut=$((cut + 1))
    start_daemon pnh
done
claim "imports that are cut off have not succeeded" is "$cut" 3
for n in 1 2 3; do
    need c pnh import "$WORK/cases$n.jsonl"
done
claim "once repeated, each record is there once" is \
    "$(get pnh .records digest)" \
    "$(($(cat "$WORK"/cases?.jsonl | grep -c '"kind":') + 6))"
once=$(digest pnh)
need c pnh import "$WORK/cases1.jsonl"
claim "and again nothing changes" is "$(digest pnh)" "$once"
claim "the log verifies" is_clean pnh
