"""One secret per purpose from the customer's seed."""

import base64
import hashlib
import hmac

SHORTEST_SEED = 32


def secret_for(seed: str, purpose: str) -> str:
    """Return the secret of purpose; raises ValueError without ever quoting the seed."""
    if not isinstance(seed, str) or len(seed) < SHORTEST_SEED:
        raise ValueError(f"jitsi_seed must be a text of at least {SHORTEST_SEED} characters")
    if not purpose:
        raise ValueError("name the purpose, for example secret_for('turn')")
    digest = hmac.new(seed.encode(), purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
