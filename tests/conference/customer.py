"""What the customer was promised: the expectations `playbooks/verify.yml` writes, as objects."""

import base64
import dataclasses
import hmac
import ipaddress
import json
import secrets as random
import socket
import time
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

# What must run on the hosts of a group for participants to be served. Whether a recorder is on duty is its own check.
DAEMONS = {
    "meet": ("nginx", "prosody", "jicofo"),
    "videobridges": ("jitsi-videobridge2",),
    "turn": ("coturn",),
    "directories": ("slapd",),
    "gateways": ("kamailio", "dial-in-ivr", "jigasi"),
    "streamers": ("nginx",),
}
TURN_TLS_PORT = 443
STUN_PORT = 3478
MEDIA_PORT = 10000


def reachable(address: str) -> bool:
    """Has this machine a route to the address? Asks the kernel only, nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return False
    return True


@dataclasses.dataclass(frozen=True)
class Host:
    """One server of the plan: its inventory groups, the names it shows the world, its addresses, how to log in.

    guarded are ports it listens on, by protocol, that only its firewall keeps from the world; region is where jicofo
    should think a bridge is, empty when bridges do not share meetings.
    """

    name: str
    groups: list[str]
    names: list[str]
    public: list[str]
    private: str
    guarded: dict[str, list[int | str]]
    ssh: dict[str, str]
    region: str = ""

    def addresses(self, version: int) -> list[str]:
        """The host's own addresses of that IP version, the private one last."""
        all_of_them = dict.fromkeys([*self.public, self.private])
        return [address for address in all_of_them if ipaddress.ip_address(address).version == version]

    @property
    def daemons(self) -> list[str]:
        """Units that must run here."""
        return sorted({unit for group in self.groups for unit in DAEMONS.get(group, ())})

    def guarded_ports(self, proto: str) -> set[range]:
        return {ports(text) for text in self.guarded.get(proto, [])}

    def allowed(self, matrix: dict, proto: str, peers: set[str] | None = None) -> set[range]:
        """The port ranges the firewall matrix opens on this host, to the peers or to anybody at all."""
        return {
            ports(rule["port"])
            for group in (*self.groups, "jitsi")
            for rule in matrix.get(group, {}).get("ingress", [])
            if rule["proto"] == proto and (peers is None or rule["peer"] in peers)
        }


def claim(claims: dict, path: str, value: object) -> None:
    """Put value where the path (a.b) says."""
    *parents, last = path.split(".")
    for parent in parents:
        claims = claims.setdefault(parent, {})
    claims[last] = value


