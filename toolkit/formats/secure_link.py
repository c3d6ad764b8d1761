"""A secret as nginx's module secure_link compares it."""

import base64
import hashlib

from .texts import line_of


def secure_link(value: object) -> str:
    """Return what directive secure_link is given where directive secure_link_md5 is given the secret of a request.

    Digests are compared, so that neither upper case is lost nor the time that a refusal takes says how much of a guess
    was right.
    """
    digest = hashlib.md5(line_of(value, "nginx").encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
