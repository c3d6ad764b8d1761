#!/usr/bin/python
"""Module openldap_tree: entries, people and groups of the OpenLDAP server on this host."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import ldap
    import ldap.dn
    import ldap.modlist
except ImportError:
    ldap = None

DOCUMENTATION = r"""
module: openldap_tree
short_description: Bring the tree of the OpenLDAP server on this host to what is wanted
description:
  - Talks to slapd as root by its socket in the file system (SASL EXTERNAL), so that no administrator needs a password.
  - A password is set when its account is made and when another one than last time is wanted. In between it belongs to
    the person, who may change it. What was issued last is kept as a digest in the entry, so passwords must be too long
    to be found by trying.
  - Accounts carry the object class C(jitsiAccount); those that are no longer wanted are deleted. An entry that came by
    another way keeps its password when it becomes an account; entries and members that are no accounts stay.
  - Passwords found in clear text, which an import can bring, are hashed.
options:
  suffix:
    description: Where the tree begins.
    type: str
    required: true
  entries:
    description: Entries that must be there with these attributes, parents first. Other attributes of theirs stay.
    type: list
    elements: dict
    default: []
    suboptions:
      dn: {description: Name of the entry., type: str, required: true}
      attributes: {description: "Attribute to its value or values, with objectClass.", type: dict, required: true}
  programs:
    description: Passwords of entries, by name of the entry.
    type: dict
    default: {}
  people:
    description: Passwords of people, by login name.
    type: dict
    default: {}
  people_base:
    description: Entry below which people are.
    type: str
    required: true
  groups:
    description: "Name of a group's entry to the login names of the people who are its members."
    type: dict
    default: {}
  nobody:
    description: Member of every group, because a group must have one.
    type: str
    required: true
  server:
    description: Address of slapd's socket.
    type: str
    default: "ldapi:///"
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
"""

EXAMPLES = r"""
- name: Create the users' entries
  openldap_tree:
    suffix: dc=acme,dc=example
    entries:
      - {dn: "dc=acme,dc=example", attributes: {objectClass: [dcObject, organization], o: acme}}
      - {dn: "ou=people,dc=acme,dc=example", attributes: {objectClass: organizationalUnit}}
      - {dn: "ou=groups,dc=acme,dc=example", attributes: {objectClass: organizationalUnit}}
    people: {anna: "{{ password_of_anna }}"}
    people_base: ou=people,dc=acme,dc=example
    groups: {"cn=moderators,ou=groups,dc=acme,dc=example": [anna]}
    nobody: cn=nobody,dc=acme,dc=example
"""

RETURN = r"""
added: {description: Entries that were made., type: list, elements: str, returned: always}
updated: {description: Entries of which attributes were changed., type: list, elements: str, returned: always}
passwords: {description: Accounts whose password was set or hashed., type: list, elements: str, returned: always}
removed: {description: Accounts that were deleted., type: list, elements: str, returned: always}
"""

# Attribute in lower case -> its values.
Entry = dict[str, list[bytes]]

ACCOUNT = "jitsiAccount"
ISSUED = "jitsiPasswordIssued"
USERPASSWORD = "userPassword"


def digest(dn: str, password: str) -> bytes:
    """Return what is remembered of a password that was issued."""
    return hashlib.sha256(f"{dn}\0{password}".encode()).hexdigest().encode()


def listed(value: object) -> list[bytes]:
    """Return a value or several as the bytes LDAP takes."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [item if isinstance(item, bytes) else str(item).encode() for item in values]


def differences(current: Entry, wanted: Mapping[str, object]) -> dict[str, list[bytes]]:
    """Return {attribute: values} for what of wanted an entry does not have as wanted; object classes only grow.

    current knows attributes in lower case.
    """
    found = {}
    for name, value in wanted.items():
        values, present = listed(value), current.get(name.lower(), [])
        if name.lower() == "objectclass":
            known = {item.lower() for item in present}
            missing = [item for item in values if item.lower() not in known]
            if missing:
                found[name] = [*present, *missing]
        elif set(values) != set(present):
            found[name] = values
    return found


def members(present: Iterable[str], wanted: Iterable[str], accounts: Container[str]) -> list[str]:
    """Return the members a group should have: those wanted, and those present who are nobody's accounts."""
    return sorted({*wanted, *(member for member in present if member not in accounts)})


