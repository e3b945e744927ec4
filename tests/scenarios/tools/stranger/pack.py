# SPDX-License-Identifier: Apache-2.0
"""Packs and values: docs/schema.md."""
import base64
import os
import re
from dataclasses import dataclass, field

from entries import MOST
from primitives import is_bytes, is_uint


CLASSES = ["public", "members", "case", "sealed"]
SHORT = re.compile("[^\x00-\x1f\x7f-\x9f]{1,512}")
TEXT = re.compile("[^\x00-\x08\x0b-\x1f\x7f-\x9f]{1,16368}")
CODE = re.compile("[A-Za-z0-9_.-]{1,32}")
LANG = re.compile("[A-Za-z0-9-]{2,24}")
NULLABLE = ("review", "latest", "authority")


@dataclass
class Field:
    name: str
    type: str
    rule: str
    klass: int


@dataclass
class Kind:
    name: str
    klass: int
    fields: dict = field(default_factory=dict)


def pack_read(text):
    kinds = {}
    for line in text.split("\n"):
        words = re.findall(r'"[^"]*"|[^ "]+', line)
        if words[:1] == ["kind"]:
            kind = Kind(words[2], CLASSES.index(words[3]))
            kinds[int(words[1])] = kind
        elif words[:1] == ["field"]:
            own = [CLASSES.index(w) for w in words[5:] if w in CLASSES]
            kind.fields[int(words[1])] = Field(
                words[2], words[3].split("<")[0], words[4],
                (own or [kind.klass])[0])
    return kinds


def text_fits(pattern, most):
    return lambda v: (isinstance(v, str) and bool(pattern.fullmatch(v))
                      and len(v.encode()) <= most)


def may(fits):
    return lambda v: v is None or fits(v)


def row(*parts):
    return lambda v: (isinstance(v, list) and len(v) == len(parts)
                      and all(p(x) for p, x in zip(parts, v)))


def ascending(fits):
    return lambda v: (isinstance(v, list) and len(v) <= 256
                      and all(map(fits, v))
                      and all(a < b for a, b in zip(v, v[1:])))


def some(fits):
    return lambda v: fits(v) and any(x is not None for x in v)


SHORT_FITS, TEXT_FITS = text_fits(SHORT, 512), text_fits(TEXT, 16368)
CODE_FITS, LANG_FITS = text_fits(CODE, 32), text_fits(LANG, 24)
B16 = lambda v: is_bytes(v, 16)
B32 = lambda v: is_bytes(v, 32)
INT64 = lambda v: type(v) is int and -2 ** 63 <= v < 2 ** 63


def date_fits(v):
    if not (isinstance(v, list) and 3 <= len(v) <= 5 and is_uint(v[0], 4)
            and may(SHORT_FITS)(v[1]) and is_uint(v[2], 9999, 1)):
        return False
    days = [31, 29 if v[2] % 4 == 0 and (v[2] % 100 or v[2] % 400 == 0)
            else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if len(v) > 3 and not is_uint(v[3], 12, 1):
        return False
    if len(v) > 4 and not is_uint(v[4], days[v[3] - 1], 1):
        return False
    iso = "-".join(["%04d" % v[2]] + ["%02d" % part for part in v[3:]])
    return (v[1] is None) == (v[0] == 0) if v[1] is None or v[0] else (
        v[1] != iso)


def phone_fits(v):
    return (row(SHORT_FITS, may(CODE_FITS), may(CODE_FITS),
                may(SHORT_FITS))(v) and v[3] != v[0]
            and bool(v[1] or re.fullmatch(r"\+?[0-9]{3,15}", v[0])))


MONEY = row(INT64, text_fits(re.compile("[A-Z]{3}"), 3),
            lambda v: is_uint(v, 4))
EMPTY_OR = lambda v: v == "" or SHORT_FITS(v)
WORDS = row(TEXT_FITS, may(LANG_FITS))
TYPES = {
    "id": B16, "ref": B16, "office": B32, "offices": ascending(B32),
    "code": CODE_FITS, "state": CODE_FITS, "codes": ascending(CODE_FITS),
    "tx": WORDS, "dt": date_fits, "ph": phone_fits, "mon": MONEY, "n": INT64,
    "lm": lambda v: (isinstance(v, dict) and 1 <= len(v) <= 256
                     and all(map(LANG_FITS, v))
                     and all(map(TEXT_FITS, v.values()))),
    "tr": row(LANG_FITS, lambda v: is_uint(v, 65535, 1), may(SHORT_FITS),
              TEXT_FITS),
    "ts": lambda v: is_uint(v, MOST),
    "pl": row(CODE_FITS, may(CODE_FITS), may(SHORT_FITS)),
    "nm": row(SHORT_FITS, may(CODE_FITS), may(CODE_FITS)),
    "idn": lambda v: (row(CODE_FITS, may(CODE_FITS), SHORT_FITS,
                          may(SHORT_FITS))(v) and v[3] != v[2]),
    "kn": lambda v: (row(CODE_FITS, may(B16), may(SHORT_FITS))(v)
                     and any(v[1:])),
    "b": lambda v: isinstance(v, bool),
    "bl": row(B32, B32, lambda v: is_uint(v, MOST), SHORT_FITS, CODE_FITS,
              may(SHORT_FITS)),
    "le": row(CODE_FITS, EMPTY_OR, EMPTY_OR, MONEY, may(date_fits),
              may(WORDS)),
    "ev": row(may(date_fits), CODE_FITS, may(WORDS)),
    "period": some(row(may(date_fits), may(date_fits), may(SHORT_FITS))),
    "fields": ascending(lambda v: is_uint(v, 2 ** 32 - 1, 65537)
                        and v & 65535),
}


def packs_read(folder):
    """The kinds of the pack, and the dictionaries by their numbers."""
    with open(os.path.join(folder, "mekong.pack"), encoding="utf-8") as f:
        kinds = pack_read(f.read())
    with open(os.path.join(folder, "mekong-1.dict.b64"), "rb") as f:
        return kinds, {0: b"", 1: base64.b64decode(f.read())}
