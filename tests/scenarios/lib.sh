# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What scenarios share: real daemons on loopback, in a directory that goes
# with the scenario. Ports are the system's choice; nothing is waited for by
# the clock alone, but for a condition, with a limit.
#
# A scenario sets nothing before it sources this file, makes claims, and ends.
# Its result is that of its claims. Environment, set by ctest:
#   CORRIDOR   the program
#   TOOLS      the directory of proxy and hostile
#   SANITIZED  not empty: the program is slow and large
set -u -o pipefail

: "${CORRIDOR:?the program}" "${TOOLS:?the directory of the tools}"
SANITIZED=${SANITIZED:-}
export LC_ALL=C.UTF-8

if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    BASE=${TMPDIR:-/dev/shm}
else
    BASE=${TMPDIR:-/tmp}
fi
WORK=$(mktemp -d "$BASE/corridor-scene-XXXXXX") || exit 1
PASSPHRASE=$WORK/passphrase
echo "a passphrase of the scenarios" >"$PASSPHRASE"
export CORRIDOR_PASSPHRASE_FILE=$PASSPHRASE
# No traces of the machine that runs this.
unset CORRIDOR_HOME NOTIFY_SOCKET CREDENTIALS_DIRECTORY

CLAIMS=0
FAILED=0
SCENARIO=$(basename "$0" .sh)
declare -A PID=()  # of daemons and proxies, by name
declare -A PORT=() # where they listen
declare -a MOUNTS=()

say()
{
    printf '# %s\n' "$*"
}

