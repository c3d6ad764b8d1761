"""A signed repository of Jitsi's packages on this machine, for the contract tests and the pictures of a terminal."""

import gzip
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from contract import DEFAULTS
from signing import gpg

from toolkit.cli.jitsi_releases import PINNED

# Of the catalogue, two; the newer one's date is behind that of the second jibri, which has no release of its own.
RELEASES = {"2.0.11031": "2026-06-08", "2.0.11146": "2026-08-03", "2.0.11248": "2026-09-14"}
NEW = {
    "jitsi-meet-web": "1.0.9470-1",
    "jitsi-meet-web-config": "1.0.9470-1",
    "jitsi-meet-prosody": "1.0.9470-1",
    "jicofo": "1.0-1200-1",
    "jitsi-videobridge2": "2.3-320-g0123456-1",
    "jibri": "8.0-230-g89abcde-1",
    "jigasi": "1.1-413-g6fbf4f2-1",
}
VERSIONS = {name: DEFAULTS["jitsi_releases"].get(name, NEW) for name in RELEASES}


def entry(name: str, version: str, depends: str = "") -> str:
    return f"Package: {name}\nVersion: {version}\nArchitecture: all\n{depends}Filename: stable/{name}_{version}.deb\n"


def meta(release: str, versions: dict[str, str]) -> str:
    """The package that says which versions belong together, as upstream's does."""
    exact = [f"{name} (= {versions[name]})" for name in PINNED]
    depends = f"Pre-Depends: {exact[-1]}\nDepends: {', '.join(exact[:-1])}\nRecommends: jitsi-meet-turnserver (= 1)\n"
    return entry("jitsi-meet", f"{release}-1", depends)


class Repository:
    """A flat repository in a folder, as upstream's server shows it."""

    def __init__(self, folder: Path, url: str):
        self.folder, self.url, self.key = folder, url, folder / "key.asc"
        self.home = folder / "gnupg"
        self.home.mkdir(mode=0o700)
        (folder / "stable").mkdir()
        gpg(self.home, "--quick-generate-key", "test", "ed25519", "sign", "never")
        self.key.write_bytes(gpg(self.home, "--armor", "--export"))
        self.publish()

    @property
    def setting(self) -> dict:
        return {"url": self.url, "suite": "stable/", "key_file": str(self.key)}

    def publish(self, without: tuple[str, ...] = ()) -> None:
        """Every release, oldest first, but the packages that are left out; NAME or NAME VERSION."""
        entries = {}
        for release, versions in VERSIONS.items():
            entries[f"jitsi-meet {release}-1"] = (meta(release, versions), RELEASES[release])
            for name, version in versions.items():
                entries.setdefault(f"{name} {version}", (entry(name, version), RELEASES[release]))
        for package, (_, day) in entries.items():
            file = self.folder / "stable" / f"{package.replace(' ', '_')}.deb"
            file.touch()
            os.utime(file, times=(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp(),) * 2)
        kept = [text for package, (text, _) in entries.items() if not {package, package.split()[0]} & {*without}]
        self.list("\n".join(kept).encode())

    def list(self, text: bytes) -> None:
        """Publish this package list."""
        packages = gzip.compress(text)
        self.write("Packages.gz", packages)
        digest = hashlib.sha256(packages).hexdigest()
        self.sign(f"Suite: stable/\nSHA256:\n {digest} {len(packages)} Packages.gz\n")

    def sign(self, release: str) -> None:
        self.release = release.encode()
        self.write("InRelease", gpg(self.home, "--clearsign", input=self.release))

    def write(self, name: str, content: bytes) -> None:
        (self.folder / "stable" / name).write_bytes(content)

    def content(self, name: str) -> bytes:
        return (self.folder / "stable" / name).read_bytes()
