#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The API on loopback is for those who hold its token, and for no web page.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

make_office pnh "Office of pnh" KH
need c pnh found "Corridor"
start_daemon pnh --api 127.0.0.1:0
port=$(port_of pnh api)
token=$(head -c 64 "$WORK/pnh/api.token")
url=http://127.0.0.1:$port/v1/status

# answers STATUS CURL-ARGUMENTS...
answers()
{
    local expected=$1
    local got=""
    shift

    got=$(curl -s -o "$WORK/answer" -w '%{http_code}' --max-time 60 "$@")
    is "$got" "$expected" || { head -c 400 "$WORK/answer"; return 1; }
}

no_cors()
{
    ! curl -s -i --max-time 60 -X OPTIONS -H "Origin: https://evil.example" \
        -H "Access-Control-Request-Method: GET" "$url" |
        grep -i access-control-allow
}

auth=(-H "Authorization: Bearer $token")
claim "the token opens it" answers 200 "${auth[@]}" "$url"
claim "the answer is JSON" jq -e .node "$WORK/answer"
claim "no token" answers 401 "$url"
claim "a wrong one" answers 401 -H "Authorization: Bearer ${token:1}0" "$url"
claim "half of it" answers 401 -H "Authorization: Bearer ${token:0:32}" "$url"
claim "another scheme" answers 401 -H "Authorization: Basic $token" "$url"
claim "the token in the address" answers 401 "$url?token=$token"
claim "another Host (a name that was rebound)" answers 403 \
    "${auth[@]}" -H "Host: evil.example:$port" "$url"
claim "Host without the port" answers 403 "${auth[@]}" -H "Host: 127.0.0.1" \
    "$url"
claim "localhost is this machine" answers 200 "${auth[@]}" \
    -H "Host: localhost:$port" "$url"
claim "the Origin of another page" answers 403 "${auth[@]}" \
    -H "Origin: https://evil.example" "$url"
claim "an Origin of null" answers 403 "${auth[@]}" -H "Origin: null" "$url"
claim "the desk's own Origin" answers 200 "${auth[@]}" \
    -H "Origin: http://127.0.0.1:$port" "$url"
claim "nobody is allowed by CORS" no_cors
claim "writes need the token too" answers 401 -X POST -d '{"kind":"case"}' \
    "http://127.0.0.1:$port/v1/records"
claim "with it a record is made" answers 201 "${auth[@]}" \
    -H "Content-Type: application/json" \
    -d '{"kind":"case","fields":{"pseudonym":"Red Heron","status":"new"}}' \
    "http://127.0.0.1:$port/v1/records"
id=$(jq -r .id "$WORK/answer")
claim "and read by the command" c pnh show "$id"
claim "If-Match of an old version: 412" answers 412 "${auth[@]}" -X PATCH \
    -H 'If-Match: "0000000000000000"' -d '{"fields":{"status":"open"}}' \
    "http://127.0.0.1:$port/v1/records/$id"
claim "what is no JSON: 400" answers 400 "${auth[@]}" -d '{"kind":' \
    "http://127.0.0.1:$port/v1/records"
claim "another path: 404" answers 404 "${auth[@]}" \
    "http://127.0.0.1:$port/v1/nowhere"
claim "another method: 405" answers 405 "${auth[@]}" -X PUT "$url"
head -c 3000000 /dev/zero | tr '\0' ' ' >"$WORK/large"
claim "a body beyond the limit: 413" answers 413 "${auth[@]}" \
    --data-binary "@$WORK/large" "http://127.0.0.1:$port/v1/records"
make_office bkk "Office of bkk"
claim "an address that is not this machine's is refused" fails_saying 1 \
    machine c bkk serve --api 0.0.0.0:0
claim "after all that the daemon works" c pnh status
