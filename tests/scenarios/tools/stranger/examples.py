# SPDX-License-Identifier: Apache-2.0
"""Compares the worked examples of docs/protocol.md with what is made
here."""
import base64
import os
import re
import struct

from changes import (compress, open_change, opening, padded_size, place,
                     record_id, seal_change, unpack_text, wrap)
from entries import (KIND_CHANGE, Entry, clock_apply, clock_delta, clock_full,
                     clock_name, next_time)
from keys import (Invitation, cert_make, cert_read, invitation_read,
                  invitation_write, office_code)
from link import BYE, CLOCK, HEAD, WANT, Handshake, frame, pad_stream
from logs import Log, batch_make, batch_take, head_text, merkle_root
from pack import packs_read
from primitives import (blake, dec, derive, enc, need, sha256, sign,
                        sign_public, x25519)
from record import Op, Record
from world import Change, Key

NODE_SEED = b"\x5e" * 32
CORRIDOR = b"\xc0" * 32
SECRETS = {"office": b"\x0f" * 32, "sign": NODE_SEED, "noise": b"\x51" * 32,
           "seal": b"\x52" * 32, "cosign": b"\x53" * 32, "clock": b"\x54" * 32}
NAMES = ["Labour section", "desk", "KH", "embassy"]
WALL = 1790000000000
MARKS = b"\xa1" * 8 + b"\xa2" * 8 + b"\xa3" * 8


def examples(page):
    out = {}
    for fence, name, text in re.findall(
            r"^```(example|text) (\S+)\n(.*?)^```", page, re.M | re.S):
        if fence == "text":
            out[name] = text.encode()
        else:
            out[name] = bytes.fromhex(re.sub("#.*", "", text))
    return out


def story(dictionaries):
    """Each example of the story, by its name."""
    out = {}
    node = sign_public(NODE_SEED)
    office = sign_public(SECRETS["office"])
    control, changes = node + b"\0", node + b"\1"
    key, secret, salt = b"\x11" * 32, b"\x33" * 32, b"\x44" * 16
    out["model/node"] = node
    out["model/derived"] = derive(key, "corridor/body/1")
    cert = cert_make(SECRETS, CORRIDOR, NAMES, WALL)
    cert_read(cert)
    out["crypto/certificate"] = cert
    out["crypto/office-code"] = office_code(office).encode()
    out["node/invitation"] = line_of(node, office)
    out["model/time"] = next_time(0, WALL, 0).to_bytes(8, "big")
    out["model/time-after"] = next_time(
        WALL << 16, WALL + 1, WALL + 5000 << 16 | 9).to_bytes(8, "big")
    base = {control: 3}
    other = b"\x22" * 32 + b"\0"
    full = {control: 5, other: 300}
    out["model/clock-base"] = clock_full(base)
    out["model/clock-name"] = clock_name(base)
    out["model/clock-full"] = clock_full(full)
    delta = clock_delta(base, full)
    out["model/clock-delta"] = enc(delta)
    need(clock_apply(base, delta) == full, "the story")
    out["model/commitment"] = commitment = blake(key)
    out["model/record"] = record = record_id(WALL, CORRIDOR, node, salt)
    change = enc([record, 3, None, salt, [[5, 0, "unpaid"]]])
    out["model/change"] = change
    out["model/change-shapes"] = enc([record, 3, [
        [1, 0, 7], [1, 0, 7, "because"], [2, 1, 7],
        [2, 2, [1, 0, 0, 1, 2, 1]], [3, 2, [1, 0, 0], 7],
        [4, 3, b"\x0f" * 32, [1, 0, 0]]]])
    out["model/frame"] = padded = compress(change, b"")
    need(unpack_text(padded, dictionaries) == change, "the story")
    zeros = padded_size(1 + len(change)) - 1 - len(change)
    out["model/plain"] = bytes([zeros]) + change + bytes(zeros)
    need(unpack_text(out["model/plain"], {}) == change, "the story")
    bare = enc([WALL << 16, [1, 3], 0,
                [commitment, 2, [1, 2, 0, 0, None]], b""])[:-1]
    where = place(CORRIDOR, (changes, 0))
    header, box = seal_change(key, where, KIND_CHANGE, bare, padded)
    out["model/header"] = header
    out["model/opening"] = opening(key, where, KIND_CHANGE, header)
    out["model/seal"] = header[-24:]
    out["model/body"] = body = wrap(secret, CORRIDOR, (control, 2), key) + box
    log = Log(changes)
    log.append(Entry(changes, 0, 1, header, body, sha256(body)))
    entry = log.entries[0]
    need(not entry.malformed, "the story's header")
    need(open_change(key, where, entry) == padded, "the story's body")
    record_story(out, entry, commitment, change)
    out["model/leaf"], out["model/leaf-hash"] = entry.leaf(), log.leaves[0]
    out["model/entry-absent"] = Entry(changes, 0, 1, header, None,
                                      sha256(body)).encode()
    out["model/header-control"] = enc([(WALL << 16) + 1, [], None, None,
                                       [1, 1], b"\x77" * 24])
    out["model/head-text"] = head_text(CORRIDOR, changes, 1, log.leaves[0])
    out["model/head-signature"] = sign(NODE_SEED, out["model/head-text"])
    out["wire/head"] = frame(
        HEAD, changes + (1).to_bytes(8, "big") + log.leaves[0] +
        out["model/head-signature"])
    vouch_story(out, changes, log.leaves[0])
    out["model/batch"] = batch_make(CORRIDOR, NODE_SEED, log, 0, 1)
    need(batch_take(CORRIDOR, {}, out["model/batch"]), "the story's batch")
    audit_story(out, changes, entry, padded)
    control_story(out, cert, node, office)
    wire_story(out, base, full)
    return out


