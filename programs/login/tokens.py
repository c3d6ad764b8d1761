"""Tokens for prosody: who somebody is, for one room and a minute, good for one connection."""

import secrets
import time

import jwt

from .backends import User

ISSUER = "jitsi-login"


def token_for(user: User, room: str, key: str, seconds: int) -> str:
    """Return the token (HS256) of a person for a room, whose name is as prosody has it."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": user.login,
        "room": room,
        "nbf": now - 1,  # prosody's clock is this host's, and counts whole seconds
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
        "context": {"user": {"moderator": user.moderator}},
    }
    return jwt.encode(claims, key, algorithm="HS256")
