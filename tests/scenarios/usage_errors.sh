#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is wrong with a command is said in a sentence, and by its status.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

each_command_has_help()
{
    local command=""

    for command in init found invite join serve sync peer members new show \
        list set conflicts settle import export sample status verify digest \
        backup rebuild lock; do
        c pnh "$command" --help >"$WORK/help.out" || return 1
        grep -q "$command" "$WORK/help.out" ||
            { echo "$command: no help"; return 1; }
    done
}

json_error()
{
    c pnh show 00112233 --json >"$WORK/json.out" 2>"$WORK/json.err"
    is "$(jq -r .error.code "$WORK/json.err") $(cat "$WORK/json.out")" \
        "not_found "
}

# As an operator types it: a home that is not there yet.
claim "no command: usage, status 2" fails 2 c pnh
claim "an unknown command is usage" fails_saying 2 frobnicate c pnh frobnicate
claim "an unknown option is usage" fails_saying 2 sideways \
    c pnh status --sideways
claim "an option without its value is usage" fails 2 c pnh list case --limit
claim "init wants an office's name" fails_saying 2 office c pnh init
claim "no home: it says how to make one" fails_saying 1 init c pnh status

make_office pnh "Office of pnh" KH
claim "a second init leaves the first alone" fails_saying 1 exists \
    c pnh init --office Another
claim "before found or join there are no records" fails 1 c pnh list case
claim "a founding wants a name" fails 2 c pnh found
need c pnh found "Corridor"
claim "one home, one corridor" fails 1 c pnh found "Another"
claim "no such kind: it lists those that are" \
    fails_saying 1 "these are" c pnh list butterfly
claim "no such field" fails 1 c pnh new case wings=2
claim "no such code" fails 1 c pnh new case country=Nowhere
claim "a malformed assignment is usage" fails 2 c pnh new case pseudonym
claim "no such record" fails 1 c pnh show 00112233
claim "what is no id" fails 1 c pnh show xyz
id=$(get pnh .id new case pseudonym="Red Heron" status=new)
version=$(get pnh .version show "$id")
need c pnh set "$id" assignee="Desk 1"
claim "a version that is no longer the newest: 3" fails 3 \
    c pnh set "$id" assignee="Desk 2" --if-version "$version"
claim "a file that is not there" fails_saying 1 nowhere.csv \
    c pnh import case "$WORK/nowhere.csv"
claim "an invitation that is none" fails 1 c pnh join "hello"
claim "an invitation needs an admin, or an address" fails 1 c pnh invite
claim "an unknown role" fails 1 c pnh invite --roles king \
    --address 127.0.0.1:1
claim "an address that is none" fails 1 c pnh invite --address nowhere
claim "a passphrase file that is not there: 1" fails_saying 1 missing \
    c pnh status --passphrase-file "$WORK/missing"
claim "--help is no error" c pnh list --help
claim "help of every command" each_command_has_help

claim "with --json, failures are JSON for programs too" json_error
claim "all of that left the record as it was" \
    has_text pnh "$id" assignee "Desk 1"
