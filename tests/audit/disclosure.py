#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""disclosure.py FILE LEAF PROOF: open a disclosure by docs/protocol.md alone.

Check that the header's seal commits to the plaintext, with nothing of
corridor's, and write the leaf and the proof that it stands in the log, for
another program to verify. The exit status is 1 if the seal does not hold.
"""
import base64
import hashlib
import sys


def head(major, value):
    """The head of a CBOR item."""
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | extra]) + value.to_bytes(size, "big")
    raise ValueError(value)


def seal_of(opening, origin, position, padded):
    """The seal of docs/protocol.md, "Sealing"."""
    _, corridor, node, kind = origin.split("/")
    label = b"corridor/seal/1"
    item = head(4, 7) + head(3, len(label)) + label
    for fixed in (opening, bytes.fromhex(corridor), bytes.fromhex(node)):
        item += head(2, len(fixed)) + fixed
    item += head(0, ["control", "changes"].index(kind)) + head(0, position)
    item += head(2, len(padded)) + padded
    return hashlib.blake2b(item).digest()[:24]


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        text, proof = file.read().split("\n\n", 1)
    lines = text.split("\n")
    assert lines[0] == "corridor-disclosure@v1" and len(lines) == 5
    values = []
    for line, name in zip(lines[1:], ("header", "body", "opening", "plaintext")):
        word, value = line.split(" ")
        assert word == name
        values.append(base64.b64decode(value, validate=True))
    header, body_hash, opening, padded = values
    leaf = b"\1\1\0\0" + hashlib.sha256(header).digest() + body_hash
    position = int(proof.split("\n")[1].split(" ")[1])
    origin = proof.split("\n\n", 1)[1].split("\n")[0]
    if seal_of(opening, origin, position, padded) != header[-24:]:
        sys.exit("the seal is of another plaintext")
    with open(sys.argv[2], "wb") as file:
        file.write(leaf)
    with open(sys.argv[3], "w", encoding="utf-8", newline="") as file:
        file.write(proof)
    print("the seal holds")


main()
