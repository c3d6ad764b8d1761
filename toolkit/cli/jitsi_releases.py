"""Which releases of Jitsi a package list holds, and which versions of the packages belong to each."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from debian.debian_support import Version

from toolkit.cli.jitsi_repository import Package

META = "jitsi-meet"
# The meta package has these in exactly one version each.
PINNED = ("jitsi-meet-web", "jitsi-meet-web-config", "jitsi-meet-prosody", "jicofo", "jitsi-videobridge2")
# These have no release of their own: the newest of its day belongs to a release.
DATED = ("jibri", "jigasi")


@dataclass(frozen=True)
class JitsiRelease:
    """A release, the day its meta package was published, and its packages' versions."""

    name: str
    date: datetime
    # Of PINNED and DATED, without what the repository does not hold.
    packages: dict[str, str]

    @property
    def missing(self) -> list[str]:
        """Packages of the release that the repository lacks."""
        return [name for name in (*PINNED, *DATED) if name not in self.packages]


def by_version(version: str) -> Version:
    """A key that sorts versions as dpkg does."""
    return Version(version)


def versions(packages: list[Package]) -> dict[str, dict[str, Package]]:
    """Name -> version -> package, the newest version first."""
    held: dict[str, dict[str, Package]] = defaultdict(dict)
    for package in sorted(packages, key=lambda package: by_version(package.version), reverse=True):
        held[package.name][package.version] = package
    return held


def dated(packages: list[Package]) -> list[str]:
    """The files whose dates decide what belongs together."""
    return [package.filename for package in packages if package.name in (META, *DATED)]


def releases(packages: list[Package], dates: Mapping[str, datetime]) -> list[JitsiRelease]:
    """The releases of a package list, the newest first; dates are those of files."""
    held = versions(packages)
    found: dict[str, JitsiRelease] = {}
    for version, meta in held[META].items():
        pinned = {name: meta.pins[name] for name in PINNED if meta.pins.get(name) in held[name]}
        of_its_day = {name: _newest(held[name], dates, dates[meta.filename]) for name in DATED if held[name]}
        name = str(Version(version).upstream_version)
        found.setdefault(name, JitsiRelease(name, dates[meta.filename], pinned | of_its_day))
    return list(found.values())


def _newest(held: Mapping[str, Package], dates: Mapping[str, datetime], moment: datetime) -> str:
    """The newest version that was there when a release was published, a day for publishing included.

    Where all are younger, because the older ones were cleared away, it is the oldest.
    """
    there = (version for version, package in held.items() if dates[package.filename] <= moment + timedelta(days=1))
    return next(there, list(held)[-1])


def release_errors(release: str, wanted: Mapping[str, str], packages: list[Package], where: str) -> list[str]:
    """A sentence if the repository lacks packages that a release is to consist of."""
    held = versions(packages)
    lacking = [
        f"{name} {version} ({_offer(list(held[name]))})"
        for name, version in wanted.items()
        if version not in held[name]
    ]
    if not lacking:
        return []
    return [
        f"jitsi_release is {release}, of which {where} does not have {' and '.join(lacking)}: "
        "write a release that `make releases` lists."
    ]


def _offer(held: list[str]) -> str:
    more = f" and {len(held) - 3} older" if len(held) > 3 else ""
    return f"it has {', '.join(held[:3])}{more}" if held else "it has none"
