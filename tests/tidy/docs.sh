#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pages of docs/ and their headings, wherever they are named, exist:
# docs.sh ROOT prints "path:line: doc: text" for each that does not.
set -u -o pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:?usage: docs.sh ROOT}" || exit 2

# shellcheck source=tests/tidy/files.sh
. "$here/files.sh"

mapfile -t pages < <(files .md | grep '^docs/')
mapfile -t sources < <(files .c .h .md .sh CMakeLists.txt .html .js .css .1 .5)
[ -f run ] && sources+=(run)
find . -path ./build -prune -o -path ./.git -prune -o -type f -print |
    sed 's,^\./,,' |
    awk -f "$here/docs.awk" "${pages[@]}" phase=2 "${sources[@]}" |
    report docs
