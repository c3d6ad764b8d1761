"""Filter folder_errors: what stands in the wrong file of a customer's folder, one sentence per error."""

DOCUMENTATION = r"""
name: folder_errors
short_description: List what stands in the wrong file of a customer's folder
description:
  - That there are no variables elsewhere, and none but settings, was judged before (P(customer_folder#inventory)).
  - A secret belongs into C(group_vars/jitsi/vault.yml), encrypted.
  - Accounts stand in C(group_vars/jitsi/accounts.yml) and nothing else does; C(make users) alone writes that file.
positional: _input, secrets
options:
  _input:
    description:
      - Files of the customer's folder as P(customer_files#lookup) lists them, each with C(path), C(folder) (of the
        inventory), C(place) (V(vault) or V(settings)), C(encrypted) and C(keys).
    type: list
    elements: dict
    required: true
  secrets:
    description: Names of the settings that are secrets.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
errors: "{{ lookup('customer_files') | folder_errors(['jitsi_seed']) }}"
# -> ["jitsi_seed stands in acme/group_vars/jitsi/main.yml in clear: move it to vault.yml beside it, encrypted."]
"""

RETURN = r"""
_value:
  description: One sentence per error; empty when there is none.
  type: list
  elements: str
"""

# As it can be typed in the checkout.
VAULT = ". scripts/environment; ansible-vault"
# The file a program writes, and what it writes there; Ansible reads main.yml later, so that one would win.
PROGRAMS, WRITES = "group_vars/jitsi/accounts.yml", "jitsi_accounts"


def _name(key: str) -> str:
    """A key as a sentence can hold it."""
    short = key if len(key) <= 60 else key[:57] + "..."
    return short if key.strip() == key != "" and short.isprintable() else ascii(short)


def folder_errors(files, secrets) -> list[str]:
    """Return the errors of a customer's files, one sentence each."""
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


class FilterModule:
    """Makes folder_errors known to Ansible."""

    def filters(self):
        return {"folder_errors": folder_errors}
