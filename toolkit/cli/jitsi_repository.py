"""The package list of a flat Debian repository, trusted as apt trusts it: signed by its key, hash by hash."""

import gzip
import hashlib
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from debian.deb822 import Packages, Release

from toolkit.files import content
from toolkit.trust.signing_key_errors import signing_key_errors

TIMEOUT = 5  # seconds without an answer
LARGEST = 64 * 1024 * 1024  # of any file that is read, in bytes
ARMORED = re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----(.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL)


class UnavailableError(Exception):
    """The repository cannot be asked from here, which says nothing about it."""


class UntrustedError(Exception):
    """The repository is there, and apt would refuse it."""


@dataclass(frozen=True)
class Package:
    """An entry of the package list."""

    name: str
    version: str
    filename: str
    # What it depends on in exactly one version: name -> version.
    pins: dict[str, str]


class _Head(urllib.request.Request):
    """Asks for the headers alone."""

    def get_method(self) -> str:
        return "HEAD"


def _opener() -> urllib.request.OpenerDirector:
    """As urllib has it, for addresses of http and https only."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _open(url: str, head: bool = False) -> Any:
    try:
        return _opener().open(_Head(url) if head else url, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            raise UntrustedError(f"{url} does not exist") from error
        raise UnavailableError(f"{url} answers {error.code} {error.reason}") from error
    except OSError as error:
        raise UnavailableError(f"{url} cannot be reached: {getattr(error, 'reason', error)}") from error


def read(url: str, most: int = LARGEST) -> bytes:
    """What the address holds, if that is at most so many bytes."""
    try:
        with _open(url) as answer:
            data: bytes = answer.read(most + 1)
    except OSError as error:
        raise UnavailableError(f"{url} cannot be read: {error}") from error
    if len(data) > most:
        raise UntrustedError(f"{url} has more than {most} bytes")
    return data


def binary_keys(key: bytes) -> bytes:
    """Keys as gpgv reads them, which takes no armor."""
    if b"-----BEGIN PGP" not in key:
        return key
    blocks = [block.replace(b"\r", b"").partition(b"\n\n")[2] for block in ARMORED.findall(key)]
    # The last line of a block that begins with = is its checksum.
    return b"".join(b64decode(re.sub(rb"\n=[^\n]{4}\n*$", b"", block)) for block in blocks)


def signed_text(in_release: bytes, key: bytes) -> str:
    """What the key signed, of all that InRelease holds."""
    with tempfile.TemporaryDirectory() as private:
        keyring, text, signed = (Path(private, name) for name in ("key.gpg", "text", "InRelease"))
        keyring.write_bytes(binary_keys(key))
        signed.write_bytes(in_release)
        command = ["gpgv", "--status-fd", "1", "--keyring", str(keyring), "--output", str(text), str(signed)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise UnavailableError("gpgv is missing: apt-get install gpgv") from error
        # gpgv itself is content with keys that have ended or were revoked; those are no GOODSIG.
        status = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("[GNUPG:] ")}
        if "GOODSIG" not in status or "BADSIG" in status or not text.exists():
            reason = "has ended" if "EXPKEYSIG" in status else "did not sign it"
            raise UntrustedError(f"InRelease cannot be trusted: the key of jitsi_repository {reason}")
        return text.read_text()


def _key(repository: Mapping[str, Any]) -> bytes:
    """The repository's key, if hosts will trust it (roles/base/tasks/key.yml)."""
    file = repository.get("key_file")
    key = content(Path(file).expanduser()) if file else read(repository["key_url"])
    source, fingerprints = file or repository["key_url"], repository.get("key_fingerprints") or []
    if errors := signing_key_errors(key.decode(errors="replace"), source, fingerprints):
        raise UntrustedError(" ".join(errors).removesuffix("."))
    return key


def package_list(repository: Mapping[str, Any]) -> list[Package]:
    """Every package that the repository (a value of jitsi_repository) holds, in the order of its list."""
    suite = f"{repository['url'].rstrip('/')}/{repository['suite']}"
    release = Release(signed_text(read(f"{suite}InRelease"), _key(repository)))
    files = {entry["name"].removeprefix("./"): entry for entry in release.get("SHA256", [])}
    name = next((name for name in ("Packages.gz", "Packages") if name in files), None)
    if name is None:
        raise UntrustedError(f"{suite}InRelease names no Packages.gz")
    listed = read(f"{suite}{name}", int(files[name]["size"]))
    if hashlib.sha256(listed).hexdigest() != files[name]["sha256"]:
        raise UntrustedError(f"{suite}{name} is not what InRelease says; if it was just published, try again")
    text = _unpacked(listed) if name.endswith(".gz") else listed
    return [
        Package(entry["Package"], entry["Version"], entry["Filename"], _pins(entry))
        for entry in Packages.iter_paragraphs(text, use_apt_pkg=False)
    ]


def _unpacked(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(content)) as packed:
        text = packed.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise UntrustedError(f"the package list has more than {LARGEST >> 20} MB when it is unpacked")
    return text


def _pins(entry: Packages) -> dict[str, str]:
    relations: dict[str, Any] = entry.relations
    alternatives = [*relations["pre-depends"], *relations["depends"]]
    return {
        only[0]["name"]: only[0]["version"][1]
        for only in alternatives
        if len(only) == 1 and only[0]["version"] and only[0]["version"][0] == "="
    }


def dates(repository: Mapping[str, Any], filenames: list[str]) -> dict[str, datetime]:
    """When files of packages were last changed, as the repository's server says: a package list has no dates."""

    def date(filename: str) -> datetime:
        url = f"{repository['url'].rstrip('/')}/{filename}"
        with _open(url, head=True) as answer:
            changed = answer.headers["Last-Modified"]
        if changed is None:
            raise UntrustedError(f"{url} has no date: the server sends no Last-Modified")
        return parsedate_to_datetime(changed)

    with ThreadPoolExecutor(16) as asked:
        return dict(zip(filenames, asked.map(date, filenames), strict=True))
