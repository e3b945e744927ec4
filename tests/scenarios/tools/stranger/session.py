# SPDX-License-Identifier: Apache-2.0
"""A session as the dialler: docs/protocol.md, "Session"."""
import os
import socket
import struct
import time

from entries import clock_apply, clock_delta, clock_name
from link import (BYE, CLOCK, ENTRIES, FRAME_MAX, JOIN, LEVEL, PING, PONG,
                  SIZES, Handshake, frame, pad_stream, unpad)
from logs import batch_make, batch_take
from primitives import dec, enc, is_uint, need


def is_marks(item):
    return item is None or (isinstance(item, bytes) and len(item) == 24)


class Session:
    """A connection to a listener, from message 1 to bye."""

    def __init__(self, peer, address, listener, psk, join=False):
        self.peer, self.join = peer, join
        self.buffer, self.level, self.bye = b"", 0, None
        self.told, self.theirs, self.held = {}, None, dict(peer.held)
        self.theirs_name, self.taken, self.sent, self.said = None, 0, {}, {}
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host.strip("[]"), int(port)),
                                               20)
        self.handshake(listener, psk)
        if join:
            self.send(frame(JOIN, peer.cert))
        else:
            self.tell()

    def handshake(self, listener, psk):
        """Messages 1 and 2; a base only where the last session left one."""
        hands = Handshake(self.peer.secrets["noise"], os.urandom(32),
                          *listener, psk)
        clock = {} if self.join else self.peer.clock()
        base = None if self.join else self.peer.confirmed
        self.write(hands.first(enc([
            1, self.join, None if base else self.peer.cert,
            base and clock_name(base), clock_delta(base or {}, clock),
            None])))
        payload, self.tx, self.rx = hands.second(self.read())
        second = dec(payload)
        need(isinstance(second, list) and len(second) == 6 and second[0] == 1
             and isinstance(second[1], bool) and is_uint(second[4])
             and is_marks(second[5]),
             "message 2")
        self.told = clock if second[1] else None
        if second[3] is not None:
            self.hear(second[2], second[3])
        self.level = second[4]

    def write(self, message):
        self.socket.sendall(struct.pack(">H", len(message)) + message)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            need(more, "the stream was cut")
            data += more
        return data

    def read(self):
        return self.exactly(struct.unpack(">H", self.exactly(2))[0])

    def send(self, data):
        for text in pad_stream(data):
            self.write(self.tx.seal(text))

    def hear(self, base, delta):
        """Take in what the peer tells of its clock."""
        if base is not None and base not in self.held:
            self.theirs_name = None
            return
        self.theirs = clock_apply(self.held[base] if base else {}, delta)
        self.theirs_name = clock_name(self.theirs)
        self.held[self.theirs_name] = self.theirs

    def tell(self):
        """A clock frame."""
        clock = self.peer.clock()
        base = None if self.told is None else clock_name(self.told)
        self.send(frame(CLOCK, enc([self.theirs_name, self.taken, base,
                                    clock_delta(self.told or {}, clock),
                                    None])))
        self.told = clock
        self.said[clock_name(clock)] = clock
        if self.theirs_name:
            self.peer.held = {self.theirs_name: self.theirs}

    def push(self):
        """Send what the peer lacks of our own logs."""
        for log_id in (self.peer.control, self.peer.changes):
            log = self.peer.logs.get(log_id)
            size = len(log.entries) if log else 0
            start = max(self.theirs.get(log_id, 0), self.sent.get(log_id, 0))
            while start < size:
                count = min(16, size - start)
                self.send(frame(ENTRIES, batch_make(
                    self.peer.corridor, self.peer.secrets["sign"], log, start,
                    count)))
                start += count
                self.sent[log_id] = start
        self.tell()

    def frames(self, limit_s):
        """Frames, until there is nothing for a while."""
        self.socket.settimeout(limit_s)
        while True:
            while len(self.buffer) >= 4:
                size = int.from_bytes(self.buffer[1:4], "big")
                need(size <= FRAME_MAX.get(self.buffer[0], 65536), "frame")
                if len(self.buffer) < 4 + size:
                    break
                kind, payload = self.buffer[0], self.buffer[4:4 + size]
                self.buffer = self.buffer[4 + size:]
                yield kind, payload
            self.buffer += unpad(self.rx.open(self.read()), SIZES)

    def until(self, done, what, limit_s=90):
        """Read frames until a condition holds."""
        end = time.monotonic() + limit_s
        frames = self.frames(limit_s)
        while not done():
            need(self.bye is None, f"bye {self.bye} before {what}")
            need(time.monotonic() < end, f"no end of waiting for {what}")
            self.take(*next(frames))

    def take(self, kind, payload):
        if kind == CLOCK:
            heard, _, base, delta, marks = dec(payload)
            need(is_marks(marks), "marks")
            self.hear(base, delta)
            if heard is None:
                self.told = None
            self.peer.confirmed = self.said.get(heard, self.peer.confirmed)
        elif kind == ENTRIES:
            batch_take(self.peer.corridor, self.peer.logs, payload)
            self.taken += 1
            self.tell()
        elif kind == LEVEL:
            self.level = dec(payload)[0]
        elif kind == PING:
            self.send(frame(PONG))
        elif kind == BYE:
            self.bye = dec(payload)[0]

    def fetched(self):
        mine = self.peer.clock()
        return self.theirs is not None and all(
            mine.get(log, 0) >= n for log, n in self.theirs.items())

    def pushed(self):
        mine = self.peer.clock()
        return self.theirs is not None and all(
            self.theirs.get(log, 0) >= n for log, n in mine.items())

    def close(self):
        self.send(frame(BYE, enc([0])))
        self.socket.close()
