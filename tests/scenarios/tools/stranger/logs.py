# SPDX-License-Identifier: Apache-2.0
"""Merkle trees, heads and batches: docs/protocol.md, "Logs" to "Batches"."""
import base64
import struct
from dataclasses import dataclass, field

from entries import MOST, Author, entry_read, is_log_id
from primitives import Reader, need, sha256, sign, verify


EMPTY = sha256(b"")


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def split_at(n):
    return 1 << (n - 1).bit_length() - 1


def merkle_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    k = split_at(len(leaves))
    return node_hash(merkle_root(leaves[:k]), merkle_root(leaves[k:]))


def merkle_proof(m, leaves, whole=True):
    """PROOF(m, n) of RFC 6962, section 2.1.2."""
    n = len(leaves)
    if m == 0 or m == n:
        return [] if whole else [merkle_root(leaves)]
    k = split_at(n)
    if m <= k:
        return merkle_proof(m, leaves[:k], whole) + [merkle_root(leaves[k:])]
    return (merkle_proof(m - k, leaves[k:], False)
            + [merkle_root(leaves[:k])])


def merkle_check(m, n, old, new, proof):
    """Does PROOF(m, n) lead from root old to root new? RFC 9162, 2.1.4.2."""
    if m == 0 or m == n:
        return not proof and (m == 0 or old == new)
    path = list(proof) if m & (m - 1) else [old] + list(proof)
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return False
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old and sr == new


def head_text(corridor, log, size, root):
    kind = ("control", "changes")[log[32]]
    return (f"corridor.internal/{corridor.hex()}/{log[:32].hex()}/{kind}\n"
            f"{size}\n{base64.b64encode(root).decode()}\n").encode()


@dataclass
class Log:
    id: bytes
    entries: list = field(default_factory=list)
    leaves: list = field(default_factory=list)
    author: object = None

    def __post_init__(self):
        self.author = Author(self.id)

    def append(self, entry):
        self.author.read(entry)
        self.entries.append(entry)
        self.leaves.append(sha256(b"\x00" + entry.leaf()))


def batch_make(corridor, seed, log, first, count):
    n = len(log.leaves)
    root = merkle_root(log.leaves)
    proof = merkle_proof(first + count, log.leaves)
    return (log.id + struct.pack(">QHQ", first, count, n) + root
            + sign(seed, head_text(corridor, log.id, n, root))
            + bytes([len(proof)]) + b"".join(proof)
            + b"".join(e.encode() for e in log.entries[first:first + count]))


def batch_take(corridor, logs, payload):
    """Verify a batch and append its entries; False if it does not fit on."""
    need(len(payload) <= 1212416, "batch too long")
    r = Reader(payload)
    log_id = r.take(33)
    first, count, n = r.uint(8), r.uint(2), r.uint(8)
    root, signature = r.take(32), r.take(64)
    hashes = r.uint(1)
    need(is_log_id(log_id) and 1 <= count <= 256 and hashes <= 65
         and first + count <= n <= MOST, "batch")
    proof = [r.take(32) for _ in range(hashes)]
    entries = [entry_read(r, log_id, first + i) for i in range(count)]
    r.end()
    log = logs.get(log_id) or Log(log_id)
    if first != len(log.entries):
        return False
    need(verify(log_id[:32], head_text(corridor, log_id, n, root), signature),
         "head's signature")
    leaves = log.leaves + [sha256(b"\x00" + e.leaf()) for e in entries]
    need(merkle_check(len(leaves), n, merkle_root(leaves), root, proof),
         "proof")
    for entry in entries:
        log.append(entry)
    logs[log_id] = log
    return True
