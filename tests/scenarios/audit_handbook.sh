#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The auditor's handbook, docs/audit.md, played from its first line to its
# last: each command after "$" by an auditor in a directory that holds nothing
# but what was handed over, with nothing but the program; each after "office$"
# by the office. What the page prints under a command is demanded: every line
# of it, in any order, and no other line unless the page has a line "…". In a
# line "…" is anything, and "<words>" the same each time.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"
: "${VERIFY:?the program of tests/audit, whose compiler fills a cache}"
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
PAGE=$SOURCE/docs/audit.md

mkdir "$WORK/desk" "$WORK/outbox" "$WORK/bin" || die "no folders"
ln -s "$CORRIDOR" "$WORK/bin/corridor" || die "no link to the program"
declare -A bound=() # what "<words>" stood for

# --- the page's patterns ----------------------------------------------------

# One line as it is compared: blanks count as one.
squeezed()
{
    local line=$1

    line=${line//$'\t'/ }
    while [[ $line == *"  "* ]]; do
        line=${line//  / }
    done
    line=${line# }
    printf '%s' "${line% }"
}

# line_matches PATTERN LINE: "…" is anything; a "<words>" is bound by its first
# match.
line_matches()
{
    local pattern=$1
    local line=$2
    local name=""
    local value=""
    local before=""
    local after=""

    if [[ $pattern =~ ^(.*)\<([a-z\ ]+)\>(.*)$ ]]; then
        before=${BASH_REMATCH[1]}
        name=${BASH_REMATCH[2]}
        after=${BASH_REMATCH[3]}
        value=${bound[$name]:-}
        if [ -z "$value" ]; then
            [[ $line == "$before"*"$after" ]] || return 1
            value=${line#"$before"}
            value=${value%"$after"}
            bound[$name]=$value
        fi
        pattern=$before$value$after
    fi
    pattern=$(sed 's/[][\\*?]/\\&/g; s/ … /*/g; s/ \{0,1\}…/*/g' <<<"$pattern")
    # shellcheck disable=SC2053
    [[ $line == $pattern ]]
}

# matches EXPECTED-FILE ACTUAL-FILE
matches()
{
    local -a expected=()
    local -a actual=()
    local -A taken=()
    local is_open=""
    local line=""
    local pattern=""
    local i=0

    while IFS= read -r line; do
        line=$(squeezed "$line")
        [ -n "$line" ] && actual+=("$line")
    done <"$2"
    while IFS= read -r line; do
        line=$(squeezed "$line")
        [ "$line" = "…" ] && is_open=yes
        [ -n "$line" ] && [ "$line" != "…" ] && expected+=("$line")
    done <"$1"
    for pattern in "${expected[@]}"; do
        for i in "${!actual[@]}"; do
            [ -n "${taken[$i]:-}" ] && continue
            line_matches "$pattern" "${actual[$i]}" || continue
            taken[$i]=yes
            continue 2
        done
        echo "the page prints, and the command does not: $pattern"
        return 1
    done
    for i in "${!actual[@]}"; do
        if [ -z "$is_open" ] && [ -z "${taken[$i]:-}" ]; then
            echo "the command prints, and the page does not: ${actual[$i]}"
            return 1
        fi
    done
}

# --- the two who type -------------------------------------------------------

# The auditor's shell: no home, no passphrase, nobody's environment.
coproc DESK {
    cd "$WORK/desk" && exec env -i PATH="$WORK/bin:/usr/bin:/bin" \
        HOME="$WORK/desk" LC_ALL=C.UTF-8 GOFLAGS= GOPROXY=off CGO_ENABLED=0 \
        GOCACHE="$(dirname "$VERIFY")/../../gocache" bash --norc --noprofile
}
auditor_types()
{
    local answer=""

    printf '{\n%s\n} >%q 2>&1 </dev/null\necho played\n' "$1" "$WORK/said" \
        >&"${DESK[1]}"
    IFS= read -r -t 600 answer <&"${DESK[0]}"
    is "$answer" played
}

# The office; what it makes is handed over.
office_types()
{
    (cd "$WORK/outbox" && PATH=$WORK/bin:$PATH CORRIDOR_HOME=$WORK/office \
        bash -c "${1//ID/$RECORD}") >"$WORK/said" 2>&1
    cp -r "$WORK/outbox/." "$WORK/desk/"
    # Paper is typed: with a slip, and without.
    if [ "$1" = "corridor audit key" ]; then
        cp "$WORK/said" "$WORK/desk/keys.txt"
        sed -E '2s,(/[0-9a-f]{64}/[0-9a-f]{20})0,\11,;t
            2s,(/[0-9a-f]{64}/[0-9a-f]{20}).,\10,' \
            "$WORK/said" >"$WORK/desk/typed.txt"
    fi
}

# play WHO COMMAND EXPECTED-FILE
play()
{
    : >"$WORK/said"
    "${1}_types" "$2" && matches "$3" "$WORK/said" && return 0
    echo "--- what was said"
    cat "$WORK/said"
    return 1
}

# --- what happens between the page's sections -------------------------------

at_heading()
{
    case $1 in
    "Next year's check")
        stop_daemon office
        cp -r "$WORK/office" "$WORK/twin"
        need c twin new case status=new
        need c twin new case status=new
        need c twin audit export "$WORK/desk/other" --headers
        start_daemon office
        need c office new case status=new
        RECORD=$(get office .id new case status=new)
        # Others vouch for it: their paper is typed as well.
        need c embassy sync --timeout 60
        need c embassy sync --timeout 60
        c embassy audit key >"$WORK/desk/embassy.txt"
        ;;
    "With other tools")
        mkdir -p "$WORK/desk/tests/audit"
        cp "$SOURCE"/tests/audit/*.go "$WORK/desk/tests/audit/"
        ;;
    esac
}

# The packages that the page names are those whose libraries the program has.
packages_are_named()
{
    local library=""
    local package=""

    ldd "$CORRIDOR" >"$WORK/libraries" || return 1
    for library in $(readelf -d "$CORRIDOR" |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        package=$(dpkg-query -S "$(readlink -f "$(awk -v name="$library" \
            '$1 == name { print $3 }' "$WORK/libraries")")" | head -n 1)
        package=${package%%:*}
        case $package in
        libc6 | libgcc-s1) ;;
        *) grep -q "apt install .*$package" "$PAGE" ||
            { echo "the page does not name $package"; return 1; } ;;
        esac
    done
}

# --- the play ---------------------------------------------------------------

need c office init --office "Ministry of Labour" --node server --country KH \
    --type ministry
need c office found "KH-TH" --share-by-default
start_daemon office
need c embassy init --office "Embassy, Bangkok" --node desk --country TH \
    --type embassy
join_office embassy office
RECORD=$(get office .id new case status=new)
need c embassy new case status=new
need c embassy sync --timeout 60
need c embassy sync --timeout 60

# The page as lines "WHO COMMAND", each with what is printed below it, and
# headings.
who=""
command=""
count=0
finish_command()
{
    case $command in
    "" | "sudo apt "*) ;;
    *)
        count=$((count + 1))
        claim "$who\$ $command" play "$who" "$command" "$WORK/expected"
        ;;
    esac
    who=""
    command=""
    : >"$WORK/expected"
}

while IFS= read -r line <&9; do
    case $line in
    "## "*)
        finish_command
        at_heading "${line#\#\# }"
        ;;
    "    "*)
        text=${line#"${line%%[! ]*}"}
        case $text in
        "\$ "*)
            finish_command
            who=auditor
            command=${text#\$ }
            ;;
        "office\$ "*)
            finish_command
            who=office
            command=${text#office\$ }
            ;;
        *)
            if [ -n "$who" ]; then
                printf '%s\n' "$text" >>"$WORK/expected"
            else
                claim "no block of the page is without its command" \
                    is "$text" ""
            fi
            ;;
        esac
        ;;
    "") ;;
    *) finish_command ;;
    esac
done 9<"$PAGE"
finish_command
claim "the page's commands were all played" at_least "$count" 30

if [ -z "$SANITIZED" ] && command -v dpkg-query readelf >/dev/null; then
    claim "the packages of the page are those of the program" \
        packages_are_named
fi

eval "exec ${DESK[1]}>&-"
