#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An auditor with nothing but the program, exports and a key on paper: the
# first check, the next one, a damaged copy, a home that is in use, and a node
# that was copied and written on twice.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

# The auditor has no home, no passphrase, and a folder of its own.
mkdir "$WORK/desk" || die "no folder"
auditor()
{
    (cd "$WORK/desk" &&
        env -u CORRIDOR_PASSPHRASE_FILE "$CORRIDOR" audit check "$@")
}

# exits STATUS WORDS ARGUMENTS...: that status, and a report with the words.
exits()
{
    local got=0

    auditor "${@:3}" >"$WORK/report" 2>&1
    got=$?
    cat "$WORK/report"
    is "$got" "$1" && grep -qF -- "$2" "$WORK/report"
}

code_of()
{
    auditor "$@" --json | jq -r '[.findings[].code] | unique | join(" ")'
}

found_corridor pnh bkk
for i in 1 2 3; do
    need c pnh new case pseudonym="Red $i" status=new
    need c bkk new case pseudonym="Blue $i" status=new
done
need c bkk sync --timeout 60
need c pnh sync --timeout 60

c pnh audit key >"$WORK/desk/paper"
need c pnh audit export "$WORK/desk/first" --headers
claim "an export is clean" exits 0 Clean first --key paper
claim "one key is enough: the others are derived" \
    is "$(auditor first --key "$(sed -n 4p "$WORK/desk/paper")" --json |
        jq -r '[.logs[].key] | sort | join(" ")')" \
    "derived derived derived given"
claim "the other office is named by its certificate" \
    is "$(auditor first --key paper --json |
        jq -r '[.logs[].office] | unique | length')" 2
claim "without a key nothing is called clean" \
    exits 2 "no key" first
make_office elsewhere "Office elsewhere"
need c elsewhere found "Another corridor"
c elsewhere audit key >"$WORK/desk/elsewhere"
claim "nor with another corridor's" exits 2 "no key" first --key elsewhere
claim "a key with a slip is refused" exits 2 "not copied right" first --key \
    "$(sed -n 4p "$WORK/desk/paper" | sed 's,/changes,/chamges,')"
claim "a home in use is looked at beside its daemon" \
    exits 0 Clean "$WORK/pnh" --key paper
claim "and it goes on" c pnh status

cp -r "$WORK/desk/first" "$WORK/desk/bent"
tile=$(find "$WORK/desk/bent" -path '*changes/tile/entries/*' -type f |
    head -n 1)
printf 'other' | dd of="$tile" bs=1 seek=90 conv=notrunc status=none
claim "an altered entry is found" is "$(code_of bent --key paper)" leaf-wrong
claim "and told to people first" exits 1 "FINDING leaf-wrong" bent --key paper

# An auditor's node holds no content, and shows as much.
make_office audit "Office of audit" TH
join_office audit pnh --roles audit
need c audit sync --timeout 60
need c audit audit export "$WORK/desk/audits" --headers
claim "an auditor's export is clean: nothing that it may not hold is missed" \
    exits 0 Clean audits --key paper
claim "so is its home" exits 0 Clean "$WORK/audit" --key paper

# A year later.
need c pnh new case pseudonym="Red 9" status=new
need c pnh audit export "$WORK/desk/second" --headers
claim "what goes on from last time is clean" \
    exits 0 Clean second --key paper --since first
claim "so it is from one checkpoint" exits 0 Clean \
    second --key paper --since \
    "$(find "$WORK/desk/first" -path '*changes/checkpoint' | head -n 1)"
claim "an old copy is found, and that a log is not in it" \
    is "$(code_of first --key paper --since second)" \
    "log-missing log-rolled-back"

# One home becomes two, and both write.
stop_daemon pnh
stop_daemon bkk
cp -r "$WORK/bkk" "$WORK/twin"
need c bkk new case pseudonym="Blue 7" status=new
need c twin new case pseudonym="Blue 8" status=new
need c twin new case pseudonym="Blue 9" status=new
need c bkk audit export "$WORK/desk/one" --headers
need c twin audit export "$WORK/desk/other" --headers
claim "each of the two is clean by itself" exits 0 Clean one --key paper
claim "side by side they are a fork, whichever is first" \
    exits 1 "FINDING log-rewritten" one --key paper --since other -o evidence
claim "the other way too" exits 1 "FINDING log-rewritten" \
    other --key paper --since one
claim "the evidence stands by itself" exits 1 "FINDING fork" evidence \
    --key "$(c bkk audit key | sed -n 4p)"
claim "homes are compared with exports too" \
    exits 1 "FINDING log-rewritten" "$WORK/twin" --key paper --since one
