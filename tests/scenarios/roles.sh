#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two offices that reach only a relay, and never at the same time; an auditor
# that reaches one of them. Neither relay nor auditor learns anything, and
# each says what it is. Then the auditor's office may read for a while.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

make_office pnh "Office of pnh" KH
need c pnh found "Corridor of the scenarios" --share-by-default
start_daemon pnh
for member in relay bkk audit; do
    make_office "$member" "Office of $member" TH
    case $member in
    bkk) roles=write,read ;;
    *) roles=$member ;;
    esac
    join_office "$member" pnh --roles "$roles"
    printf '[sync]\ndial_first = 200ms\ndial_max = 1s\n' \
        >"$WORK/$member/corridor.conf"
    start_daemon "$member"
done
# All have heard of one another; from now on who reaches whom is settled.
need wait_until 60 c pnh sync --timeout 60
need c bkk sync --timeout 60
need c relay sync --timeout 60
need c relay peer remove "Office of pnh"
need c bkk peer remove "Office of pnh"
need c bkk peer add "Office of relay" "127.0.0.1:${PORT[relay]}"
need c pnh peer add "Office of relay" "127.0.0.1:${PORT[relay]}"

# role_of OFFICE: what it says that it is.
role_of()
{
    get "$1" '.standing.role // "none"' status
}

# says OFFICE WORDS: its status has a line with these words.
says()
{
    c "$1" status | grep -F -- "$2" && return 0
    c "$1" status
    return 1
}

claim "the relay's role shows among members" is \
    "$(get pnh '.members[] | select(.name == "Office of relay") | .roles |
        join(",")' members)" relay
claim "and the auditor's" is \
    "$(get pnh '.members[] | select(.name == "Office of audit") | .roles |
        join(",")' members)" audit
claim "an office that reads and writes says nothing of a role" is \
    "$(role_of bkk)" none

# tells WORDS COMMAND...: it succeeds, and says these words.
tells()
{
    local words=$1
    shift

    "$@" >"$WORK/tells.out" 2>&1 || { cat "$WORK/tells.out"; return 1; }
    cat "$WORK/tells.out"
    grep -qF -- "$words" "$WORK/tells.out"
}

# The offices never meet: one is off while the other is on.
stop_daemon bkk
c pnh sample --cases 20 --seed 5 >"$WORK/cases.jsonl"
need c pnh import "$WORK/cases.jsonl"
summary="The employer keeps the passport of the sister"
case=$(get pnh .id new case pseudonym="Red Heron" status=new \
    summary="$summary")
records=$(get pnh .records digest)

# holds_all OFFICE: as many entries as pnh.
holds_all()
{
    is "$(get "$1" .counts.entries status)" "$(get pnh .counts.entries status)"
}

claim "the relay gets all" wait_until 60 holds_all relay
claim "the auditor gets all headers" wait_until 60 holds_all audit

