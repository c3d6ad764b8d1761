#!/usr/bin/python
"""Module prosody_accounts: the accounts of prosody's hosts, by prosody's own storage manager."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: prosody_accounts
short_description: Give the hosts of a prosody exactly the declared accounts
description:
  - Hands the declared accounts to C(prosodyctl mod_declared_accounts), on standard input, so that no password stands on
    a command line. Prosody's storage manager reads and writes them, and what it stores is read at every login.
  - An account that lets the declared password in is not written. One that lets nobody in or cannot be read is replaced.
  - Accounts of these hosts that are not declared are removed, with everything stored for them.
  - Works while prosody runs, is stopped, or has not started yet. A removed account cannot log in any more; a session it
    has at that moment lasts until it ends.
options:
  hosts:
    description: "Accounts per host of prosody: C({host: {name: password}}). Names and passwords in printable ASCII."
    type: dict
    required: true
  subscribers:
    description:
      - "Who sees when an account is online: C({account@host: [jid]}). Entries for others in the roster stay."
    type: dict
    default: {}
  modules:
    description: The folder that prosody loads C(mod_declared_accounts) from; a dry run may come before it.
    type: path
    required: true
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
"""

EXAMPLES = r"""
- name: Create the accounts of jicofo and the bridges
  prosody_accounts:
    hosts:
      auth.meet.example.org:
        focus: "{{ prosody_focus_password }}"
        jvb: "{{ prosody_jvb_password }}"
    subscribers:
      focus@auth.meet.example.org: [focus.meet.example.org]
    modules: /usr/local/lib/prosody/modules
"""

RETURN = r"""
added: {description: Accounts that were made., type: list, elements: str, returned: always}
updated: {description: Accounts whose password was set., type: list, elements: str, returned: always}
removed: {description: Accounts that were removed., type: list, elements: str, returned: always}
subscribed: {description: Accounts whose roster was completed., type: list, elements: str, returned: always}
"""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
COMMAND = "mod_declared_accounts"


def addresses(hosts: dict[str, dict[str, str]]) -> list[str]:
    """Return the addresses of the declared accounts."""
    return [f"{name}@{host}" for host, accounts in hosts.items() for name in accounts]


def errors(hosts: dict[str, Any], subscribers: dict[str, list[str]]) -> list[str]:
    """Return sentences about declarations that cannot be fulfilled; passwords are never quoted."""
    found = []
    for host, accounts in hosts.items():
        if not isinstance(accounts, dict):
            return [f"{host}: must map names to passwords"]
        for name, password in accounts.items():
            if not isinstance(name, str) or not NAME.fullmatch(name):
                found.append(f"{name}@{host}: a name is made of a-z, 0-9, '.', '_' and '-'")
            if not isinstance(password, str) or not password or not (password.isascii() and password.isprintable()):
                found.append(f"{name}@{host}: a password is a text of printable ASCII characters")
    return found + [f"{jid}: has subscribers but no account" for jid in sorted({*subscribers} - {*addresses(hosts)})]


def answer(printed: str) -> dict[str, list[str]]:
    """Return what the command says it did: its last line, before which prosodyctl may have words of its own."""
    told: dict[str, list[str]] = json.loads(printed.rstrip().rpartition("\n")[2])
    return told


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "dict", "required": True, "no_log": True},
            "subscribers": {"type": "dict", "default": {}},
            "modules": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    hosts, subscribers = module.params["hosts"], module.params["subscribers"]
    sentences = errors(hosts, subscribers)
    if sentences:
        module.fail_json(msg="prosody_accounts: " + "; ".join(sentences))
    if module.check_mode and not Path(module.params["modules"], f"{COMMAND}.lua").exists():
        new = {"added": addresses(hosts), "updated": [], "removed": [], "subscribed": [*subscribers]}
        module.exit_json(changed=any(new.values()), **new)
    declaration = {"hosts": hosts, "subscribers": subscribers, "dry": module.check_mode}
    status, printed, complaint = module.run_command(["prosodyctl", COMMAND], data=json.dumps(declaration))
    if status:
        told = (complaint.strip() or printed.strip()).rpartition("\n")[2]
        module.fail_json(msg=f"prosody_accounts: prosodyctl {COMMAND} ended with {status}: {told}")
    done = answer(printed)
    module.exit_json(changed=any(done.values()), **done)


if __name__ == "__main__":
    main()
