"""What keeps a repository's signing key from being trusted."""

from collections.abc import Iterable
from datetime import UTC, datetime

from pysequoia import Cert


def _expiration(key: Cert) -> datetime | None:
    try:
        return key.expiration
    except RuntimeError:  # a signature too weak for the library says nothing; apt decides
        return None


def signing_key_errors(text: str, source: str, fingerprints: Iterable[str], at: datetime | None = None) -> list[str]:
    """Return the errors of the armoured keys in text, at that moment, by default now; no fingerprints allow any key."""
    at = at or datetime.now(UTC)
    try:
        keys = list(Cert.split_bytes(text.encode()))
    except RuntimeError:
        keys = []
    if not keys or not text.lstrip().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----"):
        return [f"{source} is not an ASCII-armoured OpenPGP key: correct jitsi_repository."]
    wanted = {fingerprint.replace(" ", "").lower() for fingerprint in fingerprints}
    unknown = [key.fingerprint.upper() for key in keys if wanted and key.fingerprint.lower() not in wanted]
    errors = [
        f"{source} has key {key}, which is not in jitsi_repository.key_fingerprints: ask the repository's owner "
        "whether it is theirs, and add it only then."
        for key in unknown
    ]
    ends = [(end, key.fingerprint.upper()) for key in keys if (end := _expiration(key)) is not None and end <= at]
    if len(ends) == len(keys):
        end, last = max(ends)
        errors.append(
            f"{source}: key {last} expired on {end:%Y-%m-%d}: ask the repository's owner for the extended key."
        )
    return errors
