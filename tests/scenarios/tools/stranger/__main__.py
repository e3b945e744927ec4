# SPDX-License-Identifier: Apache-2.0
"""A second peer, written from docs/protocol.md, schema.md and membership.md.

It is there to show that the pages suffice: it shares no code with corridor,
and needs Python 3, libsodium and libzstd alone. It dials, never listens, keeps
nothing on the disk, and stops where a statement takes rights away.

  stranger examples ROOT     compare the pages' worked examples
  stranger join LINE PACKS SEED [COMMAND...]
        join by an invitation; fetch all; write a person and a case; hang up;
        edit records at random from SEED, while COMMAND edits at the other
        side; exchange; print what there is, as JSON
"""
import json
import random
import subprocess
import sys

from edits import Editor
from entries import clock_name
from examples import compare
from keys import invitation_read, office_code
from pack import packs_read
from peer import Peer
from primitives import need
from session import Session
from world import EVERYONE

EDITS = 30


def show(peer, made):
    world = peer.world()
    records = [{"id": record.id.hex(), "version": record.digest()[:8].hex()}
               for record in world.records.values()]
    voids = sorted({f"{log[:32].hex()}/{('control', 'changes')[log[32]]}/"
                    f"{position}" for (log, position), _ in world.voids})
    print(json.dumps({"office": peer.office.hex(), "made": made,
                      "clock": clock_name(peer.clock()).hex(),
                      "records": sorted(records, key=lambda r: r["id"]),
                      "voids": voids}))


def become_member(peer, invitation):
    """The first session: from the line to the circles' secrets."""
    session = Session(peer, invitation.addresses[0],
                      (invitation.node, invitation.noise), invitation.secret,
                      True)
    session.until(lambda: session.level == 3 and session.theirs,
                  "the admission")
    session.tell()
    session.until(session.fetched, "everything")
    inviter = peer.world().certs[invitation.node]
    need(office_code(inviter.office) == invitation.code, "office code")
    peer.write_enrol()
    session.push()
    session.until(lambda: session.fetched() and session.pushed()
                  and peer.link_secret(), "the circles' secrets")
    peer.write_circle()
    return session


def exchange(peer, invitation):
    """A later session, as a member."""
    session = Session(peer, invitation.addresses[0],
                      (invitation.node, invitation.noise), peer.link_secret())
    session.until(session.fetched, "everything")
    session.push()
    session.until(lambda: session.fetched() and session.pushed(),
                  "our entries to be taken")
    session.close()


def join(line, packs, seed, command):
    invitation = invitation_read(line)
    peer = Peer(invitation, packs_read(packs),
                ["Strangers", "stranger", "TH", "ngo"])
    session = become_member(peer, invitation)
    circles = [([2, peer.office], 0), (EVERYONE, 1)]
    person = peer.write_record(2, 3, [[1, 0, ["Blue Crane 7", None]]], circles)
    case = peer.write_record(3, 2, [[1, 0, ["STR-1", None]], [3, 0, person],
                                    [4, 0, "open"], [5, 3, None, []]], circles)
    session.push()
    session.until(lambda: session.fetched() and session.pushed(),
                  "our records to be taken")
    session.close()
    editor = Editor(peer, random.Random(seed), circles)
    for _ in range(EDITS):
        editor.edit()
        if editor.chance(30):
            editor.oddity()
    if command:
        subprocess.run(command, check=True, stdout=sys.stderr)
    exchange(peer, invitation)
    peer.held, peer.confirmed = {}, None
    exchange(peer, invitation)  # as one that keeps nothing
    show(peer, [person.hex(), case.hex()])


def main(words):
    if len(words) == 2 and words[0] == "examples":
        return compare(words[1])
    if len(words) >= 4 and words[0] == "join":
        join(words[1], words[2], words[3], words[4:])
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
