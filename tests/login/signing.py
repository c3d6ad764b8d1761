"""Signs tokens with a key pair or a secret; header and claims may be anything."""

import hmac
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from customer import base64url


class Issuer:
    """Issues tokens."""

    def __init__(self, issuer: str, audience: str, secret: str = ""):
        self.issuer, self.audience, self.secret, self.number = issuer, audience, secret, 0
        self.turn()

    def turn(self):
        """From now on signs with a new key."""
        self.number += 1
        self.key = rsa.generate_private_key(65537, 2048)

    @property
    def algorithm(self) -> str:
        return "HS256" if self.secret else "RS256"

    def public(self) -> dict:
        """The key that is used now, as providers publish it, beside one for encryption and one of another kind."""
        numbers = self.key.public_key().public_numbers()
        n, e = (base64url(x.to_bytes((x.bit_length() + 7) // 8, "big")) for x in (numbers.n, numbers.e))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": f"key-{self.number}", "n": n, "e": e}
        return {"keys": [{"kty": "post-quantum", "kid": "new"}, key | {"use": "enc", "kid": "encryption"}, key]}

    def pem(self) -> bytes:
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, spki)

    def sign(self, text: bytes, algorithm: str, key=None) -> bytes:
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            return hmac.new(key or self.secret.encode(), text, "sha256").digest()
        return (key or self.key).sign(text, padding.PKCS1v15(), hashes.SHA256())

    def token(self, claims: dict, key=None, **header) -> str:
        """Claims and headers that are None are left out."""
        now = int(time.time())
        header = {"typ": "JWT", "alg": self.algorithm, "kid": f"key-{self.number}"} | header
        claims = {"iss": self.issuer, "aud": self.audience, "sub": "4711", "iat": now, "exp": now + 300} | claims
        text = ".".join(base64url({k: v for k, v in each.items() if v is not None}) for each in (header, claims))
        return f"{text}.{base64url(self.sign(text.encode(), header['alg'], key))}"
