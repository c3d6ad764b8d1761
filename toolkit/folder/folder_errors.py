"""What stands in the wrong file of a customer's folder, one sentence per error."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

# As it can be typed in the checkout.
VAULT = ". scripts/environment; ansible-vault"
# The file a program writes, and what it writes there; Ansible reads main.yml later, so that one would win.
PROGRAMS, WRITES = "group_vars/jitsi/accounts.yml", "jitsi_accounts"


def _name(key: str) -> str:
    """A key as a sentence can hold it."""
    short = key if len(key) <= 60 else key[:57] + "..."
    return short if key.strip() == key != "" and short.isprintable() else ascii(short)


def folder_errors(files: Sequence[Mapping[str, Any]], secrets: Collection[str]) -> list[str]:
    """Return the errors of a customer's files, one sentence each.

    Each file has path, folder, place, encrypted and keys; secrets are the names of those settings.
    """
    errors = []
    if not any(file["place"] == "vault" for file in files):
        vault = f"{files[0]['folder']}/group_vars/jitsi/vault.yml" if files else "group_vars/jitsi/vault.yml"
        errors.append(
            f"{vault} is missing: run {VAULT} create {vault} and write jitsi_seed, at least 32 random characters."
        )
    for file in files:
        path = file["path"]
        if file["place"] == "vault" and not file["encrypted"]:
            errors.append(f"{path} is not encrypted: run {VAULT} encrypt {path}.")
        for key in file["keys"]:
            if key in secrets and not file["encrypted"] and file["place"] != "vault":
                errors.append(f"{_name(key)} stands in {path} in clear: move it to vault.yml beside it, encrypted.")
            elif key == WRITES and not path.endswith(PROGRAMS):
                errors.append(f"{key} stands in {path}, which wins over what make users writes: move it to {PROGRAMS}.")
            elif key != WRITES and path.endswith(PROGRAMS):
                errors.append(f"{_name(key)} stands in {path}, which make users alone writes: move it to main.yml.")
    return errors
