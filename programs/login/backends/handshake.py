"""What goes to a provider and comes back, bound to the browser that it began in.

Nothing is remembered: state, nonce and verifier are made from the browser's cookie with a secret of this process, so
that nobody can fill a memory. An answer that was under way while the service restarted is refused as stale.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import secrets

from . import Target


class Handshake:
    """Makes and reads what only this process can make, for one browser each."""

    def __init__(self) -> None:
        """Take a secret of this process."""
        self._secret = secrets.token_bytes(32)

    def text(self, purpose: str, browser: str) -> str:
        """Return a text of 43 characters that only we know, for a purpose and a browser."""
        digest = hmac.digest(self._secret, f"{purpose} {browser}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return _base64(digest)

    def state(self, target: Target, browser: str) -> str:
        """Return the state that brings a target back."""
        content = _base64(json.dumps(dataclasses.astuple(target)).encode())
        return f"{content}.{self.text(f'state {content}', browser)}"

    def target(self, state: str, browser: str) -> Target | None:
        """Return the target in a state; None for one that was not made here, for this browser."""
        content, _, mark = state.partition(".")
        expected = self.text(f"state {content}", browser)
        if not browser or not hmac.compare_digest(expected.encode(), mark.encode("utf-8", "surrogatepass")):
            return None
        return Target(*json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))))


def challenge(verifier: str) -> str:
    """Return the S256 code challenge of a PKCE verifier."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