# is_peer OFFICE OTHER FILTER VALUE: what it says of the other's node.
is_peer()
{
    is "$(get "$1" ".peers.offices[] | select(.name == \"Office of $2\") |
        .nodes[0] | $3" status)" "$4"
}

claim "the relay counts as one that holds all" \
    wait_until 60 is_peer pnh relay .synced true
claim "the auditor has confirmed headers" \
    wait_until 60 is_peer pnh audit .headers_confirmed true
claim "which is not called synced" is_peer pnh audit .synced false
claim "and was never a confirmation of all" \
    is_peer pnh audit .confirmed_ms null
claim "status says so" says pnh "headers confirmed; it audits"
claim "sync ends with both, and says what the auditor has confirmed" tells \
    "Office of audit has confirmed control entries and headers only" \
    c pnh sync --timeout 60

# shows OFFICE TEXT: the case there.
shows()
{
    has_text "$1" "$case" summary "$2"
}

stop_daemon pnh
start_daemon bkk
claim "what one wrote reaches the other by the relay" \
    wait_until 60 shows bkk "$summary"
need c bkk set "$case" summary="$summary and of the mother"
need wait_until 60 is_peer bkk relay .synced true
stop_daemon bkk
start_daemon pnh
claim "and the answer comes back" \
    wait_until 60 shows pnh "$summary and of the mother"
claim "nothing else came or went" is "$(get pnh .records digest)" "$records"

# What the two say of themselves.
need wait_until 60 holds_all audit
claim "the relay says that it relays" says relay \
    "This node relays: it carries $(get relay .counts.entries status) entries"
claim "and opens nothing" says relay "and can open none."
claim "the auditor says that it audits" says audit \
    "This node audits: it holds $(get audit .counts.entries status) headers of"
claim "and has no content" says audit "and no content."
declare -A verb=([relay]=relays [audit]=audits)
for node in relay audit; do
    claim "$node: programs are told its role" is "$(role_of "$node")" "$node"
    claim "$node: it shows no records" is "$(get "$node" .records digest)" 0
    claim "$node: it lists none, and says why" \
        tells "This node ${verb[$node]}" c "$node" list case
    claim "$node: it finds none, and says why" \
        fails_saying 1 "This node ${verb[$node]}" c "$node" show "$case"
    claim "$node: it may not write any" \
        fails_saying 4 "this office ${verb[$node]}" \
        c "$node" new case pseudonym="Blue Heron"
    claim "$node: nothing is amiss" is_clean "$node"
done

# Nothing clear on either; on the auditor's disk nothing sealed either.
stop_daemon pnh
stop_daemon relay
stop_daemon audit
body=$("$TOOLS/spoil" "$WORK/pnh" "$PASSPHRASE" print) || die "no body: $body"

# has_bytes OFFICE: the end of the last sealed body that pnh wrote.
has_bytes()
{
    od -An -v -tx1 "$WORK/$1/data/data.mdb" | tr -d ' \n' >"$WORK/$1.hex"
    grep -qF "$body" "$WORK/$1.hex"
}

lacks_bytes()
{
    ! has_bytes "$1"
}

lacks_words()
{
    ! LC_ALL=C grep -ralF -e "$summary" -e "Red Heron" "$WORK/$1"
}

claim "pnh's disk has what it sealed" has_bytes pnh
claim "the relay's has it too" has_bytes relay
claim "the auditor's has not" lacks_bytes audit
claim "nothing is clear on the relay" lacks_words relay
claim "nor on the auditor" lacks_words audit

# The auditor's office may read and write now: it gets all that it lacks.
start_daemon pnh
start_daemon audit
need wait_until 60 is_peer pnh audit .headers_confirmed true
claim "the auditor cannot help itself" fails_saying 4 "role admin" \
    c audit members roles "Office of audit" write,read
claim "an admin gives it other roles" tells "has the roles write, read" \
    c pnh members roles "Office of audit" read,write
claim "it gets the content of all that it has" \
    wait_until 60 same_digest pnh audit
claim "it lacks nothing" is "$(get audit .standing.without_content status)" 0
claim "it says nothing of a role any more" is "$(role_of audit)" none
claim "it is synced like any other" \
    wait_until 60 is_peer pnh audit .synced true
need c audit set "$case" summary="$summary, as an inspector saw"
claim "what it writes counts" \
    wait_until 60 shows pnh "$summary, as an inspector saw"

# And back: it keeps what it has, and gets no more.
need wait_until 60 is_peer pnh audit .synced true
claim "roles are taken again" tells "and no further" \
    c pnh members roles "Office of audit" audit
audits_again()
{
    is "$(role_of audit)" audit
}
claim "it is told" wait_until 60 audits_again
need c pnh set "$case" summary="a word that is not for auditors"
has_one_header()
{
    is "$(get audit .standing.without_content status)" 1
}
claim "of what follows it has headers" wait_until 60 has_one_header
claim "what it has it keeps" shows audit "$summary, as an inspector saw"
claim "and says so" says audit "records that it could read before."
claim "nothing is amiss there" is_clean audit