# What was said to standard error, by all daemons.
show_diagnostics()
{
    local file=""

    for file in "$WORK"/*.err; do
        [ -s "$file" ] || continue
        say "--- the end of $(basename "$file")"
        tail -n 15 "$file" | sed 's/^/#   /'
    done
}

# End what runs, and remove what was made.
clean_up()
{
    local name=""
    local mount=""

    trap '' TERM INT
    disown -a # or the shell tells of each one killed
    for name in "${!PID[@]}"; do
        kill -KILL "${PID[$name]}" 2>/dev/null
        wait_until 5 has_ended "${PID[$name]}" >/dev/null
    done
    for mount in "${MOUNTS[@]}"; do
        umount -l "$mount"
    done
    if [ -n "${KEEP:-}" ]; then
        say "kept: $WORK"
    else
        rm -rf "$WORK"
    fi
}

finish()
{
    local status=$1

    trap - EXIT
    if [ "$status" -ne 0 ] || [ "$FAILED" -gt 0 ]; then
        show_diagnostics
    fi
    clean_up
    printf '1..%d\n' "$CLAIMS"
    if [ "$status" -eq 77 ]; then
        exit 77
    fi
    if [ "$status" -ne 0 ]; then
        printf 'not ok - %s ended before its end\n' "$SCENARIO"
        exit 1
    fi
    [ "$CLAIMS" -gt 0 ] && [ "$FAILED" -eq 0 ]
    exit $?
}
trap 'finish $?' EXIT
trap 'exit 1' TERM INT

# The scenario cannot go on: that is a failure too.
die()
{
    printf 'not ok - %s: %s\n' "$SCENARIO" "$*"
    exit 1
}

# This machine cannot do it: said loudly, and counted by ctest.
skip()
{
    printf 'skipped: %s: %s\n' "$SCENARIO" "$*"
    exit 77
}

# claim WORDS COMMAND...: it holds if the command succeeds; what the command
# says is shown if it does not.
claim()
{
    local words=$1
    shift

    CLAIMS=$((CLAIMS + 1))
    if "$@" >"$WORK/claim.out" 2>&1; then
        printf 'ok %d - %s\n' "$CLAIMS" "$words"
        return 0
    fi
    FAILED=$((FAILED + 1))
    printf 'not ok %d - %s\n' "$CLAIMS" "$words"
    printf '#   the command: %s\n' "$*"
    head -n 40 "$WORK/claim.out" | sed 's/^/#   /'
}

# need COMMAND...: a step without which the rest makes no sense.
need()
{
    if ! "$@" >"$WORK/need.out" 2>&1; then
        head -n 40 "$WORK/need.out" | sed 's/^/#   /'
        die "this did not work: $*"
    fi
}

# Small claims' commands.
is()
{
    [ "$1" = "$2" ] && return 0
    printf 'got       %s\nexpected  %s\n' "$1" "$2"
    return 1
}

is_not()
{
    [ "$1" != "$2" ] && return 0
    printf 'got       %s\n' "$1"
    return 1
}

at_most()
{
    [ "$1" -le "$2" ] && return 0
    printf 'got       %s\nat most   %s\n' "$1" "$2"
    return 1
}

at_least()
{
    [ "$1" -ge "$2" ] && return 0
    printf 'got       %s\nat least  %s\n' "$1" "$2"
    return 1
}

# fails STATUS COMMAND...: with that exit status, and a sentence.
fails()
{
    local expected=$1
    local got=0
    shift

    "$@" >"$WORK/fails.out" 2>"$WORK/fails.err" </dev/null
    got=$?
    cat "$WORK/fails.out" "$WORK/fails.err"
    is "$got" "$expected" || return 1
    if ! [ -s "$WORK/fails.err" ]; then
        echo "nothing was said to standard error"
        return 1
    fi
}

# The same, and the sentence holds these words.
fails_saying()
{
    local words=$2

    fails "$1" "${@:3}" || return 1
    grep -qiF -- "$words" "$WORK/fails.err" && return 0
    printf 'the words are missing: %s\n' "$words"
    return 1
}

# wait_until SECONDS COMMAND...: until it succeeds; else it fails, and the
# last attempt's words are shown.
wait_until()
{
    local end=$((SECONDS + $1))
    shift

    until "$@" >"$WORK/wait.out" 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            cat "$WORK/wait.out"
            printf 'this did not come true in time: %s\n' "$*"
            return 1
        fi
        sleep 0.05
    done
}

# c OFFICE ARGUMENTS...: the program, at that office's home.
c()
{
    local office=$1
    shift

    CORRIDOR_HOME="$WORK/$office" "$CORRIDOR" "$@"
}

# get OFFICE FILTER ARGUMENTS...: a part of its answer.
get()
{
    local office=$1
    local filter=$2
    shift 2

    c "$office" "$@" --json | jq -r "$filter"
}

# get_all OFFICE FILTER ARGUMENTS...: the same of an answer that is lines, as
# an array.
get_all()
{
    local office=$1
    local filter=$2
    shift 2

    c "$office" "$@" --json | jq -rs "$filter"
}

# make_office NAME OFFICE [COUNTRY]: a home at $WORK/NAME.
make_office()
{
    need c "$1" init --office "$2" --node "$1-1" ${3:+--country "$3"}
}

is_ready()
{
    if ! kill -0 "${PID[$1]}" 2>/dev/null; then
        echo "the daemon of $1 has ended"
        tail -n 5 "$WORK/$1.err"
        return 0
    fi
    grep -qx ready "$WORK/$1.out"
}

# start_daemon NAME [ARGUMENTS...]: and wait until it is ready. It gets the
# port that it had before, as others know that one.
start_daemon()
{
    local name=$1
    local listen=127.0.0.1:${PORT[$1]:-0}
    shift

    rm -f "$WORK/$name.out" # or the last one's "ready" is taken for its own
    CORRIDOR_HOME="$WORK/$name" "$CORRIDOR" serve --listen "$listen" "$@" \
        >"$WORK/$name.out" 2>>"$WORK/$name.err" </dev/null &
    PID[$name]=$!
    need wait_until 120 is_ready "$name"
    kill -0 "${PID[$name]}" 2>/dev/null ||
        die "the daemon of $name has ended: $(tail -n 1 "$WORK/$name.err")"
    PORT[$name]=$(port_of "$name" listen)
}

# The port of what a daemon says it listens on: port_of NAME listen|api.
port_of()
{
    sed -n "s/^$2 .*:\([0-9]*\)$/\1/p" "$WORK/$1.out"
}

# It ends by itself when it is told to, with status 0.
stop_daemon()
{
    local pid=${PID[$1]}

    unset "PID[$1]"
    kill -TERM "$pid"
    need wait_until 60 has_ended "$pid"
    wait "$pid"
    is $? 0 >"$WORK/stop.out" || die "the daemon of $1 ended badly"
}

# It is gone, or a zombie.
has_ended()
{
    ! kill -0 "$1" 2>/dev/null || [ ! -e "/proc/$1/exe" ]
}

kill_daemon()
{
    local pid=${PID[$1]}

    unset "PID[$1]"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    return 0
}

# start_link NAME TO [ARGUMENTS...]: a proxy before the daemon of TO.
start_link()
{
    local name=$1
    local to=$2
    shift 2

    rm -f "$WORK/$name.port"
    "$TOOLS/proxy" --to "127.0.0.1:${PORT[$to]}" \
        --port-file "$WORK/$name.port" --gate "$WORK/$name.down" "$@" \
        >"$WORK/$name.json" 2>"$WORK/$name.err" &
    PID[$name]=$!
    need wait_until 60 test -s "$WORK/$name.port"
    PORT[$name]=$(cat "$WORK/$name.port")
}

# Its figures are in $WORK/NAME.json then.
stop_link()
{
    local pid=${PID[$1]}

    unset "PID[$1]"
    kill -TERM "$pid"
    wait "$pid"
}

link_down()
{
    touch "$WORK/$1.down"
    need wait_until 60 test -e "$WORK/$1.down.cut"
}

link_up()
{
    rm -f "$WORK/$1.down"
    need wait_until 60 test ! -e "$WORK/$1.down.cut"
}

# join_office NEW INVITER [ARGUMENTS...]: by an invitation of the inviter,
# whose daemon runs.
join_office()
{
    local new=$1
    local inviter=$2
    local line=""
    shift 2

    line=$(get "$inviter" .line invite "$@" 2>"$WORK/invite.err") ||
        die "$inviter cannot invite: $(cat "$WORK/invite.err")"
    need c "$new" join "$line"
}

# A founder with a daemon, and members that joined, each with a daemon too:
# found_corridor FOUNDER MEMBER...
found_corridor()
{
    local founder=$1
    local member=""
    shift

    make_office "$founder" "Office of $founder" KH
    need c "$founder" found "Corridor of the scenarios" --share-by-default
    start_daemon "$founder"
    for member in "$@"; do
        make_office "$member" "Office of $member" TH
        join_office "$member" "$founder"
        start_daemon "$member"
    done
}

# The one hash over all that an office can read.
digest()
{
    get "$1" '.digest + " " + (.records | tostring)' digest
}

same_digest()
{
    local first=""
    local next=""
    local office=""

    first=$(digest "$1") || return 1
    for office in "${@:2}"; do
        next=$(digest "$office") || return 1
        is "$next" "$first" || return 1
    done
}

# synced SECONDS OFFICE...: all show the same, by themselves, in time.
synced()
{
    local seconds=$1
    shift

    wait_until "$seconds" same_digest "$@"
}

# verify finds nothing amiss.
is_clean()
{
    local office=""

    for office in "$@"; do
        is "$(get "$office" .findings verify)" 0 ||
            { c "$office" verify; return 1; }
    done
}

# has_text OFFICE RECORD FIELD TEXT: a text field shows that.
has_text()
{
    is "$(get "$1" ".fields.$3 | if type == \"object\" then .text else . end" \
        show "$2")" "$4"
}

# Kilobytes of memory that a daemon has of its own.
memory_of()
{
    awk '/^RssAnon:/ { print $2 }' "/proc/${PID[$1]}/status"
}

# Flip a bit of the byte at an offset of a file.
flip()
{
    local byte=0

    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "$(printf '\\x%02x' $((byte ^ 4)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Spoil one bit of the last change that a home at rest wrote, on the disk.
spoil_last_body()
{
    "$TOOLS/spoil" "$WORK/$1" "$PASSPHRASE"
}
