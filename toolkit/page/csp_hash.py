"""How a Content-Security-Policy names a piece of style or script that stands in the page itself."""

import base64
import hashlib


def csp_hash(text: str) -> str:
    """Return the source expression for text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
