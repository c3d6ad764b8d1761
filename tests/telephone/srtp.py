"""SRTP with AES_CM_128_HMAC_SHA1_80 (RFC 3711), as far as one stream of a short call needs it."""

import base64
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TAG = 10


def _stream(key, counter, length):
    cipher = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
    return cipher.update(bytes(length))


class Srtp:
    """One direction."""

    def __init__(self, inline):
        material = base64.b64decode(inline.split("|")[0])
        master, salt = material[:16], material[16:30]

        def derived(label, length):
            counter = bytearray(salt + b"\0\0")
            counter[7] ^= label
            return _stream(master, bytes(counter), length)

        self._key, self._auth, self._salt = derived(0, 16), derived(1, 20), derived(2, 14)
        self._rollover, self._last = 0, None

    @staticmethod
    def new_key():
        return base64.b64encode(os.urandom(30)).decode()

    def _crypt(self, packet, rollover):
        sequence, _, source = struct.unpack("!HII", packet[2:12])
        index = rollover << 16 | sequence
        counter = int.from_bytes(self._salt + b"\0\0") ^ source << 64 ^ index << 16
        stream = _stream(self._key, counter.to_bytes(16), len(packet) - 12)
        return packet[:12] + bytes(a ^ b for a, b in zip(packet[12:], stream, strict=True))

    def _tag(self, packet, rollover):
        return hmac.new(self._auth, packet + struct.pack("!I", rollover), hashlib.sha1).digest()[:TAG]

    def _roll(self, packet):
        sequence = struct.unpack("!H", packet[2:4])[0]
        if self._last is not None and sequence < 0x1000 and self._last > 0xF000:
            self._rollover += 1
        self._last = sequence

    def protect(self, packet):
        self._roll(packet)
        sealed = self._crypt(packet, self._rollover)
        return sealed + self._tag(sealed, self._rollover)

    def unprotect(self, packet):
        """The packet in clear, b'' when it is not by whom has the key."""
        sealed, tag = packet[:-TAG], packet[-TAG:]
        if len(sealed) < 12:
            return b""
        self._roll(sealed)
        if not hmac.compare_digest(tag, self._tag(sealed, self._rollover)):
            return b""
        return self._crypt(sealed, self._rollover)
