# SPDX-License-Identifier: Apache-2.0
"""Times, clocks and entries: docs/protocol.md, the sections of those names."""
import struct
from dataclasses import dataclass, field

from primitives import Refused, blake, dec, enc, is_bytes, is_uint, need, sha256


MOST = 2 ** 63 - 1


def next_time(own, wall_ms, applied):
    wall = wall_ms << 16
    if applied + 1 > wall + (600000 << 16):
        applied = 0
    return max(own + 1, wall, applied + 1)


def is_log_id(item):
    return is_bytes(item, 33) and item[32] in (0, 1)


def clock_full(clock):
    return enc([x for log in sorted(clock) for x in (log, clock[log])])


def clock_name(clock):
    return blake(enc(["corridor/clock/1", clock_full(clock)]), 64)[:8]


def clock_delta(base, clock):
    """The items of a delta from base to clock."""
    out = []
    for index, log in enumerate(sorted(base)):
        if clock[log] > base[log]:
            out += [index, clock[log] - base[log]]
    for log in sorted(set(clock) - set(base)):
        out += [log, clock[log]]
    return out


def clock_apply(base, items):
    need(isinstance(items, list) and len(items) % 2 == 0, "delta")
    logs, clock, last = sorted(base), dict(base), -1
    for name, more in zip(items[::2], items[1::2]):
        need(is_uint(more, MOST, 1), "delta size")
        if is_uint(name):
            need(not isinstance(last, bytes) and last < name < len(logs),
                 "delta order")
            clock[logs[name]] += more
            need(clock[logs[name]] <= MOST, "delta sum")
        else:
            need(is_log_id(name) and name not in base, "delta log")
            need(not isinstance(last, bytes) or last < name, "delta order")
            clock[name] = more
        last = name
    need(len(clock) <= 8192, "too many logs")
    return clock


KIND_CONTROL, KIND_CHANGE, KIND_ERASE = 0, 1, 2
HEADER_MAX, BODY_MAX = 61440, 49152
INDEX_MAX = 2 ** 32 - 1


@dataclass
class Entry:
    log: bytes
    position: int
    kind: int
    header: bytes
    body: object          # bytes, or None when absent
    body_hash: bytes
    malformed: str = ""
    time: int = 0
    clock: dict = field(default_factory=dict)   # what it counts, in full
    table: list = field(default_factory=list)   # with what this header adds
    key: object = None    # the dot that the body is sealed under
    grants: object = None # (key dot, commitment or None, class, [grant])
    seal: bytes = b""
    rank: int = 0

    @property
    def dot(self):
        return (self.log, self.position)

    @property
    def node(self):
        return self.log[:32]

    def order(self):
        return (self.rank, self.time, self.node, self.log[32], self.position)

    def counts(self, dot):
        return self.clock.get(dot[0], 0) > dot[1]

    def leaf(self):
        return (bytes([1, self.kind, 0, 0]) + sha256(self.header)
                + self.body_hash)

    def encode(self):
        body = (b"\xff\xff" + self.body_hash if self.body is None
                else struct.pack(">H", len(self.body)) + self.body)
        return bytes([self.kind]) + self.header + body


def entry_read(reader, log, position):
    kind = reader.uint(1)
    start = reader.at
    reader.item()
    header = reader.data[start:reader.at]
    need(len(header) <= HEADER_MAX, "header too long")
    size = reader.uint(2)
    if size == 0xffff:
        return Entry(log, position, kind, header, None, reader.take(32))
    need(size <= BODY_MAX, "body too long")
    body = reader.take(size)
    return Entry(log, position, kind, header, body, sha256(body))


