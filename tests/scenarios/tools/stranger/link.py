# SPDX-License-Identifier: Apache-2.0
"""Noise, padding, frames: docs/protocol.md, "Link" and "Frames"."""
import hmac
import struct

from primitives import aead, aead_open, need, sha256, x25519


def hkdf(ck, data, count):
    secret, out, last = hmac.digest(ck, data, "sha256"), [], b""
    for i in range(1, count + 1):
        last = hmac.digest(secret, last + bytes([i]), "sha256")
        out.append(last)
    return out


class Cipher:
    def __init__(self, key):
        self.key, self.n = key, 0

    def nonce(self, n):
        return bytes(4) + n.to_bytes(8, "little")

    def next(self):
        """The nonce of this message; a new key after every 4096."""
        if self.n and self.n % 4096 == 0:
            self.key = aead("chacha20poly1305", self.key,
                            self.nonce(2 ** 64 - 1), bytes(32), b"")[:32]
        self.n += 1
        return self.nonce(self.n - 1)

    def seal(self, text, ad=b""):
        nonce = self.next()
        return aead("chacha20poly1305", self.key, nonce, text, ad)

    def open(self, box, ad=b""):
        nonce = self.next()
        return aead_open("chacha20poly1305", self.key, nonce, box, ad)


NOISE = b"Noise_IKpsk0_25519_ChaChaPoly_SHA256"


class Handshake:
    """The dialler's side; what is mixed in stands in the order of Noise."""

    def __init__(self, static, ephemeral, listener_node, listener_noise, psk):
        self.s, self.e, self.rs, self.psk = (static, ephemeral,
                                             listener_noise, psk)
        self.h = self.ck = sha256(NOISE)
        self.cipher = None
        self.mix_hash(b"corridor/1" + listener_node)
        self.mix_hash(listener_noise)

    def mix_hash(self, data):
        self.h = sha256(self.h + data)

    def mix_key(self, data):
        self.ck, key = hkdf(self.ck, data, 2)
        self.cipher = Cipher(key)

    def mix_psk(self):
        self.ck, data, key = hkdf(self.ck, self.psk, 3)
        self.mix_hash(data)
        self.cipher = Cipher(key)

    def seal(self, text):
        box = self.cipher.seal(text, self.h)
        self.mix_hash(box)
        return box

    def open(self, box):
        text = self.cipher.open(box, self.h)
        self.mix_hash(box)
        return text

    def first(self, payload):
        public = x25519(self.e)
        self.mix_psk()
        self.mix_hash(public)
        self.mix_key(public)
        self.mix_key(x25519(self.e, self.rs))
        static = self.seal(x25519(self.s))
        self.mix_key(x25519(self.s, self.rs))
        return public + static + self.seal(pad_first(payload))

    def second(self, message):
        public = message[:32]
        self.mix_hash(public)
        self.mix_key(public)
        self.mix_key(x25519(self.e, public))
        self.mix_key(x25519(self.s, public))
        payload = unpad(self.open(message[32:]), HANDSHAKE_SIZES)
        send, receive = hkdf(self.ck, b"", 2)
        return payload, Cipher(send), Cipher(receive)


SIZES = [240, 496, 1008, 2032, 4080, 8176, 16368, 32752, 65519]
HANDSHAKE_SIZES = [112] + SIZES[:-1]


def pad_to(data, size):
    return struct.pack(">H", len(data)) + data + bytes(size - 2 - len(data))


def unpad(text, sizes):
    need(len(text) in sizes, "padded size")
    used = int.from_bytes(text[:2], "big")
    need(used <= len(text) - 2 and not any(text[2 + used:]), "padding")
    return text[2:2 + used]


def pad_first(payload):
    return pad_to(payload, min(s for s in HANDSHAKE_SIZES
                               if s - 2 >= len(payload)))


def pad_stream(data):
    """Cut data into padded texts of messages."""
    out = []
    while data:
        fits = [s for s in SIZES if s - 2 >= len(data)]
        size = fits[0] if fits else SIZES[-1]
        if size - 2 - len(data) > len(data) // 8 and size != SIZES[0]:
            size = max(s for s in SIZES if s - 2 <= len(data))
        out.append(pad_to(data[:size - 2], size))
        data = data[size - 2:]
    return out


(CLOCK, ENTRIES, WANT, JOIN, LEVEL, PING, PONG, BYE, HEAD, FORK,
 VOUCH) = range(1, 12)
FRAME_MAX = {CLOCK: 524352, ENTRIES: 1212416, WANT: 294912, JOIN: 1024,
             LEVEL: 16, PING: 0, PONG: 0, BYE: 16, HEAD: 137, FORK: 2354,
             VOUCH: 177}


def frame(kind, payload=b""):
    return bytes([kind]) + len(payload).to_bytes(3, "big") + payload
