#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nodes as witnesses: asked over HTTP by a node of their own corridor and by
# one of another, and by whoever means no good; killed while they are asked.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"
: "${VERIFY:?the program of tests/audit}"

rounds=${SANITIZED:+3}
rounds=${rounds:-8}

# The folder of one of its own logs in an export.
folder_of()
{
    echo "$WORK/$1/$(get "$2" .node.id status)/$3"
}

# A node's keys: key_of OFFICE control|changes|cosigner.
key_of()
{
    get "$1" ".keys[] | select(.what == \"$2\") | .vkey" \
        audit key "$1-1"
}

# Have it be a witness; the daemon is stopped.
be_witness()
{
    printf '[witness]\nlisten = 127.0.0.1:%s\nask_every = 24h\n' "${2:-0}" \
        >"$WORK/$1/corridor.conf"
}

url_of()
{
    echo "http://127.0.0.1:$(port_of "$1" witness)"
}

# add WITNESS FILE: its answer is in $WORK/answer, the status is printed.
add()
{
    curl -s -o "$WORK/answer" -w '%{http_code} %{content_type}' \
        --data-binary "@$2" "$(url_of "$1")/add-checkpoint"
}

answers()
{
    is "$(add "$2" "$3")" "$1"
}

# What a witness vouches for: size_at WITNESS OFFICE KIND.
size_at()
{
    local origin=""

    origin=$(key_of "$2" "$3")
    origin=${origin%%+*}
    curl -s -o "$WORK/latest" -w '' "$(url_of "$1")/$(printf '%s' "$origin" |
        sha256sum | cut -d ' ' -f 1)/checkpoint"
    sed -n 2p "$WORK/latest"
}

# What the status of an office says of a witness and its changes log.
standing()
{
    get "$1" ".witnesses[] | select(.name == \"$2\" and .log == \"changes\") |
        $3" status
}

found_corridor pnh bkk
make_office out "An outside office" SG
need c out found "Another corridor"
need c pnh new case country=KH status=new
need c bkk new case country=TH status=new
need synced 60 pnh bkk
stop_daemon bkk
be_witness bkk
start_daemon bkk
for kind in control changes; do
    echo "log $(key_of pnh "$kind")"
done >"$WORK/out/witness.policy"
be_witness out
start_daemon out

claim "nobody to ask is told" fails_saying 1 "witness.policy" \
    c pnh audit witness
printf '# whom we ask\nwitness embassy %s %s\nwitness outside %s %s/\n' \
    "$(key_of bkk cosigner)" "$(url_of bkk)" \
    "$(key_of out cosigner)" "$(url_of out)" >"$WORK/pnh/witness.policy"
claim "witnesses of one's own corridor and of none cosign" \
    c pnh audit witness
size=$(standing pnh outside .size)
claim "all of the changes" is "$size" "$(standing pnh outside .entries)"
claim "and are asked no more when nothing is new" is \
    "$(get pnh '[.witnesses[] | select(.asked)] | length' audit witness)" 0
claim "a witness shows what it has cosigned" \
    is "$(size_at out pnh changes)" "$size"
claim "a member's too" is "$(size_at bkk pnh changes)" \
    "$(standing pnh embassy .size)"

need c pnh new case country=TH status=open
claim "one of them can be asked alone" is \
    "$(get pnh '.witnesses | length' audit witness outside)" 2
claim "for what is new" at_least "$(standing pnh outside .size)" \
    $((size + 1))

# What they signed is in what is exported, and holds by others' code.
need c pnh audit witness
need c pnh audit export "$WORK/export" --headers
log=$(folder_of export pnh changes)
claim "cosignatures go into the checkpoint" grep -qF \
    "$(key_of out cosigner | cut -d + -f 1)" "$log/checkpoint"
key_of out cosigner >"$WORK/outside.vkey"
key_of pnh changes >"$WORK/pnh.vkey"
claim "and are checked with the witness's key" "$CORRIDOR" audit check \
    "$WORK/export" --key "$WORK/pnh.vkey" --key "$WORK/outside.vkey"
id=$(get_all pnh '.[0].id' list case)
need c pnh audit prove "$id" -o "$WORK/proof"
cosigned_by_others()
{
    "$VERIFY" proof "$WORK/proof" - "$WORK/pnh.vkey" "$WORK/outside.vkey" \
        "$(key_of bkk cosigner)" >"$WORK/verified" 2>&1
    cat "$WORK/verified"
    grep -qF " 2 cosignatures" "$WORK/verified"
}
claim "and by the public code" cosigned_by_others

# Without a daemon, and with one whose timer asks.
stop_daemon pnh
need c pnh new case country=KH status=new
claim "a home at rest asks, too" c pnh audit witness
claim "and says who vouches" is "$(standing pnh outside .size)" \
    "$(standing pnh outside .entries)"
