#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The checks see what they are for: over the fixture, which breaks each rule
# and also goes to the edge of each, they report fixture.expected exactly.
set -eu -o pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

${CC:-cc} -c -o "$work/impure.o" "$here/impure.c"
ar rc "$work/libimpure_model.a" "$work/impure.o"
ar rc "$work/libimpure_node.a" "$work/impure.o"

status=0
"$here/tidy.sh" "$here/fixture" "$work/libimpure_model.a" \
    "$work/libimpure_node.a" >"$work/tidy" || status=$?
[ "$status" -eq 1 ] || { echo "tidy.sh ends with $status, not 1"; exit 1; }
status=0
"$here/docs.sh" "$here/fixture" >"$work/docs" || status=$?
[ "$status" -eq 1 ] || { echo "docs.sh ends with $status, not 1"; exit 1; }

# Of each fault the place and the rule; of the symbols the whole.
sed -n -e '/: symbol: /{p;d}' -e '/: global: /{p;d}' \
    -e 's/^\([^ ]*:[0-9]*: [a-z-]*\): .*/\1/p' "$work/tidy" "$work/docs" |
    sort >"$work/found"
diff "$here/fixture.expected" "$work/found"

# And without a fault they succeed.
mkdir "$work/clean"
cp "$here/impure.c" "$work/clean/a.c"
"$here/tidy.sh" "$work/clean"
"$here/docs.sh" "$work/clean"
