"""Filter folder_faults: what stands in the wrong file of a customer's folder, one sentence per fault."""

import difflib

DOCUMENTATION = r"""
name: folder_faults
short_description: List what stands in the wrong file of a customer's folder
description:
  - A choice outside C(group_vars/jitsi) would silently lose against a default of the toolkit, or win over its wiring.
  - A secret belongs into C(group_vars/jitsi/vault.yml), encrypted.
  - A name in C(group_vars/jitsi) that is no choice would silently do nothing.
  - Accounts stand in C(group_vars/jitsi/accounts.yml) and nothing else does; C(make users) alone writes that file.
positional: _input, options
options:
  _input:
    description:
      - Files of the customer's folder as P(customer_files#lookup) lists them, each with C(path), C(folder) (of the
        inventory), C(place) (V(vault), V(choices) or V(elsewhere)), C(encrypted) and C(keys).
    type: list
    elements: dict
    required: true
  options:
    description: The C(options) of the contract's C(argument_specs).
    type: dict
    required: true
"""

EXAMPLES = r"""
faults: "{{ lookup('customer_files') | folder_faults(contract) }}"
# -> ["jitsi_domain stands in inventories/acme/host_vars/acme-meet.yml: move it to group_vars/jitsi/main.yml."]
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty when there is none.
  type: list
  elements: str
"""

# As it can be typed in the checkout.
VAULT = ". scripts/environment; ansible-vault"
PREFIXES = ("jitsi_", "cloud_")
# The file a program writes, and what it writes there; Ansible reads main.yml later, so that one would win.
PROGRAMS, WRITES = "group_vars/jitsi/accounts.yml", "jitsi_accounts"


def _name(key: str) -> str:
    """A key as a sentence can hold it."""
    short = key if len(key) <= 60 else key[:57] + "..."
    return short if key.strip() == key != "" and short.isprintable() else ascii(short)


def folder_faults(files, options) -> list[str]:
    """Return the faults of a customer's files, one sentence each."""
    faults = []
    if not any(file["place"] == "vault" for file in files):
        vault = f"{files[0]['folder']}/group_vars/jitsi/vault.yml" if files else "group_vars/jitsi/vault.yml"
        faults.append(
            f"{vault} is missing: run {VAULT} create {vault} and write jitsi_seed, at least 32 random characters."
        )
    for file in files:
        path = file["path"]
        if file["place"] == "vault" and not file["encrypted"]:
            faults.append(f"{path} is not encrypted: run {VAULT} encrypt {path}.")
        for key in file["keys"]:
            secret = options.get(key, {}).get("no_log", False)
            if file["place"] == "elsewhere":
                if key.startswith(PREFIXES):
                    home = "vault.yml" if secret else "main.yml"
                    faults.append(f"{_name(key)} stands in {path}: move it to group_vars/jitsi/{home}.")
            elif secret and not file["encrypted"] and file["place"] != "vault":
                faults.append(f"{_name(key)} stands in {path} in clear: move it to vault.yml beside it, encrypted.")
            elif key == WRITES and not path.endswith(PROGRAMS):
                faults.append(f"{key} stands in {path}, which wins over what make users writes: move it to {PROGRAMS}.")
            elif key != WRITES and path.endswith(PROGRAMS):
                faults.append(f"{_name(key)} stands in {path}, which make users alone writes: move it to main.yml.")
            elif key not in options and not key.startswith(PREFIXES):
                near = difflib.get_close_matches(key, options, 1, 0.6)
                cure = f"write {near[0]}" if near else "docs/choices.md lists all of them"
                faults.append(f"{_name(key)} in {path} is not a choice: {cure}.")
    return faults


class FilterModule:
    """Makes folder_faults known to Ansible."""

    def filters(self):
        return {"folder_faults": folder_faults}