def line_of(node, office):
    invitation = Invitation(CORRIDOR, node, x25519(SECRETS["noise"]),
                            office_code(office), b"\x55" * 32, WALL,
                            ["192.0.2.1:7443"])
    line = invitation_write(invitation)
    need(invitation_read(f" {line}\n") == invitation, "the story's line")
    return line.encode() + b"\n"


class StoryWorld:
    """What a record asks of the world: no pack, one key."""

    def __init__(self, key):
        self.corridor, self.kinds, self.voids = CORRIDOR, {}, []
        self.keys = {key.dot: key}


def record_story(out, entry, commitment, change):
    entry.rank = 4
    record, kind, _, salt, ops = dec(change)
    key = Key(entry.dot, 2, commitment, entry.node)
    op = Op(entry, 0, ops[0][0], 0, b"", ops[0][2], True)
    made = Record(StoryWorld(key), (kind, record),
                  [Change(entry, key, record, kind, [op], salt, None, 135)])
    out["model/record-state"] = made.canonical()
    out["model/record-digest"] = made.digest()


def control_story(out, cert, node, office):
    founder = cert_make(SECRETS, bytes(32), NAMES, WALL)
    founding = enc(["corridor/found/1", b"\x66" * 32, "Mekong", 1,
                    [[founder, False]]])
    out["control/corridor"] = sha256(founding)
    out["control/found"] = enc([0, founding,
                                [sign(SECRETS["office"], founding)]])
    out["control/admit"] = enc([1, cert, 6, False, None, True])
    cuts = [[node + b"\0", 3, b"\xe0" * 32], [node + b"\1", 1, b"\xe1" * 32]]
    retire = sign(SECRETS["office"], enc(["corridor/retire/1", CORRIDOR, 1,
                                          node, cuts]))
    out["control/enrol"] = enc([2, cert, [node, *cuts, retire]])
    out["control/retire"] = enc([4, 1, node, cuts, retire, 0])
    out["control/roles"] = enc([3, office, 4, []])
    box = b"\xb0" * 80
    out["control/circle"] = enc([
        5, [2, office], x25519(b"\x35" * 32), [[node, box]],
        [0, 2, blake(b"\x33" * 32),
         wrap(b"\x35" * 32, CORRIDOR, (node + b"\0", 2), b"\x33" * 32)]])
    out["control/seals"] = enc([6, 0, 2, [[node, box]]])
    out["control/pack"] = enc([7, "mekong", 1, b"\x99" * 32])
    out["control/confirm"] = enc([8, office])


