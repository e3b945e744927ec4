# SPDX-License-Identifier: Apache-2.0
"""Certificates, office codes, invitations: docs/protocol.md, "Keys"."""
import re
from dataclasses import dataclass

from primitives import (dec, enc, is_bytes, is_uint, need, sha256, sign,
                        sign_public, verify, x25519)


@dataclass(frozen=True)
class Cert:
    corridor: bytes
    office: bytes
    sign: bytes
    noise: bytes
    seal: bytes
    cosign: bytes
    clock: bytes
    office_name: str
    node_name: str
    country: str
    type: str
    time: int
    raw: bytes = b""


CERT_LABEL = "corridor/certificate/1"
NAME = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e"
                  "\u2066-\u2069]+")


def cert_make(secrets, corridor, names, now_ms):
    body = enc([CERT_LABEL, corridor, sign_public(secrets["office"]),
                sign_public(secrets["sign"]), x25519(secrets["noise"]),
                x25519(secrets["seal"]), sign_public(secrets["cosign"]),
                sign_public(secrets["clock"]), *names, now_ms])
    return enc([body, sign(secrets["office"], body),
                sign(secrets["sign"], body)])


def cert_read(raw):
    need(len(raw) <= 1024, "certificate too long")
    outer = dec(raw)
    need(isinstance(outer, list) and len(outer) == 3, "certificate")
    body = dec(outer[0])
    need(isinstance(body, list) and len(body) == 13 and body[0] == CERT_LABEL
         and all(is_bytes(b, 32) for b in body[1:8])
         and all(isinstance(t, str) for t in body[8:12])
         and is_uint(body[12]), "certificate body")
    need(all(NAME.fullmatch(t) and len(t.encode()) <= 128
             for t in body[8:10]), "certificate names")
    need(re.fullmatch("([A-Z]{2})?", body[10]), "country")
    need(re.fullmatch("[a-z_]{0,32}", body[11]), "type")
    need(len(set(body[2:8])) == 6, "equal keys")
    for point in body[4:6]:
        x25519(b"\x01" * 32, point)
    need(verify(body[2], outer[0], outer[1])
         and verify(body[3], outer[0], outer[2]), "certificate signatures")
    return Cert(*body[1:], raw=raw)


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(data, count):
    bits = int.from_bytes(data, "big") << 5
    length = 8 * len(data) + 5
    return "".join(ALPHABET[bits >> (length - 5 * i - 5) & 31]
                   for i in range(count))


def code_check(text):
    return base32(sha256(enc(["corridor/code-check/1", text])), 4)


def office_code(office):
    text = base32(sha256(enc(["corridor/office-code/1", office])), 20)
    text += code_check(text)
    return "-".join(text[i:i + 4] for i in range(0, 24, 4))


@dataclass
class Invitation:
    corridor: bytes
    node: bytes
    noise: bytes
    code: str
    secret: bytes
    expires: int
    addresses: list


INVITE = "corridor-invite-1:"


def invitation_write(invitation):
    raw = enc(["corridor/invite/1", *vars(invitation).values()])
    text = base32(raw, (8 * len(raw) + 4) // 5)
    return INVITE + text + code_check(text)


def invitation_read(line):
    line = line.strip()
    need(line.startswith(INVITE), "no invitation")
    text = line[len(INVITE):].upper()
    text, check = text[:-4], text[-4:]
    need(text and set(text) <= set(ALPHABET), "invitation letters")
    need(code_check(text) == check, "invitation check")
    bits = 0
    for letter in text:
        bits = bits << 5 | ALPHABET.index(letter)
    spare = 5 * len(text) % 8
    need(spare < 5 and bits & (1 << spare) - 1 == 0, "invitation bits")
    body = dec((bits >> spare).to_bytes(5 * len(text) // 8, "big"))
    need(isinstance(body, list) and len(body) == 8
         and body[0] == "corridor/invite/1" and isinstance(body[4], str)
         and all(is_bytes(body[i], 32) for i in (1, 2, 3, 5))
         and is_uint(body[6]) and isinstance(body[7], list)
         and len(body[7]) <= 8
         and all(isinstance(a, str) and len(a.encode()) <= 256
                 for a in body[7]), "invitation body")
    return Invitation(*body[1:])
