# SPDX-License-Identifier: Apache-2.0
"""Record ids, the codec, seals and wraps: docs/protocol.md, "Changes" and
"Sealing"."""
import ctypes

from entries import body_split
from primitives import (CCTX, DCTX, ZSTD, Reader, aead, aead_open, blake,
                        derive, enc, need)


def record_id(ms, corridor, node, salt):
    return ms.to_bytes(6, "big") + blake(
        enc(["corridor/record/1", corridor, node, salt]))[:10]


def padded_size(s):
    if s <= 256:
        return max(32, (s + 31) // 32 * 32)
    e = s.bit_length() - 1
    step = 1 << e - e.bit_length()
    return (s + step - 1) // step * step


MAGIC = bytes.fromhex("28b52ffd")
CONTENT_MAX = 262144


def pad(data):
    return data + bytes(padded_size(len(data)) - len(data))


def compress(text, dictionary):
    out = ctypes.create_string_buffer(ZSTD.ZSTD_compressBound(
        ctypes.c_size_t(len(text))))
    n = ZSTD.ZSTD_compress_usingDict(
        CCTX, out, ctypes.c_size_t(len(out)), text, ctypes.c_size_t(len(text)),
        dictionary, ctypes.c_size_t(len(dictionary)), 1)
    return pad(out.raw[4:n])


def pack_text(text, dictionary):
    """The padded form of a plaintext: the shorter of the two."""
    frame = compress(text, dictionary)
    zeros = padded_size(1 + len(text)) - 1 - len(text)
    plain = bytes([zeros & 31]) + text + bytes(zeros)
    return plain if len(plain) <= min(256, len(frame)) else frame


def frame_header(padded):
    """Check a frame's header; (dictionary's number, content size)."""
    r = Reader(padded)
    first = r.uint(1)
    need(first & 0x3c == 0x20, "frame's descriptor")
    number = int.from_bytes(r.take((0, 1, 2, 4)[first & 3]), "little")
    need(number >> (0, 0, 8, 16)[first & 3] or not first & 3, "long number")
    size = int.from_bytes(r.take((1, 2, 4, 8)[first >> 6]), "little")
    size += 256 if first >> 6 == 1 else 0
    need(first >> 6 < 2 or size >= 65792, "long size")
    need(size <= CONTENT_MAX, "content too long")
    return number, size


def unpack_text(padded, dictionaries):
    need(padded and len(padded) == padded_size(len(padded)), "padded size")
    if not padded[0] & 0x20:
        zeros = padded[0]
        need(zeros < 32 and len(padded) <= 256 and 1 + zeros <= len(padded)
             and padded.endswith(bytes(zeros)), "plain form")
        return padded[1:len(padded) - zeros]
    number, size = frame_header(padded)
    need(number in dictionaries, "no such dictionary")
    framed = MAGIC + padded
    n = ZSTD.ZSTD_findFrameCompressedSize(framed, ctypes.c_size_t(len(framed)))
    need(n <= len(framed) and not any(framed[n:])
         and padded_size(n - 4) == len(padded), "frame's end")
    out = ctypes.create_string_buffer(size + 1)
    known = dictionaries[number]
    got = ZSTD.ZSTD_decompress_usingDict(
        DCTX, out, ctypes.c_size_t(size), framed, ctypes.c_size_t(n), known,
        ctypes.c_size_t(len(known)))
    need(got == size, "frame")
    return out.raw[:size]


def place(corridor, dot):
    return [corridor, dot[0][:32], dot[0][32], dot[1]]


def opening(key, where, kind, header):
    return derive(derive(key, "corridor/blind/1"), "corridor/open/1", *where,
                  kind, header[:-26])


def seal_of(r, where, padded):
    return blake(enc(["corridor/seal/1", r, *where, padded]), 64)[:24]


def seal_change(key, where, kind, bare, padded):
    """(header, ciphertext) of a header without its seal and a plaintext."""
    seal = seal_of(opening(key, where, kind, bare + bytes(26)), where, padded)
    whole = bare + enc(seal)
    ad = enc(["corridor/ad/1", *where, kind, whole])
    return whole, aead("xchacha20poly1305", derive(key, "corridor/body/1"),
                       seal, padded, ad)


def open_change(key, where, entry):
    ad = enc(["corridor/ad/1", *where, entry.kind, entry.header])
    padded = aead_open("xchacha20poly1305", derive(key, "corridor/body/1"),
                       entry.seal, entry.body[body_split(entry.grants):], ad)
    r = opening(key, where, entry.kind, entry.header)
    need(seal_of(r, where, padded) == entry.seal, "seal")
    return padded


def wrap_ad(corridor, dot, commitment):
    return enc(["corridor/wrap/1", *place(corridor, dot), commitment])


def wrap(secret, corridor, dot, key):
    commitment = blake(key)
    return aead("xchacha20poly1305", derive(secret, "corridor/wrap/1"),
                commitment[:24], key, wrap_ad(corridor, dot, commitment))


def unwrap(secret, corridor, dot, commitment, wrapped):
    key = aead_open("xchacha20poly1305", derive(secret, "corridor/wrap/1"),
                    commitment[:24], wrapped,
                    wrap_ad(corridor, dot, commitment))
    need(blake(key) == commitment, "commitment")
    return key
