"""What cannot work of the telephone's trunk, one sentence per error."""

import contextlib
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.shapes import Settings

NEEDED = {
    "host": "the name of the provider's SIP server",
    "networks": "the networks calls come from, such as 192.0.2.0/24",
}
WIDEST = 8  # bits of a network that one provider has: nobody has more addresses
# Where no call of a provider comes from.
NOWHERE = {
    ipaddress.IPv4Network("0.0.0.0/8"): "is nobody's",
    ipaddress.IPv4Network("127.0.0.0/8"): "is the gateway itself",
    ipaddress.IPv4Network("169.254.0.0/16"): "does not leave a link",
    ipaddress.IPv4Network("224.0.0.0/4"): "is for groups of receivers",
    ipaddress.IPv4Network("240.0.0.0/4"): "is nobody's",
}


def _network(text: object) -> ipaddress.IPv4Network | None:
    """The network; None for what is the business of setting_errors."""
    with contextlib.suppress(ValueError):
        if isinstance(text, str) and "/" in text:
            return ipaddress.IPv4Network(text)
    return None


def _network_errors(networks: Sequence[ipaddress.IPv4Network], own: ipaddress.IPv4Network | None) -> list[str]:
    """Who in these networks would be answered without being the provider."""
    errors, fix = [], "write the provider's networks, such as 192.0.2.0/24."
    for network in networks:
        if network.prefixlen < WIDEST:
            errors.append(f"jitsi_trunk.networks has {network}, which is wider than a provider can be: {fix}")
            continue
        why = next((why for nowhere, why in NOWHERE.items() if network.overlaps(nowhere)), "")
        if not why and own and network.overlaps(own):
            why = f"meets cloud_network_cidr, {own}"
        if why:
            errors.append(f"jitsi_trunk.networks has {network}, which {why}: {fix}")
    return errors


def _host_errors(host: object, networks: Sequence[ipaddress.IPv4Network]) -> list[str]:
    """Whether a server that is known by its address would be answered."""
    with contextlib.suppress(ValueError):
        if isinstance(host, str) and not any(ipaddress.IPv4Address(host) in network for network in networks):
            return [
                f"jitsi_trunk.host is {host} and in none of jitsi_trunk.networks, so that its calls would get no "
                f"answer: write {host}/32 there, too."
            ]
    return []


def _login_errors(trunk: Mapping[str, Any], password: object) -> list[str]:
    """What a login lacks, or lacks a login."""
    if "user" in trunk:
        needs = "jitsi_trunk.user needs jitsi_trunk_password: write it in group_vars/jitsi/vault.yml."
        return [] if password else [needs]
    if "auth_user" in trunk:
        return [
            "jitsi_trunk.auth_user means nothing without jitsi_trunk.user: write the number calls are for or remove it."
        ]
    if password:
        return ["jitsi_trunk_password means nothing without jitsi_trunk.user: write the login or remove it."]
    return []


def trunk_errors(settings: Settings) -> list[str]:
    """Return the errors of the trunk, one sentence each."""
    trunk = settings.get("jitsi_trunk")
    if not isinstance(trunk, dict) or not trunk:
        return []
    errors = [f"jitsi_trunk.{key} is missing: write {what}." for key, what in NEEDED.items() if key not in trunk]
    errors += _login_errors(trunk, settings.get("jitsi_trunk_password"))
    if trunk.get("srtp") is True and trunk.get("transport", "udp") != "tls":
        errors.append(
            "jitsi_trunk.srtp is true and the keys would be sent for everybody to read: write tls as "
            "jitsi_trunk.transport."
        )
    given = trunk.get("networks")
    texts = given if isinstance(given, list) else []
    networks = [network for text in texts if (network := _network(text))]
    errors += _network_errors(networks, _network(settings.get("cloud_network_cidr")))
    if networks and len(networks) == len(texts):
        errors += _host_errors(trunk.get("host"), networks)
    return errors
