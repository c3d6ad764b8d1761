"""The table of sandboxes: what every unit is denied, and where a unit differs from that and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# The highest score (systemd-analyze security) that a unit may have.
LIMIT = 3.0
# Option -> value.
BASE = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "UMask": "0077",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
    # A refused call fails like one that the kernel refuses; without this the daemon would be killed.
    "SystemCallErrorNumber": "EPERM",
}
# Several assignments add up, those of a package's unit included, until an empty one.
ADDED_UP = (
    "AmbientCapabilities",
    "CapabilityBoundingSet",
    "ReadWritePaths",
    "RestrictAddressFamilies",
    "SystemCallFilter",
)


@dataclass(frozen=True)
class Difference:
    """Where a unit's sandbox is another than BASE: wider where the unit needs it, or narrower."""

    value: str
    reason: str


@dataclass(frozen=True)
class Sandbox:
    """A unit's sandbox.

    groups: of the inventory, whose hosts have the unit. writes: folders it may write besides those that its unit has
    systemd make (RuntimeDirectory= and the like).
    """

    groups: tuple[str, ...]
    writes: tuple[str, ...] = ()
    differences: Mapping[str, Difference] = field(default_factory=dict)

    def options(self) -> dict[str, str]:
        """Every option with its value, in the order of BASE."""
        own = {name: difference.value for name, difference in self.differences.items()}
        return BASE | ({"ReadWritePaths": " ".join(self.writes)} if self.writes else {}) | own


def _privileged_port(port: str) -> dict[str, Difference]:
    reason = f"listens on port {port} without being root"
    return dict.fromkeys(("CapabilityBoundingSet", "AmbientCapabilities"), Difference("CAP_NET_BIND_SERVICE", reason))


def _no_network(reason: str) -> dict[str, Difference]:
    return {"PrivateNetwork": Difference("yes", reason)}


_THIS_HOST_ONLY = {
    "IPAddressDeny": Difference("any", "talks to programs of this host only"),
    "IPAddressAllow": Difference("localhost", "talks to programs of this host only"),
}
_JAVA = {
    "MemoryDenyWriteExecute": Difference("no", "Java compiles into memory that it then executes"),
    "ProcSubset": Difference("all", "Java reads processors, memory, load and interfaces in /proc"),
}
_TMP = "/tmp"  # noqa: S108 - nothing is written here: it is named to systemd
_NETLINK = "AF_UNIX AF_INET AF_INET6 AF_NETLINK"
_DISPLAY = {
    "PrivateTmp": Difference("no", "display and programs meet at a socket in /tmp/.X11-unix"),
}
_HOSTS = ("directories", "gateways", "meet", "recorders", "streamers", "turn", "videobridges")

