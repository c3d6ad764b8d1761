"""Conference addresses as clients write them, and the one address each conference has."""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes, urlsplit

from .errors import RequestRefusedError

MAX_ROOM_LENGTH = 500  # the local part of an address may have 1023 bytes


def query_arguments(target: str) -> dict[str, str]:
    """Return the query arguments of a request target. Jitsi's page does not encode a plus, so it is no space here.

    Raises RequestRefusedError (400) for arguments that are not UTF-8.
    """
    pairs = (part.partition("=") for part in urlsplit(target).query.split("&"))
    return {name: _decoded(value) for name, _, value in pairs}


def canonical_conference(requested: str, domain: str) -> str:
    """Return the one address of a conference, however it is written.

    That is room@conference.DOMAIN, or room@conference.tenant.DOMAIN: participants, Jigasi among them, use the latter
    for what is [tenant]room@conference.DOMAIN inside prosody. Raises RequestRefusedError (400) for anything else.
    """
    room, tenant = _room_and_tenant(requested, domain)
    return f"{_canonical_room(room)}@conference.{tenant + '.' if tenant else ''}{domain}"


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError as error:
        raise RequestRefusedError(400, "The request is not UTF-8.") from error


def _room_and_tenant(requested: str, domain: str) -> tuple[str, str]:
    """Split an address into the room's name as it is written and the tenant, or an empty text."""
    room, _, host = requested.rpartition("@")
    host = host.lower()
    service = host.removesuffix(f".{domain}")
    component, named, tenant = service.partition(".")
    if service == host or component != "conference":
        raise RequestRefusedError(400, "This is not a conference of this server.")
    if not named and room.startswith("["):
        tenant, named, room = room[1:].partition("]")
        tenant = tenant.lower()
    if named and not re.fullmatch(r"[a-z0-9_-]{1,63}", tenant):
        raise RequestRefusedError(400, "This is not the name of a tenant.")
    return room, tenant


def _canonical_room(room: str) -> str:
    """Spell a room's name as Jitsi's page spells it for prosody: normalized, in lower case, percent-encoded."""
    if not re.search("%(?![0-9A-Fa-f]{2})", room):
        room = _decoded(room)  # clients that send the address itself encode it twice
    if len(room) > MAX_ROOM_LENGTH:  # before any work: the encoded name is never shorter
        raise RequestRefusedError(400, "The name of the conference is too long.")
    name = unicodedata.normalize("NFKC", room).lower()
    # Characters that prosody refuses in rooms, or that the address of a page cannot hold.
    if not name.strip() or not name.isprintable() or re.search(r"[\"&'/:<>@?\[\]]", name):
        raise RequestRefusedError(400, "This is not the name of a conference.")
    name = quote(name, safe="-_.!~*()").lower()
    if len(name) > MAX_ROOM_LENGTH:
        raise RequestRefusedError(400, "The name of the conference is too long.")
    return name
