"""Filter account_purposes: whose password comes from which purpose."""

DOCUMENTATION = r"""
name: account_purposes
short_description: Name the purpose from which each account's password is derived
description:
  - "Accounts are those the customer wrote down and those that C(make users) made. The first issue of a password has the
    purpose C(moderator/NAME), every later one C(moderator/NAME/<number>)."
  - A name in both places is one account, and the number counts.
positional: _input, written
options:
  _input:
    description: What C(make users) made (C(jitsi_accounts)), name to a mapping with C(password), the number of issue.
    type: dict
    required: true
  written:
    description: Names the customer wrote down (C(jitsi_moderators)).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
purposes: "{{ {'bernd': {'password': 3}} | account_purposes(['anna']) }}"
# -> {"anna": "moderator/anna", "bernd": "moderator/bernd/3"}
"""

RETURN = r"""
_value:
  description: Purposes as filter C(secrets_for) takes them, by name; first those written down, in their order.
  type: dict
"""

FIRST = 1


def account_purposes(accounts: dict, written: list[str]) -> dict[str, str]:
    """Return {name: purpose}."""
    issues = dict.fromkeys(written, FIRST) | {name: account["password"] for name, account in accounts.items()}
    return {name: f"moderator/{name}" + (f"/{issue}" if issue > FIRST else "") for name, issue in issues.items()}


class FilterModule:
    """Makes account_purposes known to Ansible."""

    def filters(self):
        return {"account_purposes": account_purposes}
