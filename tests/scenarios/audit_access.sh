#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who was admitted by whom, and who was granted what, is seen by every office
# alike, an auditor's without keys too; who can read a file, by its readers.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

# One office's grants as JSON lines, without what is local.
grants()
{
    c "$1" audit access --json | jq -c 'del(.renewed)' | sort
}

same_grants()
{
    is "$(grants "$1")" "$(grants "$2")"
}

has_grant_of()
{
    c "$1" audit access --json | jq -es --arg name "$2" \
        'any(.[]; .office.name == $name)' >/dev/null
}

# has_line COMMAND-OUTPUT WORDS...: one line of it has all these words.
has_line()
{
    local lines=$1
    local word=""
    shift

    for word in "$@"; do
        lines=$(grep -F -- "$word" <<<"$lines") || return 1
    done
}

found_corridor pnh bkk
make_office aud "Office of aud" LA
join_office aud pnh --roles audit
start_daemon aud

id=$(get pnh .id new case pseudonym="Red Heron" status=new)
need wait_until 60 c bkk show "$id"
agency=$(get bkk .id new agency licence_no=7 country=TH)
need wait_until 60 c pnh show "$agency"

claim "an auditor cannot read a case" fails 1 c aud show "$id"
claim "but sees what was granted" wait_until 60 has_grant_of aud "Office of bkk"
claim "and by whom" wait_until 60 has_grant_of aud "Office of pnh"
claim "as every office does" wait_until 60 same_grants pnh aud
claim "and the other" same_grants bkk aud
claim "in a table, in words" \
    has_line "$(c aud audit access)" "Office of bkk" everyone

claim "of a case its readers are named" is \
    "$(get pnh '[.readers[].name] | sort | join(",")' audit access "$id")" \
    "Office of bkk,Office of pnh"
claim "in words too" \
    has_line "$(c pnh audit access "$id")" "Office of bkk" case
claim "who cannot read it cannot ask" fails 1 c aud audit access "$id"

claim "offices are listed with who admitted them" is \
    "$(get aud '[.offices[] | "\(.name[-3:]) by \(
        .admitted.office.name[-3:])"] | sort | join(",")' audit offices)" \
    "aud by pnh,bkk by pnh,pnh by pnh"
claim "and told in words" has_line "$(c aud audit offices)" \
    "Office of pnh admitted Office of bkk (node"
claim "the auditor's own role too" has_line "$(c bkk audit offices)" \
    "admitted Office of aud" "the role audit"

stop_daemon pnh
claim "without a daemon as well" same_grants pnh aud
