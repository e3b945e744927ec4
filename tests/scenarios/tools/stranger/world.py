# SPDX-License-Identifier: Apache-2.0
"""What a set of logs says: docs/membership.md, and docs/protocol.md from
"Content keys, circles and grants" on."""
from dataclasses import dataclass, field

from changes import open_change, place, unpack_text, unwrap
from entries import KIND_CHANGE, KIND_CONTROL, Entry, body_split, name_dot
from keys import cert_read
from primitives import (Refused, blake, box_open, dec, enc, is_bytes, is_uint,
                        need, sha256, verify, x25519)
from record import Op, Record

ADMIN, WRITE, READ = 1, 2, 4
LINK, EVERYONE = [0], [1]
ALL_ROLES = 31


@dataclass
class Generation:
    entry: Entry
    circle: list
    public: bytes
    boxes: list                  # (node, box, entry that seals it)
    former: object               # (dot, commitment, wrapped) or None
    tainted: bool = False


@dataclass
class Key:
    dot: tuple
    klass: int
    commitment: bytes
    node: bytes
    grants: list = field(default_factory=list)
    secret: object = None


@dataclass
class Change:
    entry: Entry
    key: Key
    record: bytes
    kind: int
    ops: list
    salt: object
    parent: object
    weight: int


class NotFollowed(Exception):
    """A statement that takes rights away: this peer stops."""


