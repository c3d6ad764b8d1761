"""Filter ca_errors: which files with CA certificates cannot vouch for a server, one sentence per error."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from ansible.plugins.loader import filter_loader
from cryptography import x509

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.files import content

DOCUMENTATION = r"""
name: ca_errors
short_description: List what is wrong with the files of CA certificates that a customer has chosen
description:
  - Reads the files on the controller. Each must have at least one certificate in PEM that has not ended.
  - Says nothing about a setting that is missing or of a wrong type; P(setting_errors#filter) does.
positional: _input, folder
options:
  _input:
    description: The settings, name to value.
    type: dict
    required: true
  folder:
    description: The customer's folder, where relative paths are looked for.
    type: path
    required: true
"""

EXAMPLES = r"""
errors: "{{ {'jitsi_directory': {'ca_file': '/nowhere'}} | ca_errors(inventory_dir) }}"
# -> ["jitsi_directory.ca_file /nowhere cannot be read (No such file or directory): ask ..."]
"""

RETURN = r"""
_value:
  description: One sentence per error; empty when there is none.
  type: list
  elements: str
"""

# Setting -> who has the certificate.
OWNERS = {
    ("jitsi_directory", "ca_file"): "the directory's administrator",
    ("jitsi_certificate", "acme_ca_file"): "who runs the ACME server",
}


def file_errors(name: str, file: str, owner: str, now: datetime) -> list[str]:
    """Return what keeps the certificates in file from vouching for a server."""
    try:
        certificates = x509.load_pem_x509_certificates(content(Path(file)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no certificate in it"
        return [f"{name} {file} cannot be read ({reason}): ask {owner} for the CA certificate, a file with PEM."]
    ended = max(certificate.not_valid_after_utc for certificate in certificates)
    if now >= ended:
        return [f"{name} {file} ended on {ended:%Y-%m-%d}: ask {owner} for the new CA certificate."]
    return []


def ca_errors(settings: dict, folder: str, now: datetime | None = None) -> list[str]:
    """Return the errors of all files with CA certificates."""
    errors, in_folder = [], filter_loader.get("in_folder").j2_function
    for (setting, key), owner in OWNERS.items():
        mapping = settings.get(setting)
        file = mapping.get(key) if isinstance(mapping, dict) else None
        if isinstance(file, str) and file and file.isprintable():
            path = os.path.expanduser(in_folder(file, folder))
            errors += file_errors(f"{setting}.{key}", path, owner, now or datetime.now(UTC))
    return errors


class FilterModule:
    """Makes ca_errors known to Ansible."""

    def filters(self):
        return {"ca_errors": ca_errors}