UNITS: Mapping[str, Sandbox] = MappingProxyType(
    {
        "nginx.service": Sandbox(
            ("meet", "streamers"),
            ("/run", "/var/lib/nginx", "/var/log/nginx"),
            {
                "CapabilityBoundingSet": Difference(
                    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID",
                    "starts as root: reads keys, listens on ports 80 and 443, and runs its workers as www-data",
                ),
                "MemoryDenyWriteExecute": Difference("no", "pcre_jit compiles patterns into memory that it executes"),
            },
        ),
        "prosody.service": Sandbox(("meet",), ("/var/lib/prosody", "/var/log/prosody")),
        "jicofo.service": Sandbox(("meet",), ("/var/log/jitsi",), _JAVA),
        "jitsi-conference-mapper.service": Sandbox(("meet",), (), _THIS_HOST_ONLY),
        "jitsi-login.service": Sandbox(("meet",)),
        "jitsi-videobridge2.service": Sandbox(("videobridges",), ("/var/log/jitsi",), _JAVA),
        "coturn.service": Sandbox(("turn",), ("/var/lib/turn",), _privileged_port("443")),
        "slapd.service": Sandbox(("directories",), ("/var/lib/ldap", "/etc/ldap/slapd.d"), _privileged_port("636")),
        "openldap-dump.service": Sandbox(
            ("directories",), ("/var/lib/ldap", "/var/backups/openldap"), _no_network("reads the database's file")
        ),
        "jibri.service": Sandbox(
            ("recorders",),
            (_TMP, "/var/lib/recording", "/var/log/jitsi", "-/home/jibri"),
            _JAVA
            | _DISPLAY
            | {
                "PermissionsStartOnly": Difference(
                    "no", "the package's unit has commands before and after Jibri run as root and without a sandbox"
                ),
                "ProtectHome": Difference("tmpfs", "Chromium keeps certificates and settings in Jibri's home"),
                "BindPaths": Difference("-/home/jibri", "the one home that is there"),
                "RestrictAddressFamilies": Difference(_NETLINK, "Chromium asks the kernel for the network's state"),
                "RestrictNamespaces": Difference("user pid net", "Chromium's own sandbox of its renderers"),
                "SystemCallFilter": Difference(
                    "@system-service chroot seccomp", "Chromium's own sandbox of its renderers"
                ),
            },
        ),
        "jibri-xorg.service": Sandbox(
            ("recorders",),
            (_TMP, "/var/log/jitsi"),
            _DISPLAY
            | {
                "MemoryDenyWriteExecute": Difference("no", "Mesa compiles what it draws into memory that it executes"),
                "RestrictAddressFamilies": Difference(_NETLINK, "asks the kernel for devices"),
            },
        ),
        "jibri-icewm.service": Sandbox(
            ("recorders",),
            (_TMP,),
            _DISPLAY | {"ProcSubset": Difference("all", "its task bar reads the network's load in /proc")},
        ),
        "jibri-sound.service": Sandbox(
            ("recorders",),
            (),
            {
                **_no_network("its programs come through a socket in the file system"),
                "MemoryDenyWriteExecute": Difference("no", "Orc compiles its mixing into memory that it executes"),
            },
        ),
        "jibri-duty.service": Sandbox(
            ("recorders",),
            (),
            {
                "CapabilityBoundingSet": Difference(
                    "CAP_DAC_OVERRIDE", "runs as root, which systemd obeys, and measures the recordings' folder"
                ),
                **_THIS_HOST_ONLY,
            },
        ),
        "recording-delivery.service": Sandbox(("recorders",), ("/var/lib/recording",)),
        "recording-takeover.service": Sandbox(
            ("recorders",),
            ("/var/lib/recording",),
            {
                "CapabilityBoundingSet": Difference(
                    "CAP_CHOWN CAP_DAC_OVERRIDE", "makes what Jibri's user has recorded the delivery's"
                ),
                **_no_network("moves files"),
            },
        ),
        "kamailio.service": Sandbox(
            ("gateways",),
            (),
            {"RestrictAddressFamilies": Difference(_NETLINK, "asks the kernel for the host's addresses")},
        ),
        "jigasi.service": Sandbox(("gateways",), ("/var/log/jitsi", "/etc/jitsi/jigasi"), _JAVA),
        "dial-in-ivr.service": Sandbox(
            ("gateways",),
            (),
            {"RestrictAddressFamilies": Difference(_NETLINK, "baresip asks the kernel for the host's addresses")},
        ),
        "log-retention.service": Sandbox(
            _HOSTS,
            (_TMP, "/var", "-/run/log/journal"),
            {
                "CapabilityBoundingSet": Difference(
                    "CAP_DAC_OVERRIDE CAP_FOWNER", "runs as root: deletes what other users have written"
                ),
                "PrivateTmp": Difference("no", "deletes memory images in /tmp"),
                **_no_network("deletes files"),
            },
        ),
        "acme-webroot.service": Sandbox(
            ("gateways", "meet", "streamers", "turn"),
            (),
            {
                **_privileged_port("80"),
                "ProcSubset": Difference("all", "looks in /proc/net whether there is IPv6"),
                "RestrictAddressFamilies": Difference(_NETLINK, "ss asks the kernel whether the port is open"),
            },
        ),
    }
)
