# SPDX-License-Identifier: Apache-2.0
"""Random edits of all that can be read: sensible ones, and void ones."""
from pack import Field
from primitives import enc
from record import chain

UNKNOWN = Field("unknown", "tx", None, 0)
STATES = {
    "case": ["new", "open", "resolved", "closed", "reopened"],
    "claim": ["draft", "filed", "approved", "rejected", "closed", "lapsed"],
    "referral": ["sent", "received", "recalled", "done", "expired"],
    "complaint": ["received", "screened", "withdrawn", "closed"],
    "agency": ["valid", "suspended", "revoked", "expired"]}


class Editor:
    def __init__(self, peer, rng, circles):
        self.peer, self.rng, self.circles = peer, rng, circles
        self.world = None

    def edit(self):
        """One change of one to three operations, of a record that exists."""
        self.world = self.peer.world()
        records = self.world.records
        record = records[self.rng.choice(sorted(records))]
        kind = self.world.kinds[record.kind]
        log = self.peer.log(self.peer.changes)
        _, table, _ = self.peer.header_start(log, (0, 1))
        ops, klass = [], kind.klass
        for _ in range(self.rng.randint(1, 3)):
            number = self.rng.choice([*sorted(kind.fields), 999])
            known = kind.fields.get(number, UNKNOWN)
            ops.append(self.operation(record, number, known, table))
            if not self.chance(3):
                klass = max(klass, known.klass)
        self.write(enc([record.id, record.kind, ops]), klass,
                   [c.key for c in record.changes])

    def oddity(self):
        """An entry that is malformed, or void whatever is in it."""
        peer, seal = self.peer, bytes(24)
        control, changes = peer.log(peer.control), peer.log(peer.changes)
        start, table, world = peer.header_start(changes, (0, 1))
        beyond = [len(table) + 3, 0]
        key = self.rng.choice(sorted(world.keys))
        kind, header = self.rng.choice([
            (1, 5),
            (1, [*start, None, seal]),
            (1, [start[0], [1, 0], None, None, seal]),
            (1, [start[0], [peer.control, 1], None, None, seal]),
            (1, [2 ** 64 - 1, [], None, None, seal]),
            (1, [*start, len(changes.entries), None, seal]),
            (1, [*start, None, None, seal]),
            (1, [*start, beyond, None, seal]),
            (1, [*start, [table.index(key[0]), key[1]] if key[0] != changes.id
                 else key[1], None, seal]),
            (0, [*start, None, None, seal]),
            (2, [*start, None, None, seal]),
            (77, [*start, None, [bytes(32), 1, [*beyond, 0, 0, None]],
                  seal])])
        peer.append(changes, kind, enc(header), enc([8, peer.office]) * 3)
        start, _, _ = peer.header_start(control, (0,))
        kind, header, body = self.rng.choice([
            (0, [*start, None, None, [], seal], [8]),
            (0, [*start, 0, None, [], seal], [12, "of a later version"]),
            (0, [*start, None, None, [3, 1], seal], [8, peer.office]),
            (0, [*start, None, None, seal], [8, peer.office]),
            (0, [*start, None, None, [], seal], [6, *beyond, []]),
            (1, [*start, beyond, None, [], seal], [8, peer.office])])
        peer.append(control, kind, enc(header), enc(body))

    def write(self, text, klass, keys):
        fit = sorted({key.dot for key in keys if key.klass >= klass})
        if fit and not self.chance(10):
            self.peer.write_change(text, self.rng.choice(fit))
        else:
            self.peer.write_change(text, None, klass, self.circles)

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def operation(self, record, number, known, table):
        current = record.fields.get(number, [])
        value = self.value(record, known)
        rule = known.rule
        if self.chance(3):
            rule = self.rng.choice(["set", "review", "owner", "ledger"])
        if rule == "owner":
            return [number, 3, self.rng.choice([None, *self.world.gives]),
                    dots(self.steps(current), table)]
        if rule in ("set", "ban", "journal", "ledger", None):
            if not current or self.chance(60):
                return [number, 1, value]
            count = 1 if rule == "ledger" else min(2, len(current))
            named = dots(self.rng.sample(current, count), table)
            if rule == "ledger" or self.chance(3):
                return [number, 2, named, value]
            return [number, 2, named]
        return [number, 0, value, *(["because"] if self.chance(30) else [])]

    def steps(self, current):
        """What a transfer follows; now and then it is wrong about that."""
        if current and self.chance(20):
            return [self.rng.choice(current)]
        last, tips = chain(current)
        return tips or ([last] if last else [])

    def value(self, record, known):
        """A value of the field's type, as a rule: one of others', or new."""
        pool = [op.value for other in self.world.records.values()
                for number, ops in other.fields.items() for op in ops
                if op.has_value and other.known.get(number) == known]
        if self.chance(5):
            return self.rng.choice([None, 5, "", [1], bytes(16), True])
        if pool and self.chance(60):
            return self.rng.choice(pool)
        name = self.world.kinds[record.kind].name
        made = {"tx": [self.rng.choice("abc"), None],
                "n": self.rng.randint(-2, 2),
                "dt": [0, None, 2026, self.rng.randint(1, 12)],
                "office": self.rng.choice(sorted(self.world.gives)),
                "state": self.rng.choice(STATES.get(name, ["x"])),
                "code": self.rng.choice(["low", "high", "KH", "valid", "zz"]),
                "le": [self.rng.choice(["paid", "fee"]), "SSO",
                       self.rng.choice(["", "R1"]), [100, "THB", 2], None,
                       None],
                "ev": [None, "office", None]}
        return made.get(known.type, self.rng.choice(pool or [None]))


def dots(ops, table):
    """What names these operations, in the author's own order."""
    return [x for dot in sorted((table.index(op.entry.log), op.entry.position,
                                 op.place) for op in ops) for x in dot]
