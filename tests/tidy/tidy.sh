#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The house rules, checked: tidy.sh ROOT [STATIC-LIBRARY...]
# Prints "path:line: rule: text" for each fault; succeeds if there is none.
# Of the libraries, those of sync (model, wire, audit) must call nothing impure.
set -u -o pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:?usage: tidy.sh ROOT [STATIC-LIBRARY...]}" || exit 2
shift

# shellcheck source=tests/tidy/files.sh
. "$here/files.sh"

check_sources()
{
    # shellcheck disable=SC2046
    awk -f "$here/source.awk" $(files .c .h)
}

# Scripts and build files: columns, white space, and the licence's identifier
# in the first line, or the second after #!.
check_scripts()
{
    # shellcheck disable=SC2046
    awk '
    function fault(rule, text) {
        printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, text
    }
    {
        text = $0
        gsub(/[\200-\277]/, "", text)
        if (length(text) > 80) {
            fault("columns", length(text) " columns, of at most 80")
        }
        if ($0 ~ /\t|[ \r]$/) {
            fault("white-space", "a tab, or space at the end")
        }
    }
    FNR == 1 { wants = ($0 ~ /^#!/) ? 2 : 1 }
    FNR == wants && $0 != "# SPDX-License-Identifier: Apache-2.0" {
        fault("spdx", "the licence is not named at the top")
    }' $(files .sh .awk CMakeLists.txt) \
        $([ -f run ] && echo run) $([ -f .ci/run ] && echo .ci/run)
}

# Each header is compiled by itself. What the compiler says on the first line
# about a header is enough.
check_headers()
{
    # shellcheck disable=SC2046
    ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -I. -fsyntax-only -x c \
        $(files .h) 2>&1 |
        sed -n 's/^\([^ :]*:[0-9]*\):[0-9]*: \(fatal \)*error: /\1: alone: /p'
}

# What the pure core must not call: the loop, the store, clocks, randomness,
# files, sockets, threads, the environment, printing.
PREFIXES='uv_|mdb_|MHD_|randombytes|pthread_|epoll_'
NAMES='clock_gettime|time|gettimeofday|localtime|localtime_r|gmtime|gmtime_r'
NAMES+='|rand|random|srand|drand48|getrandom|getentropy|arc4random'
NAMES+='|open|open64|openat|creat|close|read|write|pread|pwrite|readv|writev'
NAMES+='|fopen|fopen64|fdopen|fread|fwrite|fclose|unlink|rename|stat|fstat'
NAMES+='|socket|connect|bind|listen|accept|accept4|send|sendto|sendmsg'
NAMES+='|recv|recvfrom|recvmsg|poll|select|getaddrinfo|sleep|usleep'
NAMES+='|nanosleep|getenv|system|fork|execve|printf|fprintf|puts|putchar|exit'

check_symbols()
{
    local library=""

    for library in "$@"; do
        case $library in
        *_model.a | *_wire.a | *_audit.a) ;;
        *) continue ;;
        esac
        nm -A -u "$library" 2>/dev/null | awk -v lib="$(basename "$library")" \
            -v bad="^(($PREFIXES).*|$NAMES)(@.*)?\$" '
            {
                symbol = $NF
                # The fortified forms are calls all the same.
                sub(/^__/, "", symbol)
                sub(/_chk$/, "", symbol)
                if (symbol ~ bad) {
                    split($1, at, ":")
                    printf "%s:0: symbol: %s calls %s\n", lib, at[2], $NF
                }
            }'
    done
}

# No globals but constant tables: nothing stands in a writable section, but
# the planned fault of crypto/base/mem.c. Sanitizers' names begin with __.
check_globals()
{
    local library=""

    for library in "$@"; do
        nm -A -f sysv "$library" 2>/dev/null | awk -F '[ ]*[|][ ]*' '
            $NF ~ /^[.](data|bss|tdata|tbss)([.]|$)/ && $NF !~ /[.]rel[.]ro/ {
                parts = split($1, at, ":")
                name = at[parts - 1] ": " at[parts]
                if (at[parts] !~ /^(__|[.])/ &&
                    name !~ /^mem[.]c[.]o: fault_(after|hit)$/) {
                    printf "%s:0: global: %s\n", at[parts - 2], name
                }
            }' | sed 's,^.*/,,'
    done
}

{
    check_sources
    check_scripts
    check_headers
    check_symbols "$@"
    check_globals "$@"
} | report tidy