class Tree:
    """The tree as it is, and what has been done to it; changes nothing when dry."""

    def __init__(self, server: str, suffix: str, dry: bool) -> None:
        self.suffix, self.dry = suffix, dry
        self.done: dict[str, list[str]] = {"added": [], "updated": [], "passwords": [], "removed": []}
        self.connection = ldap.initialize(server)
        self.connection.sasl_external_bind_s()

    def search(
        self, base: str, scope: int, query: str = "(objectClass=*)", attributes: Iterable[str] = ("*", "+")
    ) -> dict[str, Entry]:
        """Return {name: {attribute in lower case: values}} of what is found; nothing where there is no such base."""
        try:
            found = self.connection.search_s(base, scope, query, list(attributes))
        except ldap.NO_SUCH_OBJECT:
            return {}
        return {normal(dn): {name.lower(): values for name, values in entry.items()} for dn, entry in found if dn}

    def read(self, dn: str) -> Entry | None:
        return self.search(dn, ldap.SCOPE_BASE).get(normal(dn))

    def below(self, query: str, attributes: Iterable[str]) -> dict[str, Entry]:
        return self.search(self.suffix, ldap.SCOPE_SUBTREE, query, attributes)

    def note(self, what: str, dn: str) -> None:
        if dn not in self.done[what]:
            self.done[what].append(dn)

    def add(self, dn: str, attributes: Mapping[str, object]) -> None:
        """Make an entry; slapd itself adds the attribute its name consists of."""
        self.note("added", dn)
        if not self.dry:
            self.connection.add_s(dn, [(name, listed(value)) for name, value in attributes.items()])

    def update(self, dn: str, attributes: Mapping[str, object], quietly: bool = False) -> None:
        if not quietly:
            self.note("updated", dn)
        if not self.dry:
            self.connection.modify_s(dn, [(ldap.MOD_REPLACE, name, listed(v)) for name, v in attributes.items()])

    def ensure(self, dn: str, attributes: Mapping[str, object]) -> None:
        current = self.read(dn)
        if current is None:
            self.add(dn, attributes)
        elif changes := differences(current, attributes):
            self.update(dn, changes)

    def account(self, dn: str, password: str, attributes: dict[str, Any]) -> None:
        """Make dn an account. Its password is set before that is remembered: a run that was stopped does it again."""
        current = self.read(dn)
        issued = digest(normal(dn), password)
        if current is None:
            self.add(dn, attributes | {"objectClass": [*attributes["objectClass"], ACCOUNT]})
        elif changes := differences(current, {"objectClass": ACCOUNT}):
            # Came by another way: its password stays, and counts as issued.
            self.update(dn, {**changes, ISSUED: issued} if USERPASSWORD.lower() in current else changes)
            if USERPASSWORD.lower() in current:
                return
        if current is None or current.get(ISSUED.lower()) != [issued]:
            self.set_password(dn, password)
            self.update(dn, {ISSUED: issued}, quietly=True)

    def set_password(self, dn: str, password: str) -> None:
        """Have slapd hash and store a password, and forget failed tries."""
        self.note("passwords", dn)
        if not self.dry:
            self.connection.passwd_s(dn, None, password)

    def remove(self, dn: str) -> None:
        self.note("removed", dn)
        if not self.dry:
            self.connection.delete_s(dn)

    def hash_clear_passwords(self) -> None:
        for dn, entry in self.below(f"({USERPASSWORD}=*)", [USERPASSWORD]).items():
            for password in entry.get(USERPASSWORD.lower(), []):
                if not password.startswith(b"{"):
                    self.set_password(dn, password.decode())


def normal(dn: str) -> str:
    """Return a name in the one form in which names are compared."""
    name: str = ldap.dn.dn2str(ldap.dn.str2dn(dn.lower()))
    return name


def apply(tree: Tree, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Bring the tree to what is wanted."""

    def person(name: str) -> str:
        return f"uid={ldap.dn.escape_dn_chars(name)},{parameters['people_base']}"

    for entry in parameters["entries"]:
        tree.ensure(entry["dn"], entry["attributes"])
    accounts: dict[str, tuple[str, dict[str, Any]]] = {
        dn: (password, {"objectClass": []}) for dn, password in parameters["programs"].items()
    }
    for name, password in parameters["people"].items():
        accounts[person(name)] = (password, {"objectClass": ["inetOrgPerson"], "cn": name, "sn": name})
    for dn, (password, attributes) in accounts.items():
        tree.account(dn, password, attributes)

    known = {normal(dn) for dn in accounts}
    existing = set(tree.below(f"(objectClass={ACCOUNT})", ["1.1"]))
    for dn in sorted(existing - known):
        tree.remove(dn)
    for dn, names in parameters["groups"].items():
        wanted = [normal(member) for member in [parameters["nobody"], *map(person, names)]]
        current = tree.read(dn)
        if current is None:
            tree.add(dn, {"objectClass": "groupOfNames", "member": wanted})
            continue
        present = [normal(member.decode()) for member in current.get("member", [])]
        right = members(present, wanted, known | existing)
        if set(right) != set(present):
            tree.update(dn, {"member": right})
    tree.hash_clear_passwords()
    return tree.done


def main() -> None:
    entry = {"dn": {"type": "str", "required": True}, "attributes": {"type": "dict", "required": True}}
    module = AnsibleModule(
        argument_spec={
            "suffix": {"type": "str", "required": True},
            "entries": {"type": "list", "elements": "dict", "default": [], "options": entry},
            "programs": {"type": "dict", "default": {}, "no_log": True},
            "people": {"type": "dict", "default": {}, "no_log": True},
            "people_base": {"type": "str", "required": True},
            "groups": {"type": "dict", "default": {}},
            "nobody": {"type": "str", "required": True},
            "server": {"type": "str", "default": "ldapi:///"},
        },
        supports_check_mode=True,
    )
    if ldap is None:
        module.fail_json(msg=missing_required_lib("python-ldap"))
    try:
        tree = Tree(module.params["server"], module.params["suffix"], module.check_mode)
        done = apply(tree, module.params)
    except ldap.LDAPError as error:
        reason = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        words = [type(error).__name__, reason.get("desc"), reason.get("info")]
        module.fail_json(msg="slapd: " + ", ".join(str(word) for word in words if word))
    module.exit_json(changed=any(done.values()), **done)


if __name__ == "__main__":
    main()