class Author:
    """The author's table of a log, and what its entries count."""

    def __init__(self, log):
        self.log = log
        self.table = [log, log[:32] + bytes([1 - log[32]])]
        self.clock, self.seen, self.time = {}, {}, 0

    def pairs(self, items, table, counted, kinds):
        """Take in the pairs of a clock or seen; table and counted grow."""
        need(isinstance(items, list) and len(items) % 2 == 0, "pairs")
        counted, known, last = dict(counted), len(table), 0
        for name, more in zip(items[::2], items[1::2]):
            need(is_uint(more, MOST, 1), "increase")
            if is_uint(name):
                need(not isinstance(last, bytes) and last < name < known,
                     "index")
                log = table[name]
            else:
                need(is_log_id(name) and name not in table, "log named by id")
                need(not isinstance(last, bytes) or last < name, "order")
                log = name
                table.append(log)
            last = name
            need(log[32] in kinds, "kind of log")
            counted[log] = counted.get(log, 0) + more
            need(counted[log] <= MOST, "sum")
        return counted

    def dot(self, item, table, position):
        """A header's dot; None if its index is beyond the table."""
        if is_uint(item, MOST - 1):
            need(item < position, "a dot of this log from behind")
            return (self.log, item)
        need(isinstance(item, list) and len(item) == 2, "dot")
        need(is_uint(item[0], INDEX_MAX, 1), "dot's index")
        need(is_uint(item[1], MOST - 1), "dot's position")
        return name_dot(table, *item)

    def grants(self, item, table, position):
        need(isinstance(item, list) and 3 <= len(item) <= 66, "grants")
        need(is_uint(item[1], 3), "class")
        if isinstance(item[0], bytes):
            need(len(item[0]) == 32, "commitment")
            key, commitment = (self.log, position), item[0]
        else:
            key, commitment = self.dot(item[0], table, position), None
        out = []
        for grant in item[2:]:
            need(isinstance(grant, list) and len(grant) == 5
                 and is_uint(grant[0], INDEX_MAX)
                 and is_uint(grant[1], MOST - 1), "grant")
            need(grant[0] or grant[1] < position, "grant from behind")
            need(is_uint(grant[2], 1) and is_uint(grant[3], 4), "grant's mode")
            need(grant[4] is None or is_uint(grant[4]), "expiry")
            out.append((name_dot(table, *grant[:2]), *grant[2:]))
        return (key, commitment, item[1], out)

    def read(self, entry):
        """Fill in what the header says; a malformed one adds nothing."""
        try:
            self.read_header(entry)
        except Refused as refusal:
            entry.malformed = str(refusal)

    def read_header(self, entry):
        is_control = self.log[32] == 0
        items = dec(entry.header)
        need(isinstance(items, list) and len(items) == 5 + is_control, "items")
        table = list(self.table)
        clock = self.pairs(items[1], table, self.clock,
                           (0,) if is_control else (0, 1))
        seen = self.seen
        if is_control:
            seen = self.pairs(items[4], table, seen, (1,))
        grants = items[3] and self.grants(items[3], table, entry.position)
        key = items[2]
        if key is not None:
            if key == entry.position and grants and grants[1]:
                key = entry.dot
            else:
                key = self.dot(key, table, entry.position)
        need(is_uint(items[0]) and is_bytes(items[-1], 24), "time, seal")
        entry.time = self.time + items[0]
        need(is_uint(entry.time), "time")
        entry.key, entry.grants, entry.seal = key, grants, items[-1]
        entry.table = table
        entry.clock = {**clock, self.log: entry.position}
        self.table, self.clock, self.seen = table, clock, seen
        self.time = entry.time

    def write_pairs(self, table, counted, wanted):
        """The pairs that lead from counted to wanted; table grows."""
        out, known = [], list(table)
        for index, log in enumerate(known):
            more = wanted.get(log, 0) - counted.get(log, 0)
            if index and more > 0:
                out += [index, more]
        for log in sorted(set(wanted) - set(known)):
            out += [log, wanted[log]]
            table.append(log)
        return out


def name_dot(table, index, position):
    return (table[index], position) if index < len(table) else None


def body_split(grants):
    """How many bytes of a change's body are wrapped keys."""
    return sum(80 if grant[1] else 48 for grant in grants[3]) if grants else 0