class World:
    """What a set of logs says; made anew whenever the set has grown."""

    def __init__(self, corridor, logs, me, packs):
        self.corridor, self.me = corridor, me
        self.kinds, self.dictionaries = packs
        self.applied, self.ranks, self.entries = {}, {}, []
        self.certs, self.enrolments = {}, {}      # by node
        self.gives, self.policy = {}, 0           # by office
        self.names = {}
        self.generations, self.secrets = {}, {}   # by dot
        self.keys, self.changes = {}, {}          # by dot, by record
        self.voids = []
        self.pack = None
        self.apply(logs)
        self.entries.sort(key=Entry.order)
        for log in logs.values():
            self.read_first(log)
        for entry in self.entries:
            if entry.log[32] == 0:
                self.guard(entry, self.statement)
        self.open_generations()
        for entry in self.entries:
            if entry.log[32] == 1:
                self.guard(entry, self.change)
        self.records = {name: Record(self, name, changes)
                        for name, changes in self.changes.items()}

    def guard(self, entry, step):
        try:
            step(entry)
        except Refused as refusal:
            self.voids.append((entry.dot, str(refusal)))
        except (TypeError, ValueError, LookupError):
            self.voids.append((entry.dot, "format"))

    # Entries wait for what they count; a rank is one more than theirs.
    def apply(self, logs):
        moved = True
        while moved:
            moved = False
            for log in logs.values():
                size = self.applied.get(log.id, 0)
                while size < len(log.entries):
                    entry = log.entries[size]
                    if any(self.applied.get(other, 0) < n
                           for other, n in entry.clock.items()):
                        break
                    ranks = self.ranks.setdefault(log.id, [])
                    if entry.malformed:
                        entry.rank = ranks[-1] if ranks else 0
                        self.voids.append((entry.dot, entry.malformed))
                    else:
                        entry.rank = 1 + max(
                            [self.ranks[other][n - 1] for other, n
                             in entry.clock.items() if n], default=0)
                        self.entries.append(entry)
                    ranks.append(entry.rank)
                    size, moved = size + 1, True
                    self.applied[log.id] = size

    # Membership: docs/membership.md, as long as nobody takes rights away.

    def read_cert(self, raw, founder=False):
        cert = cert_read(raw)
        need(cert.corridor in ([bytes(32)] if founder
                               else [self.corridor, bytes(32)]), "corridor")
        return cert

    def founding(self, raw):
        body = dec(raw)
        need(sha256(raw) == self.corridor and isinstance(body, list)
             and len(body) == 5 and body[0] == "corridor/found/1", "founding")
        need(is_uint(body[3], 1), "policy")
        return body, [(self.read_cert(c, True), wall) for c, wall in body[4]]

    def read_first(self, log):
        """A control log counts from its node's own enrol, or the founding."""
        if log.id[32] or not log.entries or log.entries[0].body is None:
            return
        try:
            body = dec(log.entries[0].body)
            if body[0] == 0:
                certs = [c for c, _ in self.founding(body[1])[1]]
            else:
                need(body[0] == 2, "no enrol")
                certs = [self.read_cert(body[1])]
            for cert in certs:
                if cert.sign == log.id[:32]:
                    self.certs[cert.sign] = cert
        except (Refused, IndexError, TypeError):
            pass

    def counted(self, entry, office):
        return [g for g in self.gives.get(office, []) if entry.counts(g[0])]

    def demand(self, entry, role):
        """The office of an entry's author, which has to have a role."""
        cert = self.certs.get(entry.node)
        need(cert, "not a member")
        given = self.counted(entry, cert.office)
        need(any(g[3] for g in given), "not a member")
        need(not role or any(g[1] & role for g in given), "no right")
        return cert.office

    def enrol(self, cert, entry):
        self.enrolments.setdefault(cert.sign, []).append((entry.dot, cert))

    def statement(self, entry):
        need(entry.kind == KIND_CONTROL and entry.body, "not a statement")
        body = dec(entry.body)
        need(isinstance(body, list) and body and is_uint(body[0]), "statement")
        kind = body[0]
        sizes = {0: 3, 1: 6, 2: 3, 3: 4, 4: 6, 5: 5, 6: 4, 7: 4, 8: 2}
        need(kind in sizes, "unknown")
        need(len(body) == sizes[kind], "format")
        (self.st_found, self.st_admit, self.st_enrol, self.st_roles,
         self.st_retire, self.st_circle, self.st_seals, self.st_pack,
         self.st_confirm)[kind](entry, *body[1:])

    def st_found(self, entry, raw, signatures):
        body, founders = self.founding(raw)
        need(entry.node in [c.sign for c, _ in founders], "no founder")
        for (cert, firewall), signature in zip(founders, signatures):
            need(verify(cert.office, raw, signature), "founder's signature")
        self.policy = body[3]
        for cert, firewall in founders:
            self.enrol(cert, entry)
            self.names[cert.office] = cert.office_name
            self.gives.setdefault(cert.office, []).append(
                (entry.dot, ALL_ROLES, firewall, True))

    def st_admit(self, entry, raw, roles, firewall, invitation, confirmed):
        self.demand(entry, ADMIN)
        cert = self.read_cert(raw)
        self.enrol(cert, entry)
        self.names[cert.office] = cert.office_name
        self.gives.setdefault(cert.office, []).append(
            (entry.dot, roles, firewall, True))

    def st_enrol(self, entry, raw, retires):
        if retires is not None:
            raise NotFollowed("a retirement")
        cert = self.read_cert(raw)
        if entry.position or cert.sign != entry.node:
            self.demand(entry, 0)
        self.enrol(cert, entry)

    def st_roles(self, entry, office, roles, cuts):
        self.demand(entry, ADMIN)
        had = 0
        for give in self.gives.get(office, []):
            had |= give[1]
        if had & ~roles:
            raise NotFollowed("a loss of roles")
        self.gives.setdefault(office, []).append(
            (entry.dot, roles, False, False))

    def st_retire(self, *_):
        raise NotFollowed("a retirement")

    def st_pack(self, entry, name, version, digest):
        self.demand(entry, ADMIN)
        if not self.pack or version >= self.pack[1]:
            self.pack = (name, version, digest)

    def st_confirm(self, entry, office):
        self.demand(entry, ADMIN)

    # Circles: docs/protocol.md, "Content keys, circles and grants".

    def is_firewall(self, entry, office):
        return any(g[2] for g in self.counted(entry, office))

    def in_circle(self, circle, entry, node):
        """Was a node, by what an entry counts, enrolled and in a circle?"""
        for dot, cert in self.enrolments.get(node, []):
            given = self.counted(entry, cert.office)
            if entry.counts(dot) and any(g[3] for g in given):
                if circle == EVERYONE:
                    return (any(g[1] & (WRITE | READ) for g in given)
                            and not self.is_firewall(entry, cert.office))
                return circle == LINK or circle == [2, cert.office]
        return False

    def add_boxes(self, entry, generation, seals):
        for node, _ in seals:
            for _, cert in self.enrolments.get(node, []):
                need(generation.circle in (LINK, [2, cert.office])
                     or not self.is_firewall(entry, cert.office), "firewall")
        for node, box in seals:
            if self.in_circle(generation.circle, entry, node):
                generation.boxes.append((node, box, entry))
            else:
                generation.tainted = True

    def st_circle(self, entry, circle, public, seals, former):
        office = self.demand(entry, ADMIN if circle in (LINK, EVERYONE) else 0)
        need(circle in (LINK, EVERYONE, [2, office]), "no right")
        need(is_bytes(public, 32), "public half")
        if former:
            dot = name_dot(entry.table, *former[:2])
            need(self.holds(dot, entry.node, entry), "key")
            need(self.generations[dot].circle == circle, "key")
            former = (dot, *former[2:])
        made = Generation(entry, circle, public, [], former)
        self.add_boxes(entry, made, seals)
        self.generations[entry.dot] = made

    def st_seals(self, entry, index, position, seals):
        self.demand(entry, 0)
        dot = name_dot(entry.table, index, position)
        need(self.holds(dot, entry.node, entry), "key")
        self.add_boxes(entry, self.generations[dot], seals)

    def holds(self, dot, node, entry):
        """Does a node hold a generation, by what an entry counts?"""
        wanted, tried = [dot], set()
        while wanted:
            dot = wanted.pop()
            made = self.generations.get(dot)
            if not made or dot in tried or not entry.counts(dot):
                continue
            tried.add(dot)
            if dot[0][:32] == node or any(
                    to == node and entry.counts(by.dot)
                    for to, _, by in made.boxes):
                return True
            wanted += [d for d, g in self.generations.items()
                       if g.former and g.former[0] == dot]
        return False

    def open_generations(self):
        for dot, made in self.generations.items():
            for secret in self.boxes_of_mine(made):
                if x25519(secret) == made.public:
                    self.secrets[dot] = secret
        for dot, secret in self.me.circle_secrets.items():
            self.secrets.setdefault(dot, secret)
        for dot in reversed(list(self.generations)):
            former = self.generations[dot].former
            if former and dot in self.secrets:
                secret = unwrap(self.secrets[dot], self.corridor, *former)
                if x25519(secret) == self.generations[former[0]].public:
                    self.secrets.setdefault(former[0], secret)

    def boxes_of_mine(self, made):
        for node, box, _ in made.boxes:
            if node == self.me.node:
                try:
                    yield box_open(self.me.secrets["seal"], box)
                except Refused:
                    continue

    def now(self):
        """An entry that counts all that is applied."""
        return Entry(b"", 0, 0, b"", None, b"", clock=self.applied)

    def current(self, circle):
        last = None
        for dot, made in self.generations.items():
            if made.circle == circle and not made.tainted and all(
                    self.in_circle(circle, self.now(), node)
                    for node, _, _ in made.boxes):
                last = dot
        return last

    # Content keys and changes.

    def could_open(self, key, node, entry):
        return key.node == node or any(
            entry.counts(by.dot) and self.holds(dot, node, entry)
            for by, dot, _, _ in key.grants)

    def take_grants(self, entry, office):
        if not entry.grants:
            return
        dot, commitment, klass, grants = entry.grants
        if commitment:
            self.keys[dot] = Key(dot, klass, commitment, entry.node)
        key = self.keys.get(dot)
        if not key or key.klass != klass:
            self.voids.append((entry.dot, "grants of no such key"))
            return
        at, creator = 0, self.certs.get(key.node)
        may_grant = entry.dot == dot or self.could_open(
            key, entry.node, entry) or (entry.counts(dot) and creator
                                        and creator.office == office)
        for to, mode, _, _ in grants:
            size = 80 if mode else 48
            wrapped = entry.body and entry.body[at:at + size]
            at += size
            made = self.generations.get(to)
            if not (may_grant and made and entry.counts(to)
                    and made.circle != LINK and len(key.grants) < 256):
                self.voids.append((entry.dot, "a void grant"))
                continue
            if klass and made.circle[0] == 2 and made.circle[1] != office \
                    and self.is_firewall(entry, made.circle[1]):
                self.voids.append((entry.dot, "a grant to a firewall office"))
                continue
            key.grants.append((entry, to, mode, wrapped))
            secret = self.secrets.get(to)
            if secret and wrapped and not key.secret:
                key.secret = self.open_key(key, to, mode, wrapped, secret)

    def open_key(self, key, to, mode, wrapped, secret):
        try:
            if mode == 0:
                return unwrap(secret, self.corridor, to, key.commitment,
                              wrapped)
            opened = box_open(secret, wrapped)
            return opened if blake(opened) == key.commitment else None
        except Refused:
            return None

    def change(self, entry):
        need(entry.kind == KIND_CHANGE, "not a change")
        office = self.demand(entry, WRITE)
        need(any(entry.counts(dot)
                 for dot, _ in self.enrolments.get(entry.node, [])),
             "not a member")
        self.take_grants(entry, office)
        key = self.keys.get(entry.key)
        need(key and self.could_open(key, entry.node, entry), "key")
        secret = key.secret or self.me.content_keys.get(entry.key)
        if not secret or entry.body is None:
            return
        need(len(entry.body) >= body_split(entry.grants) + 48, "body")
        text = unpack_text(open_change(
            secret, place(self.corridor, entry.dot), entry), self.dictionaries)
        change = self.read_change(entry, office, key, text)
        self.changes.setdefault((change.kind, change.record), []).append(
            change)

    def read_change(self, entry, office, key, text):
        body = dec(text)
        need(isinstance(body, list) and len(body) in (3, 5)
             and is_bytes(body[0], 16) and is_uint(body[1], 65535)
             and isinstance(body[-1], list) and len(body[-1]) <= 512, "change")
        parent, salt = body[2:4] if len(body) == 5 else (None, None)
        if len(body) == 5:
            need(is_bytes(salt, 16) and (parent is None
                                         or is_bytes(parent, 16)), "salt")
        ops = [self.read_op(entry, office, i, op)
               for i, op in enumerate(body[-1])]
        weight = 64
        for op in ops:
            weight += 16384 if op.action == 3 else 64
            weight += len(enc(op.value)) if op.has_value else 0
            weight += len((op.reason or "").encode()) + 24 * len(op.names)
        return Change(entry, key, body[0], body[1], ops, salt, parent, weight)

    def read_op(self, entry, office, at, body):
        need(isinstance(body, list) and 3 <= len(body) <= 4
             and is_uint(body[0], 65535) and is_uint(body[1], 3), "operation")
        op = Op(entry, at, body[0], body[1], office)
        rest = body[2:]
        if op.action == 3:
            need(len(rest) == 2 and (rest[0] is None
                                    or is_bytes(rest[0], 32)), "transfer")
            op.to = rest[0] or office
            op.names = self.read_dots(entry, rest[1])
        elif op.action == 2:
            op.names = self.read_dots(entry, rest[0])
            need(op.names, "a removal of nothing")
            rest = rest[1:]
        if op.action < 2 or (op.action == 2 and rest):
            op.value, op.has_value = rest[0], True
            need(len(enc(op.value)) <= 16384, "value too long")
        if op.action == 0 and len(rest) == 2:
            op.reason = rest[1]
            need(isinstance(op.reason, str)
                 and 1 <= len(op.reason.encode()) <= 4096, "reason")
        need(op.action != 1 or len(rest) == 1, "addition")
        return op

    def read_dots(self, entry, flat):
        need(isinstance(flat, list) and len(flat) % 3 == 0
             and len(flat) <= 3072 and all(map(is_uint, flat)), "dots")
        dots = [tuple(flat[i:i + 3]) for i in range(0, len(flat), 3)]
        need(all(a < b for a, b in zip(dots, dots[1:])), "order of dots")
        need(all(i < len(entry.table) and (i or p < entry.position)
                 for i, p, _ in dots), "dot")
        return [(entry.table[i], p, o) for i, p, o in dots]
