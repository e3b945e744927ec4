# SPDX-License-Identifier: Apache-2.0
"""libsodium, libzstd and deterministic CBOR: docs/protocol.md, "Hashes and
derivations"."""
import ctypes
import ctypes.util
import hashlib
import sys


class Refused(Exception):
    """Bytes of others that break a rule of the pages."""


def need(claim, what):
    if not claim:
        raise Refused(what)


def library(name):
    found = ctypes.util.find_library(name)
    if not found:
        sys.exit(f"stranger: lib{name} is not here")
    return ctypes.CDLL(found)


SODIUM = library("sodium")
ZSTD = library("zstd")
SODIUM.sodium_init()
for function in ("ZSTD_createCCtx", "ZSTD_createDCtx"):
    getattr(ZSTD, function).restype = ctypes.c_void_p
for function in ("ZSTD_compress_usingDict", "ZSTD_decompress_usingDict",
                 "ZSTD_findFrameCompressedSize", "ZSTD_compressBound"):
    getattr(ZSTD, function).restype = ctypes.c_size_t
CCTX = ctypes.c_void_p(ZSTD.ZSTD_createCCtx())
DCTX = ctypes.c_void_p(ZSTD.ZSTD_createDCtx())
u64 = ctypes.c_ulonglong


def sign_public(seed):
    public, secret = (ctypes.create_string_buffer(n) for n in (32, 64))
    SODIUM.crypto_sign_seed_keypair(public, secret, seed)
    return public.raw


def sign(seed, message):
    public, secret, out = (ctypes.create_string_buffer(n) for n in (32, 64, 64))
    SODIUM.crypto_sign_seed_keypair(public, secret, seed)
    SODIUM.crypto_sign_detached(out, None, message, u64(len(message)), secret)
    return out.raw


def verify(public, message, signature):
    return len(signature) == 64 and SODIUM.crypto_sign_verify_detached(
        signature, message, u64(len(message)), public) == 0


def x25519(secret, public=None):
    out = ctypes.create_string_buffer(32)
    if public is None:
        SODIUM.crypto_scalarmult_base(out, secret)
    else:
        need(SODIUM.crypto_scalarmult(out, secret, public) == 0, "small order")
    return out.raw


def aead(name, key, nonce, text, ad):
    out = ctypes.create_string_buffer(len(text) + 16)
    getattr(SODIUM, f"crypto_aead_{name}_ietf_encrypt")(
        out, None, text, u64(len(text)), ad, u64(len(ad)), None, nonce, key)
    return out.raw


def aead_open(name, key, nonce, box, ad):
    need(len(box) >= 16, "short box")
    out = ctypes.create_string_buffer(max(1, len(box) - 16))
    bad = getattr(SODIUM, f"crypto_aead_{name}_ietf_decrypt")(
        out, None, None, box, u64(len(box)), ad, u64(len(ad)), nonce, key)
    need(bad == 0, "box does not open")
    return out.raw[:len(box) - 16]


def box_seal(public, text):
    out = ctypes.create_string_buffer(len(text) + 48)
    SODIUM.crypto_box_seal(out, text, u64(len(text)), public)
    return out.raw


def box_open(secret, box):
    need(len(box) >= 48, "short box")
    out = ctypes.create_string_buffer(len(box) - 48)
    bad = SODIUM.crypto_box_seal_open(out, box, u64(len(box)), x25519(secret),
                                      secret)
    need(bad == 0, "box does not open")
    return out.raw


def sha256(data):
    return hashlib.sha256(data).digest()


def blake(data, size=32, key=b""):
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


def head(major, n):
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


def enc(item):
    if item is None or item is True or item is False:
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[item]
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, dict):
        pairs = sorted((enc(k), enc(v)) for k, v in item.items())
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    return head(4, len(item)) + b"".join(map(enc, item))


class Reader:
    """Reads bytes from a start to an end."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, n):
        need(n <= len(self.data) - self.at, "truncated")
        self.at += n
        return self.data[self.at - n:self.at]

    def uint(self, n):
        return int.from_bytes(self.take(n), "big")

    def item(self, depth=0):
        need(depth <= 16, "nested too deep")
        first = self.uint(1)
        major, n = first >> 5, first & 31
        if major == 7:
            need(first in (0xf4, 0xf5, 0xf6), "simple value")
            return {0xf4: False, 0xf5: True, 0xf6: None}[first]
        if n >= 24:
            need(n <= 27, "indefinite")
            size = 1 << n - 24
            n = self.uint(size)
            need(n >= (24 if size == 1 else 1 << 4 * size), "long head")
        if major == 0:
            return n
        if major == 1:
            return -1 - n
        if major == 2:
            return self.take(n)
        if major == 3:
            try:
                return self.take(n).decode()
            except UnicodeDecodeError:
                raise Refused("not UTF-8") from None
        need(n <= len(self.data) - self.at, "count beyond the end")
        if major == 4:
            return [self.item(depth + 1) for _ in range(n)]
        need(major == 5, "tag")
        out, last = {}, b""
        for _ in range(n):
            start = self.at
            key = self.item(depth + 1)
            raw = self.data[start:self.at]
            need(raw > last, "map order")
            last = raw
            out[key] = self.item(depth + 1)
        return out

    def end(self):
        need(self.at == len(self.data), "something after the end")


def dec(data):
    reader = Reader(data)
    item = reader.item()
    reader.end()
    return item


def is_uint(item, most=2 ** 64 - 1, least=0):
    return type(item) is int and least <= item <= most


def is_bytes(item, size):
    return isinstance(item, bytes) and len(item) == size


def derive(key, *item):
    return blake(enc(list(item)), key=key)
