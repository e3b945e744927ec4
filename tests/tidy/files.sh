# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the checks share; sourced, in the root that is checked.

# Files of the root by the ends of their names; without the fixture, whose
# files break the rules on purpose, and what is built.
files()
{
    local ending=""
    local names=()

    for ending in "$@"; do
        names+=(-o -name "*$ending")
    done
    find . \( -path ./build -o -path ./.git -o -path ./tests/tidy/fixture \) \
        -prune -o -type f \( "${names[@]:1}" \) -print | sed 's,^\./,,' | sort
}

# Pass faults through, count them, and succeed if there are none.
report()
{
    awk -v name="$1" '
    { print; faults++ }
    END {
        printf "%s: %d faults\n", name, faults
        exit faults > 0
    }'
}
