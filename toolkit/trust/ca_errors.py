"""Which files with CA certificates cannot vouch for a server, one sentence per error."""

from datetime import UTC, datetime
from pathlib import Path

from toolkit.files import content
from toolkit.folder.in_folder import named_file
from toolkit.shapes import Settings
from toolkit.trust.usable import LEAST_BITS, certificates_in, is_readable, is_too_short

# Setting -> who has the certificate.
OWNERS = {
    ("jitsi_directory", "ca_file"): "the administrator of the directory or identity provider",
    ("jitsi_certificate", "acme_ca_file"): "who runs the ACME server",
}


def file_errors(name: str, file: str, owner: str, now: datetime) -> list[str]:
    """Return what keeps the certificates in file from vouching for a server."""
    try:
        certificates = certificates_in(content(Path(file)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no certificate in it"
        return [f"{name} {file} cannot be read ({reason}): ask {owner} for the CA certificate, a file with PEM."]
    readable = [each for each in certificates if is_readable(each)]
    ended = max((each.not_valid_after_utc for each in readable), default=None)
    if ended and now >= ended:
        return [f"{name} {file} ended on {ended:%Y-%m-%d}: ask {owner} for the new CA certificate."]
    if all(map(is_too_short, readable)):
        return [
            f"{name} {file} has a key of less than {LEAST_BITS} bits, or of an unknown kind, which servers refuse: ask "
            f"{owner} for another CA certificate."
        ]
    return []


def ca_errors(settings: Settings, folder: str, now: datetime | None = None) -> list[str]:
    """Return the errors of all files with CA certificates, at the given moment (now)."""
    errors = []
    for (setting, key), owner in OWNERS.items():
        mapping = settings.get(setting)
        file = mapping.get(key) if isinstance(mapping, dict) else None
        if path := named_file(file, folder):
            errors += file_errors(f"{setting}.{key}", path, owner, now or datetime.now(UTC))
    return errors
