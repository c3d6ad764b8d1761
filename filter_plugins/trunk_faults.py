"""Filter trunk_faults: what cannot work of the telephone's trunk, one sentence per fault."""

DOCUMENTATION = r"""
name: trunk_faults
short_description: List what cannot work of the telephone's trunk
description:
  - Judges what belongs together in C(jitsi_trunk) and C(jitsi_trunk_password). Nobody is asked over the network.
  - Choices that are missing or of the wrong type are the business of P(contract_faults#filter) and passed over here.
positional: _input
options:
  _input:
    description: The choices, name to value.
    type: dict
    required: true
"""

EXAMPLES = r"""
faults: "{{ {'jitsi_trunk': {'host': 'sip.trunk.example'}} | trunk_faults }}"
# -> ["jitsi_trunk.networks is missing: write the networks calls come from, such as 192.0.2.0/24."]
"""

RETURN = r"""
_value:
  description: One sentence per fault; empty when there is none.
  type: list
  elements: str
"""

NEEDED = {
    "host": "the name of the provider's SIP server",
    "networks": "the networks calls come from, such as 192.0.2.0/24",
}


def trunk_faults(choices: dict) -> list[str]:
    """Return the faults of the trunk, one sentence each."""
    trunk = choices.get("jitsi_trunk")
    if not isinstance(trunk, dict) or not trunk:
        return []
    faults = [f"jitsi_trunk.{key} is missing: write {what}." for key, what in NEEDED.items() if key not in trunk]
    if "user" in trunk and not choices.get("jitsi_trunk_password"):
        faults.append("jitsi_trunk.user needs jitsi_trunk_password: write it in group_vars/jitsi/vault.yml.")
    if "user" not in trunk and choices.get("jitsi_trunk_password"):
        faults.append("jitsi_trunk_password means nothing without jitsi_trunk.user: write the login or remove it.")
    if trunk.get("srtp") is True and trunk.get("transport", "udp") != "tls":
        faults.append(
            "jitsi_trunk.srtp is true and the keys would be sent for everybody to read: write tls as "
            "jitsi_trunk.transport."
        )
    return faults


class FilterModule:
    """Makes trunk_faults known to Ansible."""

    def filters(self):
        return {"trunk_faults": trunk_faults}