def vouch_story(out, log, root):
    """Evidence against the story's log, and its head cosigned."""
    size, two = (1).to_bytes(8, "big"), (2).to_bytes(8, "big")
    leaves = [sha256(b"\0" + b"\1" * 68), sha256(b"\0" + b"\2" * 68)]
    other = merkle_root(leaves)
    out["model/evidence"] = (
        log + size + root + out["model/head-signature"] +
        two + other + sign(NODE_SEED, head_text(CORRIDOR, log, 2, other)) +
        leaves[0] + b"\1" + leaves[1])
    seconds = WALL // 1000
    said = b"cosignature/v1\ntime %d\n" % seconds + out["model/head-text"]
    out["model/cosignature"] = (
        log + b"\x22" * 32 + size + root + seconds.to_bytes(8, "big") +
        sign(b"\x63" * 32, said))


def line(data):
    return base64.b64encode(data) + b"\n"


def note(name, kind, key, text, signature):
    """A signature line, and the text before it if there is one."""
    name = name.encode()
    number = sha256(name + b"\n" + bytes([kind]) + key)[:4]
    return (text and text + b"\n") + b"\xe2\x80\x94 " + name + b" " + line(
        number + signature)


def checkpoint(log, size, root):
    text = head_text(CORRIDOR, log, size, root)
    return note(text.split(b"\n")[0].decode(), 1, log[:32], text,
                sign(NODE_SEED, text))


def audit_story(out, log, entry, padded):
    """What auditors are handed of the story."""
    own = checkpoint(log, 1, sha256(b"\0" + entry.leaf()))
    cosigned = out["model/cosignature"][105:]
    out["audit/checkpoint"] = own + note(
        f"corridor.internal/{CORRIDOR.hex()}/{'22' * 32}/cosigner", 4,
        sign_public(b"\x63" * 32), b"", cosigned)
    ones, twos = (sha256(b"\0" + bytes([n]) * 68) for n in (1, 2))
    first = sha256(b"\0" + entry.leaf())
    both = checkpoint(log, 2, merkle_root([first, twos]))
    out["audit/proof"] = (
        b"c2sp.org/tlog-proof@v1\nextra " + line(entry.leaf()) +
        b"index 0\n" + line(twos) + b"\n" + both)
    out["audit/fork"] = (
        b"corridor-fork@v1\n" + line(ones) + line(twos) + b"\n" + own +
        b"\n" + checkpoint(log, 2, merkle_root([ones, twos])))
    out["audit/request"] = b"old 1\n" + line(twos) + b"\n" + both
    out["disclosure/file"] = (
        b"corridor-disclosure@v1\nheader " + line(entry.header) +
        b"body " + line(sha256(entry.body)) +
        b"opening " + line(out["model/opening"]) +
        b"plaintext " + line(padded) +
        b"\nc2sp.org/tlog-proof@v1\nindex 0\n\n" + own)


def wire_story(out, base, full):
    other = b"\x22" * 32
    out["wire/want"] = frame(WANT, enc([True, other + b"\1"]))
    out["wire/bye"] = frame(BYE, enc([1]))
    out["wire/first"] = first = enc([1, False, None, clock_name(base),
                                     clock_delta(base, full), MARKS])
    hands = Handshake(b"\xd1" * 32, b"\xd2" * 32, other, x25519(b"\xe1" * 32),
                      b"\x55" * 32)
    message = hands.first(first)
    out["wire/message-1"] = struct.pack(">H", len(message)) + message
    out["wire/second"] = second = enc([1, True, clock_name(full), [], 3,
                                       MARKS])
    out["wire/clock"] = frame(CLOCK, enc([clock_name(full), 0,
                                          clock_name(full), [], None]))
    return hands, second


def compare(root):
    with open(os.path.join(root, "docs/protocol.md"), encoding="utf-8") as f:
        wanted = examples(f.read())
    _, dictionaries = packs_read(os.path.join(root, "sync/packs"))
    made = story(dictionaries)
    # The listener's message cannot be made by a dialler; it opens it.
    hands, second = wire_story({}, *[clock_apply({}, dec(wanted[n])) for n in
                                     ("model/clock-base", "model/clock-full")])
    payload, send, _ = hands.second(wanted["wire/message-2"][2:])
    need(payload == second, "message 2")
    made["wire/message-2"] = wanted["wire/message-2"]
    third = send.seal(pad_stream(made["wire/clock"])[0])
    made["wire/message-3"] = struct.pack(">H", len(third)) + third
    bad = 0
    for name, value in wanted.items():
        if made.get(name) != value:
            print("not so:", name, made[name].hex() if name in made else "")
            bad += 1
    print(f"{len(wanted) - bad} of {len(wanted)} examples agree")
    return 1 if bad or not wanted else 0
