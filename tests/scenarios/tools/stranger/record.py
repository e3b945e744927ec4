# SPDX-License-Identifier: Apache-2.0
"""Records and merging: docs/protocol.md, the section of that name."""
from dataclasses import dataclass, field

from changes import record_id
from entries import Entry
from pack import NULLABLE, TYPES
from primitives import Refused, blake, enc, need


@dataclass
class Op:
    entry: Entry
    place: int
    field: int
    action: int
    office: bytes                # its author's
    value: object = None
    has_value: bool = False
    reason: object = None
    to: object = None
    names: list = field(default_factory=list)  # [(log, position, op)]

    @property
    def dot(self):
        return (*self.entry.dot, self.place)

    def order(self):
        return (*self.entry.order(), self.place)


class Record:
    """A record, made of its changes in canonical order."""

    ACTIONS = {"once": {0}, "review": {0}, "latest": {0}, "ladder": {0},
               "highest": {0}, "lowest": {0}, "restrict": {0},
               "authority": {0}, "owner": {3}, "set": {1, 2}, "ban": {1, 2},
               "journal": {1, 2}, "ledger": {1, 2}, None: {0, 1, 2, 3}}

    def __init__(self, world, name, changes):
        self.world, (self.kind, self.id) = world, name
        self.fields, self.by_dot = {}, {}   # current; every operation
        self.changes = []
        kind = world.kinds.get(self.kind)
        self.klass = kind.klass if kind else 0
        self.known = kind.fields if kind else {}
        changes = self.within_weight(self.valid(changes))
        self.fields, self.by_dot, self.changes = {}, {}, []
        for change in changes:
            self.take(change)

    def valid(self, changes):
        for change in sorted(changes, key=lambda c: c.entry.order()):
            try:
                self.judge(change)
            except Refused as refusal:
                self.world.voids.append((change.entry.dot, str(refusal)))
            else:
                self.take(change)
        return self.changes

    def within_weight(self, changes):
        out, full = [], set()
        weights, keys = {False: 256, True: 256}, {False: set(), True: set()}
        for change in changes:
            half = change.key.klass == 3
            weights[half] += change.weight
            keys[half].add(change.key.dot)
            if weights[half] > 8388608 or len(keys[half]) > 4096:
                full.add(half)
            if half not in full:
                out.append(change)
        return out

    def rule(self, number):
        known = self.known.get(number)
        return known.rule if known else None

    def judge(self, change):
        """Void, 1 to 8."""
        world, entry = self.world, change.entry
        need(self.klass <= change.key.klass, "class of the kind")
        if change.salt:
            need(self.id[6:] == record_id(0, world.corridor, entry.node,
                                          change.salt)[6:], "salt")
        need(change.weight + 256 <= 8388608, "weight")
        for op in change.ops:
            known, rule = self.known.get(op.field), self.rule(op.field)
            need(not known or known.klass <= change.key.klass, "class")
            need(op.action in self.ACTIONS[rule], "action")
            if op.action == 2 and rule:
                need(rule == "ledger" and len(op.names) == 1
                     or rule != "ledger" and not op.has_value, "removal")
            if known and op.has_value:
                need(op.value is None and rule in NULLABLE
                     or TYPES[known.type](op.value), "value")
            need(rule != "once" or change.salt, "once")
            need(all(entry.counts(dot[:2]) for dot in op.names),
                 "names what it does not count")
            if rule == "owner":
                self.judge_transfer(change, op)

    def judge_transfer(self, change, op):
        if not op.names:
            need(change.salt and op.to == op.office, "a root by another")
            return
        need(len(op.names) <= 64, "too many dots")
        if not all(dot in self.by_dot for dot in op.names):
            return
        need(all(self.reaches(change, self.by_dot[dot]) for dot in op.names),
             "names what it does not reach")
        reached = [o for o in self.fields.get(op.field, [])
                   if self.reaches(change, o)]
        last, tips = chain(reached)
        if last:
            need(sorted(op.names) == sorted(t.dot for t in tips or [last])
                 and op.office == last.to, "not the last step")

    def reaches(self, change, op):
        entry = change.entry
        if op.entry is entry or not entry.counts(op.entry.dot):
            return False
        key = self.world.keys[op.entry.key]
        return key is change.key or self.world.could_open(
            key, entry.node, entry)

    def replaces(self, op, old):
        rule = self.rule(op.field)
        if rule in ("review", "latest", "ladder", "restrict"):
            return True
        if rule in ("set", "ban"):
            return op.action == 2 and old.dot in op.names
        if rule in ("highest", "lowest"):
            return op.reason is not None
        if rule == "authority":
            return old.office == op.office
        return rule is None and op.action == 0 and old.action == 0

    def spent(self, change, op):
        rule = self.rule(op.field)
        if op.action != 2 or rule is None:
            return False
        if rule in ("set", "ban"):
            return True
        named = [self.by_dot[dot] for dot in op.names if dot in self.by_dot]
        return not any(old.field == op.field and self.reaches(change, old)
                       for old in named)

    def take(self, change):
        self.changes.append(change)
        for number in {op.field for op in change.ops}:
            ours = [op for op in change.ops if op.field == number]
            kept = [old for old in self.fields.get(number, [])
                    if not (self.reaches(change, old)
                            and any(self.replaces(op, old) for op in ours))]
            self.fields[number] = kept + [op for op in ours
                                          if not self.spent(change, op)]
        for op in change.ops:
            self.by_dot[op.dot] = op

    def canonical(self):
        keys = sorted({c.key.dot for c in self.changes})
        made = [c for c in self.changes if c.salt]
        first = made[0] if made else None
        times = [c.entry.time for c in self.changes]
        fields = [[number, [self.operation(op, keys) for op in
                            sorted(ops, key=Op.order)]]
                  for number, ops in sorted(self.fields.items()) if ops]
        return enc([
            "corridor/record-state/1", self.id, self.kind, self.parent(made),
            first and list(first.entry.dot), first.entry.time if first else 0,
            max(times), [[*dot, self.world.keys[dot].klass] for dot in keys],
            fields])

    def parent(self, made):
        if not made or made[0].parent is not None:
            return made[0].parent if made else None
        half = made[0].key.klass == 3
        other = [c for c in made if (c.key.klass == 3) != half]
        return other[0].parent if other else None

    def operation(self, op, keys):
        out = [*op.entry.dot, op.place, op.entry.rank, op.entry.time,
               keys.index(op.entry.key), op.action]
        if op.action == 3:
            out.append(op.to)
        if op.action >= 2:
            out.append([x for dot in sorted(op.names) for x in dot])
        if op.has_value:
            out.append(op.value)
        if op.reason is not None:
            out.append(op.reason)
        return out

    def digest(self):
        return blake(self.canonical())


def chain(transfers):
    """The last step of an owner's chain, and the tips of its level."""
    transfers = sorted(transfers, key=Op.order)
    step = next((t for t in transfers if not t.names), None)
    while step:
        level = []
        for t in transfers:
            inside = {other.dot for other in level}
            if t.office == step.to and (
                    t.names == [step.dot]
                    or len(t.names) > 1 and inside.issuperset(t.names)):
                level.append(t)
        named = {dot for t in level for dot in t.names}
        tips = [t for t in level if t.dot not in named]
        if len(tips) != 1:
            return step, tips
        step = tips[0]
    return None, []
