#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# "audit check" is pointed at what is no export: by mistake, in the wrong
# folder, without permission, at a device, at ten gigabytes of nothing, at a
# database that was cut. Each is told in a sentence, with status 2, and in
# little memory.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

found_corridor pnh bkk
need c pnh new case status=new
need c bkk sync --timeout 60
mkdir "$WORK/desk" || die "no folder"
c pnh audit key >"$WORK/desk/keys.txt"
need c pnh audit export "$WORK/desk/export" --headers
cp "$CORRIDOR" "$WORK/desk/corridor" 2>/dev/null || die "no copy"
cd "$WORK/desk" || die "no desk"
node=$(find export -mindepth 1 -maxdepth 1 -printf '%f\n' -quit)

# What a check may take, in addresses: a sanitized program, and a database of
# which the map is large, take terabytes.
kilobytes=1000000
[ -z "$SANITIZED" ] || kilobytes=unlimited

# The auditor is nobody else's user, where this machine lets us be one.
auditor()
{
    local -a as=(env -u CORRIDOR_PASSPHRASE_FILE)

    if [ "$(id -u)" -eq 0 ]; then
        as+=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    fi
    ulimit -v "$kilobytes"
    "${as[@]}" ./corridor audit check "$@"
}

# told WORDS ARGUMENTS...: status 2, one sentence with these words.
told()
{
    local got=0

    (auditor "${@:2}") >said.out 2>said.err </dev/null
    got=$?
    cat said.out said.err
    is "$got" 2 || return 1
    is "$(wc -l <said.err)" 1 || return 1
    is "$(cat said.out)" "" || return 1
    grep -qF -- "$1" said.err
}

# gap WORDS ARGUMENTS...: status 2, without a finding, and a line marked so.
gap()
{
    local got=0

    (auditor "${@:2}") >said.out 2>said.err </dev/null
    got=$?
    cat said.out said.err
    is "$got" 2 || return 1
    ! grep -q ^FINDING said.out || return 1
    grep -F "  ! " said.out | grep -qF -- "$1"
}

# As a copy of the auditor's own.
give_away()
{
    [ "$(id -u)" -ne 0 ] || chown -hR 65534:65534 "$1"
}

clean()
{
    (auditor "$@") | grep "^Clean"
}

: >said.out
: >said.err
give_away "$WORK/desk"
chmod 755 "$WORK" "$WORK/desk"
claim "as another user, an export that may be read is clean" \
    clean export --key keys.txt

truncate -s 10G zeros
ln -s loop loop
mkdir -p within && ln -s . within/itself
mkfifo pipe
echo "buy milk" >notes
for where in /dev/zero /dev/null pipe; do
    claim "$where is no file" told "neither a folder nor a file" \
        "$where" --key keys.txt
done
claim "ten gigabytes of zeros are not read" told "larger than" \
    zeros --key keys.txt
claim "a link to itself ends" told "symbolic links" loop --key keys.txt
claim "a folder in itself ends" told "neither an export" within --key keys.txt
claim "a folder of something else" told "neither an export" / --key keys.txt
claim "a file of something else" told "nothing that can be checked" \
    notes --key keys.txt
claim "what is not there" told "No such file" nowhere --key keys.txt
claim "a node's folder" told "the folder of one node" \
    "export/$node" --key keys.txt
for what in /dev/zero pipe; do
    claim "$what holds no key" told "not a regular file" export --key "$what"
    claim "$what is not last year's" told "neither a checkpoint nor an export" \
        export --key keys.txt --since "$what"
done
claim "nor is that much" told "larger than" export --key keys.txt --since zeros
claim "nor are these keys" told "too large" export --key zeros
claim "nor are notes" told "not copied right" export --key notes
claim "last year's is no proof" told "--since takes" \
    export --key keys.txt --since notes

# Within an export: what is there instead of a file is not read either.
for what in "ln -sf /dev/zero" "mkfifo" "truncate -s 10G"; do
    rm -rf odd
    cp -r export odd
    file=$(find odd/*/control/tile/entries -type f | head -n 1)
    rm "$file"
    $what "$file"
    give_away odd
    (auditor odd --key keys.txt) >said.out 2>&1
    claim "in an export, $what in a file's place is a finding" is "$?" 1
done

# Without permission: named, and nobody is accused.
file=$(find export/*/control/tile/entries -type f | head -n 1)
log=$(dirname "$(dirname "$(dirname "$(dirname "$file")")")")
chmod 000 "$file"
claim "a file that may not be read is named" gap tile/entries/ \
    export --key keys.txt
chmod 600 "$file"
chmod 000 "$log/vkey"
claim "so is a key beside a log" gap /vkey export --key keys.txt
chmod 600 "$log/vkey"
chmod 000 "export/$node"
claim "so is a whole folder" gap /control/checkpoint export --key keys.txt
chmod 700 "export/$node"
chmod 000 export
claim "and all of it" told "ermission" export --key keys.txt
chmod 700 export
claim "then it is as it was" clean export --key keys.txt

# Homes: in use, whole, of others, without their file, damaged.
kilobytes=unlimited
if [ "$(id -u)" -eq 0 ]; then
    claim "somebody else's home" told "ermission" "$WORK/pnh" --key keys.txt
fi
need c pnh backup "$WORK/desk/copy"
give_away copy
claim "a backup is as good as a home" clean copy --key keys.txt
claim "its folder of data is not a home" told "neither an export" \
    copy/data --key keys.txt
claim "and not last year's" told "make an export of it" \
    export --key keys.txt --since copy
size=$(stat -c %s copy/data/data.mdb)
truncate -s $((size / 8 / 4096 * 4096)) copy/data/data.mdb
claim "a database that was cut" told "cut short" copy --key keys.txt
truncate -s 0 copy/data/data.mdb
claim "one that is empty" told "is empty" copy --key keys.txt
head -c "$size" /dev/urandom >copy/data/data.mdb
claim "one that is noise" told "damaged" copy --key keys.txt
rm copy/data/data.mdb
claim "one that is not there" told "no database" copy --key keys.txt

# A home in use, with its daemon writing: as its own user.
c pnh sample --cases 20 --seed 3 >"$WORK/more.jsonl"
c pnh import "$WORK/more.jsonl" >"$WORK/import.out" 2>&1 &
importing=$!
all_clean=yes
while kill -0 "$importing" 2>/dev/null; do
    "$CORRIDOR" audit check "$WORK/pnh" --key keys.txt >said.out 2>&1 ||
        { all_clean=no; cat said.out >"$WORK/unclean.err"; }
done
wait "$importing"
claim "the import ended well" is "$?" 0
claim "a home is clean at any moment while its daemon writes" \
    is "$all_clean" yes
claim "and afterwards" "$CORRIDOR" audit check "$WORK/pnh" --key keys.txt
cd / || exit 1
