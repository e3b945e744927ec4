# SPDX-License-Identifier: Apache-2.0
"""An office with one node: it writes its own logs."""
import os
import time

from changes import pack_text, place, record_id, seal_change, wrap
from entries import KIND_CHANGE, KIND_CONTROL, Entry, next_time
from keys import cert_make
from logs import Log
from primitives import blake, box_seal, derive, enc, sha256, sign_public, x25519
from world import EVERYONE, LINK, World


class Peer:
    """An office with one node, in memory."""

    def __init__(self, invitation, packs, names):
        self.corridor, self.packs, self.names = (invitation.corridor, packs,
                                                 names)
        self.secrets = {name: os.urandom(32) for name in
                        ("office", "sign", "noise", "seal", "cosign", "clock")}
        self.node = sign_public(self.secrets["sign"])
        self.office = sign_public(self.secrets["office"])
        self.cert = cert_make(self.secrets, self.corridor, names, now_ms())
        self.control, self.changes = self.node + b"\0", self.node + b"\1"
        self.logs = {}
        self.circle_secrets, self.content_keys = {}, {}
        self.last_time = 0
        # What a session leaves to the next: clocks of theirs that we
        # confirmed, by name, and the last of ours that they confirmed.
        self.held, self.confirmed = {}, None

    def world(self):
        return World(self.corridor, self.logs, self, self.packs)

    def clock(self):
        return {log.id: len(log.entries) for log in self.logs.values()
                if log.entries}

    # Writing: the header's pairs, the time, then the log.

    def header_start(self, log, kinds):
        world = self.world()
        wanted = {i: n for i, n in world.applied.items() if i[32] in kinds}
        wanted.pop(log.id, None)
        table = list(log.author.table)
        pairs = log.author.write_pairs(table, log.author.clock, wanted)
        newest = max((e.time for e in world.entries), default=0)
        self.last_time = next_time(self.last_time, now_ms(), newest)
        return [self.last_time - log.author.time, pairs], table, world

    def log(self, log_id):
        return self.logs.get(log_id) or Log(log_id)

    def append(self, log, kind, header, body):
        entry = Entry(log.id, len(log.entries), kind, header, body,
                      sha256(body))
        log.append(entry)
        self.logs[log.id] = log
        return entry.dot

    def write_control(self, statement):
        log = self.log(self.control)
        start, table, world = self.header_start(log, (0,))
        seen = {i: n for i, n in world.applied.items() if i[32] == 1}
        seen = log.author.write_pairs(table, log.author.seen, seen)
        header = enc([*start, None, None, seen, os.urandom(24)])
        return self.append(log, KIND_CONTROL, header, enc(statement))

    def write_change(self, text, key=None, klass=None, circles=()):
        """One change under a key, or under a new one for some circles."""
        log = self.log(self.changes)
        start, table, world = self.header_start(log, (0, 1))
        dot, wrapped, grants = (log.id, len(log.entries)), b"", None
        if key is None:
            secret = os.urandom(32)
            self.content_keys[dot] = secret
            grants = [blake(secret), klass]
            for circle, purpose in circles:
                to = world.current(circle)
                grants.append([table.index(to[0]), to[1], 0, purpose, None])
                wrapped += wrap(world.secrets[to], self.corridor, to, secret)
            name = dot[1]
        else:
            secret = self.content_keys.get(key) or world.keys[key].secret
            name = key[1]
            if key[0] != log.id:
                name = [table.index(key[0]), key[1]]
        bare = enc([*start, name, grants, b""])[:-1]
        padded = pack_text(text, self.packs[1][1])
        header, box = seal_change(secret, place(self.corridor, dot),
                                  KIND_CHANGE, bare, padded)
        return self.append(log, KIND_CHANGE, header, wrapped + box)

    def write_enrol(self):
        """A control log's first entry."""
        self.write_control([2, self.cert, None])

    def write_circle(self):
        """A first generation of the office's own circle."""
        secret = os.urandom(32)
        box = box_seal(x25519(self.secrets["seal"]), secret)
        dot = self.write_control([5, [2, self.office], x25519(secret),
                                  [[self.node, box]], None])
        self.circle_secrets[dot] = secret

    def link_secret(self):
        """Once the circles' secrets are here; None before."""
        world = self.world()
        link, every = world.current(LINK), world.current(EVERYONE)
        if link in world.secrets and every in world.secrets:
            return derive(world.secrets[link], "corridor/link/1")
        return None

    def write_record(self, kind, klass, ops, circles):
        salt = os.urandom(16)
        record = record_id(now_ms(), self.corridor, self.node, salt)
        self.write_change(enc([record, kind, None, salt, ops]), None, klass,
                          circles)
        return record


def now_ms():
    return time.time_ns() // 1000000
