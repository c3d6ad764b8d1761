"""Module openldap_tree on a tree in memory; molecule's topology ldap asks a real slapd."""

from types import SimpleNamespace

import openldap_tree
import pytest

SUFFIX = "dc=acme,dc=example"
GROUP = f"cn=moderators,ou=groups,{SUFFIX}"
ANNA, BERND, CLARA = (f"uid={name},ou=people,{SUFFIX}" for name in ("anna", "bernd", "clara"))


class Slapd:
    """As much of a directory as the module asks for: entries by name, attributes as slapd spells them."""

    def __init__(self):
        self.entries = {}

    def sasl_external_bind_s(self):
        pass

    def search_s(self, base, scope, query, attributes):
        if scope == 0 and base not in self.entries:
            raise openldap_tree.ldap.NO_SUCH_OBJECT
        wanted = query.strip("()").split("=")
        return [
            (dn, dict(entry))
            for dn, entry in self.entries.items()
            if (dn == base if scope == 0 else dn.endswith(base))
            and (wanted[1] == "*" or wanted[1].encode() in entry.get(wanted[0], []))
            and wanted[0] in entry
        ]

    def add_s(self, dn, modlist):
        assert dn not in self.entries
        self.entries[dn] = dict(modlist)

    def modify_s(self, dn, modlist):
        self.entries[dn] |= {name: values for _, name, values in modlist}

    def passwd_s(self, dn, _, password):
        self.entries[dn]["userPassword"] = [b"{ARGON2}" + password.encode()]

    def delete_s(self, dn):
        del self.entries[dn]


@pytest.fixture
def slapd(monkeypatch):
    server = Slapd()
    fake = SimpleNamespace(
        initialize=lambda _: server,
        NO_SUCH_OBJECT=type("NO_SUCH_OBJECT", (Exception,), {}),
        SCOPE_BASE=0,
        SCOPE_SUBTREE=2,
        MOD_REPLACE=2,
        dn=SimpleNamespace(escape_dn_chars=str, str2dn=str, dn2str=str),
    )
    monkeypatch.setattr(openldap_tree, "ldap", fake)
    return server


def apply(people, moderators=(), dry=False, entries=()):
    tree = openldap_tree.Tree("ldapi:///", SUFFIX, dry)
    done = openldap_tree.apply(
        tree,
        {
            "entries": [{"dn": SUFFIX, "attributes": {"objectClass": "organization", "o": "acme"}}, *entries],
            "programs": {},
            "people": people,
            "people_base": f"ou=people,{SUFFIX}",
            "groups": {GROUP: list(moderators)},
            "nobody": f"cn=nobody,{SUFFIX}",
        },
    )
    return {what: names for what, names in done.items() if names}


def test_people_are_made_once(slapd):
    assert apply({"anna": "first"}, ["anna"]) == {"added": [SUFFIX, ANNA, GROUP], "passwords": [ANNA]}
    assert slapd.entries[ANNA]["userPassword"] == [b"{ARGON2}first"]
    assert slapd.entries[GROUP]["member"] == [b"cn=nobody,dc=acme,dc=example", ANNA.encode()]
    assert apply({"anna": "first"}, ["anna"]) == {}


def test_a_dry_run_says_what_would_be_and_does_nothing(slapd):
    assert apply({"anna": "first"}, ["anna"], dry=True)["added"] == [SUFFIX, ANNA, GROUP]
    assert slapd.entries == {}


def test_a_password_is_the_persons_own_until_another_one_is_issued(slapd):
    apply({"anna": "first"})
    slapd.entries[ANNA]["userPassword"] = [b"{ARGON2}her own"]
    assert apply({"anna": "first"}) == {}
    assert slapd.entries[ANNA]["userPassword"] == [b"{ARGON2}her own"]
    assert apply({"anna": "second"}) == {"passwords": [ANNA]}
    assert slapd.entries[ANNA]["userPassword"] == [b"{ARGON2}second"]


def test_a_run_that_was_stopped_before_the_password_sets_it(slapd):
    apply({"anna": "first"})
    del slapd.entries[ANNA]["userPassword"], slapd.entries[ANNA]["jitsiPasswordIssued"]
    assert apply({"anna": "first"}) == {"passwords": [ANNA]}


def test_who_is_no_longer_listed_goes_and_who_came_by_another_way_stays(slapd):
    apply({"anna": "a", "bernd": "b"}, ["anna", "bernd"])
    slapd.entries[CLARA] = {"objectClass": [b"inetOrgPerson"], "userPassword": [b"{ARGON2}hers"]}
    slapd.entries[GROUP]["member"].append(CLARA.encode())
    assert apply({"anna": "a"}, ["anna"]) == {"removed": [BERND], "updated": [GROUP]}
    assert set(slapd.entries) == {SUFFIX, ANNA, CLARA, GROUP}
    assert slapd.entries[GROUP]["member"] == [dn.encode() for dn in (f"cn=nobody,{SUFFIX}", ANNA, CLARA)]


def test_an_entry_that_becomes_an_account_keeps_its_password(slapd):
    slapd.entries[CLARA] = {"objectClass": [b"inetOrgPerson"], "userPassword": [b"{ARGON2}hers"]}
    assert apply({"clara": "issued"})["updated"] == [CLARA]
    assert slapd.entries[CLARA]["userPassword"] == [b"{ARGON2}hers"]
    assert slapd.entries[CLARA]["objectClass"] == [b"inetOrgPerson", b"jitsiAccount"]
    assert apply({"clara": "issued"}) == {}
    assert apply({"clara": "another"}) == {"passwords": [CLARA]}


def test_a_moderator_who_is_none_any_more_leaves_the_group_and_keeps_the_account(slapd):
    apply({"anna": "a", "bernd": "b"}, ["anna", "bernd"])
    assert apply({"anna": "a", "bernd": "b"}, ["bernd"]) == {"updated": [GROUP]}
    assert slapd.entries[GROUP]["member"] == [b"cn=nobody,dc=acme,dc=example", BERND.encode()]


def test_attributes_of_entries_are_brought_back_and_others_stay(slapd):
    apply({})
    slapd.entries[SUFFIX] |= {"o": [b"somebody"], "description": [b"kept"]}
    assert apply({}) == {"updated": [SUFFIX]}
    assert slapd.entries[SUFFIX] == {"objectClass": [b"organization"], "o": [b"acme"], "description": [b"kept"]}


def test_passwords_in_clear_text_are_hashed(slapd):
    slapd.entries[CLARA] = {"objectClass": [b"inetOrgPerson"], "userPassword": [b"clear"]}
    assert apply({})["passwords"] == [CLARA]
    assert slapd.entries[CLARA]["userPassword"] == [b"{ARGON2}clear"]
