"""Where a person goes after the login: a room of this site, made from a name. No address is taken from a request."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .backends import Target

LONGEST_ROOM, LONGEST_STATE = 500, 4000
# Two are folders of an address, one is every room in a token.
NO_ROOMS = (".", "..", "*")
TENANT = re.compile(r"[A-Za-z0-9_-]{1,63}")
# What the page may have been told in its address (tokenAuthUrl's state), and is told again: how somebody comes in.
KEPT = (
    "config.startWithAudioMuted",
    "config.startWithVideoMuted",
    "config.startAudioOnly",
    "config.prejoinConfig.enabled",
)


def room_name(text: str) -> str:
    """Return a room's name as prosody has it: normalized, in lower case, percent-encoded; empty for what is no name.

    Jitsi's page writes names so in prosody's address of a room (getBackendSafeRoomName).
    """
    name = unicodedata.normalize("NFKC", text).lower()
    if not name.strip() or len(name) > LONGEST_ROOM or not name.isprintable() or re.search(r"[\"&'/:<>?@\[\]\\]", name):
        return ""
    encoded = quote(name, safe="-_.!~*()").lower()
    return encoded if len(encoded) <= LONGEST_ROOM and encoded not in NO_ROOMS else ""


def room_of_uri(uri: str) -> str:
    """Return the room of a signalling request (room=NAME, as it stands there percent-encoded); empty without one."""
    for part in urlsplit(uri).query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() == "room":  # as nginx' $arg_room
            try:
                return room_name(unquote(value, errors="strict"))
            except UnicodeDecodeError:
                return ""
    return ""


def token_of_uri(uri: str) -> tuple[str, str]:
    """Return the token (jwt=TOKEN) in a request's address, and the address without it."""
    path, _, query = uri.partition("?")
    parts = query.split("&")
    tokens = [part.partition("=")[2] for part in parts if part.partition("=")[0].lower() == "jwt"]  # as nginx' $arg_jwt
    kept = "&".join(part for part in parts if part and part.partition("=")[0].lower() != "jwt")
    return unquote(tokens[0]) if tokens else "", f"{path}?{kept}" if kept else path


def target_of(query: Mapping[str, str]) -> Target:
    """Return the target of a request to /login. What is not understood leads to the welcome page."""
    state = _state(query.get("state", ""))
    room = room_name(unquote(query.get("room", "")))
    tenant = state.get("tenant")
    tenant = tenant if room and isinstance(tenant, str) and TENANT.fullmatch(tenant) else ""
    kept = [f"{key}={json.dumps(state[key])}" for key in KEPT if room and isinstance(state.get(key), bool)]
    return Target(room, "&".join(kept), tenant)


def path_of(target: Target) -> str:
    """Return the path of a target on this site."""
    if not target.room:
        return "/"
    tenant = f"/{target.tenant}" if target.tenant else ""
    return f"{tenant}/{target.room}" + (f"#{target.fragment}" if target.fragment else "")


def query_of(target: Target) -> str:
    """Return the query with which /login has this target again."""
    state = dict(pair.split("=", 1) for pair in target.fragment.split("&") if pair)
    fields: dict[str, Any] = {key: json.loads(value) for key, value in state.items()}
    if target.tenant:
        fields["tenant"] = target.tenant
    if not target.room:
        return ""
    return f"?room={quote(target.room, safe='')}&state={quote(json.dumps(fields), safe='')}"


def _state(text: str) -> dict[str, Any]:
    try:
        state = json.loads(text) if len(text) <= LONGEST_STATE else {}
    except (ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}
