#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One home, one daemon.
# shellcheck source=tests/scenarios/lib.sh
. "$(dirname "$0")/lib.sh"

port_is_taken()
{
    make_office bkk "Office of bkk"
    need c bkk found "Another"
    fails_saying 1 "${PORT[pnh]}" c bkk serve \
        --listen "127.0.0.1:${PORT[pnh]}"
}

make_office pnh "Office of pnh" KH
need c pnh found "Corridor"
start_daemon pnh
claim "a second one says that the first runs" fails_saying 1 "daemon" \
    c pnh serve --listen 127.0.0.1:0
claim "the first goes on" c pnh new case pseudonym="Red Heron" status=new
claim "a port that is taken is an error" port_is_taken
kill_daemon pnh
claim "after kill -9 the next one starts" start_daemon pnh
claim "and has what was written" is \
    "$(get_all pnh length list case)" 1
stop_daemon pnh
claim "an orderly end leaves no socket" test ! -e "$WORK/pnh/corridor.sock"
claim "a command without a daemon works then" c pnh status