def base64url(data: bytes | dict) -> str:
    """A part of a token: bytes, or an object as JSON."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def ports(text: int | str) -> range:
    """'49152-65535' or 443 as a range."""
    first, _, last = str(text).partition("-")
    return range(int(first), int(last or first) + 1)


@dataclasses.dataclass(frozen=True)
class Customer:
    """Everything the checks compare with; `group_vars/jitsi/verify.yml` fills it in.

    rules are the settings about rooms (names, lobby, password, may_name, peer_to_peer, and what is muted at entry),
    consent tells whether visitors are asked before anything else, firewall is the matrix, pages are URLs the
    customer's page may lead to, ca is the lab's own authority or empty, log is where tracebacks go, log_days how long
    logs may live, retiring are servers that the plan no longer has, jump are ssh's arguments for servers without a
    public address, directory are the servers that the meet host asks who somebody is, providers are the addresses of
    the identity provider that says who they are, tokens is what makes a good one where they come with tokens signed
    by a shared secret, look is what of the page is the customer's own: its name, whether it has a logo, per language
    the heading of the text that asks; recordings tell their storage and whether they are sealed, stream_targets where
    rooms may be streamed to, stream_word is what viewers of the stream must know, if anything; numbers are those
    people call, trunk tells how calls sound, lines how many of them each gateway takes. browsers are those in which
    moderators have logged in: the headers that each sends, by name.
    Holds passwords: never print it.
    """

    # Whether people log in once for every room. In prosody's own suite they bring what the login service would.
    login_service: ClassVar[bool] = True

    domain: str
    hosts: list[Host]
    moderators: dict[str, str] = dataclasses.field(repr=False)
    secrets: dict[str, str] = dataclasses.field(repr=False)
    rules: dict
    consent: bool
    firewall: dict
    pages: list[str]
    ca: str
    log: str
    log_days: int
    retiring: list[str] = dataclasses.field(default_factory=list)
    jump: str = ""
    directory: list[str] = dataclasses.field(default_factory=list)
    providers: list[str] = dataclasses.field(default_factory=list)
    tokens: dict = dataclasses.field(default_factory=dict, repr=False)
    look: dict = dataclasses.field(default_factory=dict)
    recordings: dict = dataclasses.field(default_factory=dict)
    stream_targets: list[str] = dataclasses.field(default_factory=list)
    stream_word: str = dataclasses.field(default="", repr=False)
    numbers: list[str] = dataclasses.field(default_factory=list)
    trunk: dict = dataclasses.field(default_factory=dict)
    lines: int = 0
    browsers: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, file: str) -> "Customer":
        expectations = json.loads(Path(file).read_text())
        hosts = [Host(**host) for host in expectations.pop("hosts")]
        return cls(hosts=hosts, **expectations)

    @property
    def addresses(self) -> dict[str, list[str]]:
        """Where each of the customer's names leads."""
        return {name: host.public for host in self.hosts for name in host.names}

    def token(self, name: str, secret: str = "", **claims: object) -> str:
        """What the moderator of that name comes with, good for some minutes; signed by another secret it is forged."""
        now = int(time.time())
        common = {"iss": self.tokens["issuer"], "aud": self.tokens["audience"], "sub": self.domain}
        claims = common | {"iat": now, "exp": now + 600} | claims
        claim(claims, self.tokens["login_claim"], name)
        claim(claims, self.tokens["moderator_claim"], self.tokens["moderator_value"] or True)
        text = ".".join(base64url(part) for part in ({"typ": "JWT", "alg": "HS256"}, claims))
        key = secret or self.tokens["secret"]
        return f"{text}.{base64url(hmac.digest(key.encode(), text.encode(), 'sha256'))}"

    @property
    def url(self) -> str:
        return f"https://{self.domain}"

    @property
    def has_fixed_rooms(self) -> bool:
        """Has the customer named all of the rooms? Then verification has none of its own."""
        return bool(self.rules["names"]["fixed"]) and not self.rules["names"]["prefixes"]

    def new_name(self) -> str:
        """The name of a room nobody else thinks of; moderators may open it unless all rooms are named."""
        names = self.rules["names"]
        return f"{(names['prefixes'] or [''])[0]}verify-{random.token_hex(max(4, names['shortest'] // 2))}"

    def meeting_name(self) -> str:
        """The name of a room moderators may open."""
        return random.choice(self.rules["names"]["fixed"]) if self.has_fixed_rooms else self.new_name()

    def room(self, name: str) -> str:
        """The address of the room with that name."""
        return f"{name}@conference.{self.domain}"

    @property
    def relays(self) -> list[str]:
        """The names of the TURN servers."""
        return [name for host in self.group("turn") for name in host.names if name.startswith("turn-")]

    @property
    def own_names(self) -> set[str]:
        """The host names a page of this customer may mention besides those below its domain."""
        return {urlsplit(page).hostname for page in self.pages}

    def owns(self, name: str) -> bool:
        return name == self.domain or name.endswith(f".{self.domain}") or name in self.own_names

    def address(self, name: str) -> str:
        """The first address of a name this machine has a route to."""
        return next(filter(reachable, self.addresses[name]), self.addresses[name][0])

    def group(self, group: str) -> list[Host]:
        return [host for host in self.hosts if group in host.groups]

    def host(self, name: str) -> Host:
        return next(host for host in self.hosts if host.name == name)
