"""Filter signing_key_errors: what keeps a repository's signing key from being trusted."""

from datetime import UTC, datetime

from pysequoia import Cert

DOCUMENTATION = r"""
name: signing_key_errors
short_description: Say what keeps a repository's signing key from being trusted
description:
  - Judges a key before a host trusts it; apt would only say that a repository is not signed.
positional: _input, source, fingerprints
options:
  _input:
    description: The key or keys, ASCII-armoured.
    type: str
    required: true
  source:
    description: Where the key comes from, as sentences name it.
    type: str
    required: true
  fingerprints:
    description: Fingerprints of the keys that may be trusted; any key when empty.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
errors: "{{ key | signing_key_errors('https://packages.example/key.asc', jitsi_repository.key_fingerprints) }}"
"""

RETURN = r"""
_value:
  description: One sentence per error with its fix; empty for a good key.
  type: list
  elements: str
"""


def _expiration(key: Cert) -> datetime | None:
    try:
        return key.expiration
    except RuntimeError:  # a signature too weak for the library says nothing; apt decides
        return None


def signing_key_errors(text: str, source: str, fingerprints: list[str], at: datetime | None = None) -> list[str]:
    """Return the errors at that moment, by default now."""
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
    ends = {key.fingerprint.upper(): _expiration(key) for key in keys}
    if all(end is not None and end <= at for end in ends.values()):
        last = max(ends, key=ends.get)
        errors.append(
            f"{source}: key {last} expired on {ends[last]:%Y-%m-%d}: ask the repository's owner for the extended key."
        )
    return errors


class FilterModule:
    """Makes signing_key_errors known to Ansible."""

    def filters(self):
        return {"signing_key_errors": signing_key_errors}