printf '[witness]\nask_every = 200ms\n' >"$WORK/pnh/corridor.conf"
start_daemon pnh
need c pnh new case country=KH status=new
all_vouched()
{
    is "$(standing pnh "$1" .size)" "$(standing pnh "$1" .entries)" &&
        is "$(standing pnh "$1" .entries)" "$(standing pnh "$1" .size)"
}
claim "the daemon asks by itself" wait_until 60 all_vouched outside
claim "each of them" wait_until 60 all_vouched embassy

# What is not for a witness, or is wrong.
size=$(standing pnh outside .size)
text="text/plain; charset=utf-8"
stop_daemon pnh
need c pnh audit export "$WORK/now"
log=$(folder_of now pnh changes)
printf 'hello\n' >"$WORK/ask"
claim "what is no request is refused" answers "400 $text" out "$WORK/ask"
head -c 100000 /dev/zero >"$WORK/ask"
claim "what is too big" answers "413 $text" out "$WORK/ask"
{ printf 'old %s\n\n' "$size"; cat "$log/checkpoint"; } >"$WORK/ask"
claim "what was cosigned is cosigned again" answers "200 $text" out "$WORK/ask"
cp "$WORK/answer" "$WORK/line"
claim "by the same line" answers "200 $text" out "$WORK/ask"
claim "indeed" cmp "$WORK/line" "$WORK/answer"
sed 's/^old .*/old 1/' "$WORK/ask" >"$WORK/ask2"
claim "from another size it says which it has" \
    answers "409 text/x.tlog.size" out "$WORK/ask2"
claim "the one that it has" is "$(cat "$WORK/answer")" "$size"
sed "s/^old .*/old $((size + 1))/" "$WORK/ask" >"$WORK/ask2"
claim "from beyond the checkpoint" answers "400 $text" out "$WORK/ask2"
sed 's/^— corridor\(.*\) \(.\{20\}\)./— corridor\1 \2A/' "$WORK/ask" \
    >"$WORK/ask2"
claim "a checkpoint that is not signed" answers "403 $text" out "$WORK/ask2"
log=$(folder_of now bkk changes)
{ printf 'old 0\n\n'; cat "$log/checkpoint"; } >"$WORK/ask2"
claim "another log" answers "404 $text" out "$WORK/ask2"
claim "a witness's own log" answers "404 $text" bkk "$WORK/ask2"
claim "nothing else is there" is "$(curl -s -o /dev/null -w '%{http_code}' \
    "$(url_of out)/v1/status")" 404
claim "nor by other methods" is "$(curl -s -o /dev/null -w '%{http_code}' \
    "$(url_of out)/add-checkpoint")" 405

# Killed at any moment, it never vouches for what does not go on from what it
# vouched for: each answer's line is of a size that it then has, or had.
printf '[witness]\nask_every = 24h\n' >"$WORK/pnh/corridor.conf"
port=$(port_of out witness)
grows()
{
    local now=0

    now=$(size_at out pnh changes)
    at_least "${now:-0}" "$(standing pnh outside .size)"
}
for ((i = 0; i < rounds; i++)); do
    need c pnh new case country=KH status=new
    c pnh audit witness outside >"$WORK/asked" 2>&1 &
    asked=$!
    kill_daemon out
    wait "$asked"
    be_witness out "$port"
    start_daemon out
    grows >"$WORK/grows" || die "a witness forgot: $(cat "$WORK/grows")"
done
claim "killed, it remembers" c pnh audit witness outside
claim "and has it all" is "$(size_at out pnh changes)" \
    "$(standing pnh outside .entries)"

# Two copies of one home that both write. A proof from a size that is a power of
# two does not hold the root there, which is what shows the fork.
need c pnh audit witness
size=$(standing pnh outside .entries)
while (((size & (size + 1)) == 0)); do
    need c pnh new case country=KH status=new
    need c pnh audit witness
    size=$(standing pnh outside .entries)
done
cp -r "$WORK/pnh" "$WORK/copy"
need c pnh new case country=KH status=new
need c pnh audit witness
need c copy new case country=TH status=open
need c copy new case country=TH status=open
for name in outside embassy; do
    claim "the other copy is not cosigned by $name" fails_saying 1 "FORK" \
        c copy audit witness "$name"
    claim "as its status says" grep -q "FORK" <(c copy status)
done

# The witness that is a member has kept the evidence, and hands it on.
claim "as it says first" is "$(get bkk '.forks | length' status)" 1
start_daemon pnh
writes_no_more()
{
    fails_saying 1 "continued elsewhere" c "$1" new case country=KH status=new
}
claim "who was copied hears of it and writes no more" \
    wait_until 60 writes_no_more pnh
