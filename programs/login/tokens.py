"""Tokens for prosody: who somebody is, for one room and a minute, good for one connection."""

import secrets
import time

import jwt

from .backends import User

ISSUER = "jitsi-login"


def token_for(user: User, room: str, key: str, seconds: int, session: str = "") -> str:
    """Return the token (HS256) of a person for a room, whose name is as prosody has it.

    session is what prosody asks by whether the person is still logged in; without one it does not ask.
    """
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
    } | ({"sid": session} if session else {})
    return jwt.encode(claims, key, algorithm="HS256")
