"""The forms a setting's text can have. Each takes the text and raises ValueError where the text has another form.

What a form lets pass is harmless in every file a role prints it into: nginx, Lua, HOCON, JSON, systemd, shell. Free
texts have no form; those files escape them.
"""

import ipaddress
import re
import zoneinfo
from urllib.parse import SplitResult, urlsplit

# What may stand behind the name of a server in an address. Not $ and ` (nginx and shells would put something in their
# place), no quotes, braces, backslashes, | ^ < > and blanks: an address has them as %24 and the like.
IN_URLS = re.compile(r"[A-Za-z0-9._~!&*+,;=:@%/?#()\[\]-]*", re.ASCII)
LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
NAME = re.compile(rf"(?!.{{254}})({LABEL}\.)*{LABEL}", re.ASCII)
LONGEST_URL = 2000
LONGEST_PATH = 1000
# Networks of one's own: RFC 1918 and RFC 6598.
OWN = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
HERE = ipaddress.IPv4Network("0.0.0.0/8")  # "this host on this network"
# Different characters: 32 random hexadecimal digits have fewer about once in 10**7 times, longer seeds never.
VARIETY = 8

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(text: str) -> None:
    """An IP address, without a zone (fe80::1%eth0), which means something on one machine only."""
    if "%" in text:
        raise ValueError(text)
    ipaddress.ip_address(text)


def network(text: str) -> Network:
    """ADDRESS/BITS. A bare address is more likely a slip, and daemons read 10.0.0.0/255.0.0.0 differently."""
    if not re.fullmatch(r"[0-9A-Fa-f.:]+/\d{1,3}", text, re.ASCII):
        raise ValueError(text)
    return ipaddress.ip_network(text)


def some_network(text: str) -> None:
    """A network of somebody's, not the internet: at least 8 bits of IPv4, or the 32 that a provider has of IPv6."""
    found = network(text)
    if found.prefixlen < {4: 8, 6: 32}[found.version]:
        raise ValueError(text)


def network4(text: str) -> None:
    """The same with an IPv4 address."""
    if network(text).version != 4:
        raise ValueError(text)


def own_network4(text: str) -> Network:
    """A private IPv4 network with room for a customer's servers."""
    found = network(text)
    if not any(found.version == 4 and found.subnet_of(own) for own in OWN) or found.prefixlen > 28:
        raise ValueError(text)
    return found


def network6(text: str) -> None:
    """An IPv6 network of 64 bits: with other sizes hosts do not find their own addresses."""
    if network(text).version != 6 or network(text).prefixlen != 64:
        raise ValueError(text)


def host(text: str) -> None:
    """A server's name or the IPv4 address of one."""
    if not NAME.fullmatch(text):
        raise ValueError(text)
    if text.rpartition(".")[2].isdigit():  # names do not end with a number
        found = ipaddress.IPv4Address(text)
        if found in HERE or found.is_link_local or found.is_multicast or found.is_reserved:
            raise ValueError(text)


def url(text: str) -> None:
    """The address of a page or a service: server, a port if need be, a path; no login."""
    parts: SplitResult = urlsplit(text)
    if len(text) > LONGEST_URL or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError(text)
    host(parts.hostname)
    if parts.netloc.endswith(":") or not IN_URLS.fullmatch(text):
        raise ValueError(text)


def page(text: str) -> None:
    """The address of a page that participants open: not one of their own machines."""
    url(text)
    name = urlsplit(text).hostname or ""
    if name.startswith("127.") or name.rpartition(".")[2] == "localhost":
        raise ValueError(text)


def login_page(text: str) -> None:
    """A url in which Jitsi's page fills in the room, its state and the challenge of PKCE."""
    url(re.sub(r"\{(room|state|code_challenge)\}", "x", text))


def stream_target(text: str) -> None:
    """A word for a target that is known, or a url."""
    if text not in ("own", "youtube"):
        url(text)


def path(text: str) -> None:
    """A file on this machine: absolute, below the home directory (~/) or relative; nobody else's home directory.

    Without ${, which ssh takes for a variable and has no escape for.
    """
    if len(text) > LONGEST_PATH or re.match(r"~[^/]", text) or text.strip() != text or "${" in text:
        raise ValueError(text)


def time_zone(text: str) -> None:
    """A name of the time zone database."""
    if text not in zoneinfo.available_timezones():
        raise ValueError(text)


def seed(text: str) -> None:
    """Random characters, as far as one can tell."""
    if len(set(text)) < VARIETY or text.strip() != text:
        raise ValueError(text)


FORMS = {
    "address": address,
    "network": network,
    "some_network": some_network,
    "network4": network4,
    "own_network4": own_network4,
    "network6": network6,
    "host": host,
    "url": url,
    "page": page,
    "login_page": login_page,
    "stream_target": stream_target,
    "path": path,
    "time_zone": time_zone,
    "seed": seed,
}
