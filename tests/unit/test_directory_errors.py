from functools import partial

import pytest

from toolkit.relations.directory_errors import directory_errors as judge
from toolkit.relations.directory_errors import filter_is_good

directory_errors = partial(judge, folder="/srv/acme")
LDAP = {
    "jitsi_directory": {
        "kind": "ldap",
        "servers": ["ldaps://ldap.acme.example"],
        "base": "ou=people,dc=acme",
        "bind_dn": "cn=jitsi,dc=acme",
    },
    "jitsi_directory_password": "secret",
    "jitsi_moderator_source": "listed",
}


def errors(**changes):
    """What is said of LDAP with other keys in its directory; a None leaves the key out."""
    directory = {key: value for key, value in (LDAP["jitsi_directory"] | changes).items() if value is not None}
    return directory_errors(LDAP | {"jitsi_directory": directory})


def test_what_is_complete_is_good():
    assert errors() == []
    assert errors(ca_file="/nowhere") == []  # the business of ca_errors
    assert errors(login_attribute="mail", login_suffix="@acme.example", user_filter="(&(a=b)(!(c=*d*)))") == []
    assert directory_errors({"jitsi_directory": {"kind": "internal"}, "jitsi_moderator_source": "all"}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bind_dn": "svc@acme.example"}, 'jitsi_directory.bind_dn is "svc@acme.example": write a DN'),
        ({"bind_dn": "svc", "kind": "ad"}, "or svc-jitsi@acme.example"),
        ({"login_attribute": "userPrincipalName"}, "write jitsi_directory.login_suffix"),
        ({"user_filter": "objectClass=person"}, "write an LDAP filter in parentheses"),
        ({"test_login": "anna"}, "jitsi_directory_test_password belong together"),
        ({"kind": "internal"}, "jitsi_directory.servers means nothing to kind internal"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_cannot_work_is_one_sentence(changes, words):
    found = errors(**changes)
    assert any(words in error and error.endswith(".") for error in found), found


def test_an_account_of_a_domain_may_search_active_directory():
    assert errors(kind="ad", bind_dn="svc@acme.example") == errors(kind="ad", bind_dn="ACME\\svc") == []


def test_a_relative_tree_is_looked_for_in_the_customers_folder():
    (error,) = directory_errors({"jitsi_directory": {"kind": "openldap", "ldif_file": "tree.ldif"}})
    assert error.startswith("jitsi_directory.ldif_file /srv/acme/tree.ldif cannot be read")


def test_groups_need_a_group():
    missing = directory_errors(LDAP | {"jitsi_moderator_source": "group"})
    assert len(missing) == 1
    assert "jitsi_directory.moderators_group is missing" in missing[0]
    internal = {"jitsi_directory": {"kind": "internal"}, "jitsi_moderator_source": "group"}
    assert "has no groups" in directory_errors(internal)[0]


def test_a_password_is_needed():
    assert "vault.yml" in directory_errors({"jitsi_directory": LDAP["jitsi_directory"]})[0]


@pytest.mark.parametrize("settings", [{}, {"jitsi_directory": 1}, {"jitsi_directory": {"kind": []}}])
def test_what_has_the_wrong_type_is_not_its_business(settings):
    assert directory_errors(settings) == []


@pytest.mark.parametrize("text", ["(a=b)", "(&(a=b)(|(c>=1)(!(d=*))))", "(memberOf:1.2.3:=cn=x\\2a,dc=y)", "(cn=ä)"])
def test_good_filters(text):
    assert filter_is_good(text)


@pytest.mark.parametrize(
    "text", ["", "a=b", "(a=b", "(a=b))", "(a=b)(c=d)", "(!(a=b)(c=d))", "(&)", "(a=\\zz)", "\x01"]
)
def test_bad_filters(text):
    assert not filter_is_good(text)


def test_the_own_directory_may_have_an_account_for_tests_with_its_password():
    own = {"jitsi_directory": {"kind": "openldap", "test_login": "verify"}}
    assert directory_errors(own | {"jitsi_directory_test_password": "secret"}) == []
    assert "belong together" in directory_errors(own)[0]


def test_a_tree_to_begin_with_belongs_to_the_own_directory_and_is_a_file(tmp_path):
    file = tmp_path / "tree.ldif"
    own = {"jitsi_directory": {"kind": "openldap", "ldif_file": str(file)}}
    assert judge(own, str(tmp_path)) == [
        f"jitsi_directory.ldif_file {file} cannot be read: write the name of a file in the folder."
    ]
    file.touch()
    assert judge(own, str(tmp_path)) == []
    assert judge(own, "/srv/acme") == [
        f"jitsi_directory.ldif_file {file} is outside the customer's folder: put the file into it."
    ]
    assert errors(ldif_file=str(file)) == [
        "jitsi_directory.ldif_file means nothing to kind ldap: remove it or write another kind."
    ]


TOKEN = {"kind": "token", "issuer": "https://id.acme.example", "audience": "jitsi"}
ONE_OF_THEM = [
    "jitsi_directory.kind token needs either jitsi_directory.jwks_url (the identity provider's keys) or "
    "jitsi_token_secret in group_vars/jitsi/vault.yml: write one of them."
]


def test_tokens_have_a_secret_or_keys_and_not_both():
    keys = {"jwks_url": "https://id.acme.example/keys"}
    secret = {"jitsi_token_secret": "s" * 32}
    assert directory_errors({"jitsi_directory": TOKEN | keys, "jitsi_moderator_source": "group"}) == []
    assert directory_errors({"jitsi_directory": TOKEN} | secret) == []
    assert directory_errors({"jitsi_directory": TOKEN}) == ONE_OF_THEM
    assert directory_errors({"jitsi_directory": TOKEN | keys} | secret) == ONE_OF_THEM


def test_tokens_need_no_servers_and_servers_no_issuer():
    settings = {"jitsi_directory": TOKEN | {"base": "dc=acme"}, "jitsi_token_secret": "s" * 32}
    assert directory_errors(settings) == [
        "jitsi_directory.base means nothing to kind token: remove it or write another kind."
    ]
    assert errors(issuer="x") == ["jitsi_directory.issuer means nothing to kind ldap: remove it or write another kind."]


OIDC = {"kind": "oidc", "issuer": "https://id.acme.example/realms/acme", "client_id": "jitsi"}
SAML = {"kind": "saml", "metadata_url": "https://id.acme.example/metadata"}


@pytest.mark.parametrize(
    ("directory", "words"),
    [
        (OIDC, ""),
        (SAML, ""),
        (OIDC | {"metadata_url": "https://a"}, "jitsi_directory.metadata_url means nothing to kind oidc"),
        (SAML | {"client_id": "jitsi"}, "jitsi_directory.client_id means nothing to kind saml"),
        ({"kind": "saml"}, "needs either jitsi_directory.metadata_url or jitsi_directory.metadata_file"),
        (SAML | {"metadata_file": "/nowhere"}, "needs either jitsi_directory.metadata_url or"),
        ({"kind": "saml", "metadata_file": "/nowhere"}, "jitsi_directory.metadata_file /nowhere cannot be read"),
    ],
)
def test_what_cannot_work_with_a_provider_is_one_sentence(directory, words):
    found = directory_errors({"jitsi_directory": directory, "jitsi_moderator_source": "listed"})
    assert bool(found) == bool(words), found
    assert all(error.endswith(".") for error in found)
    assert any(words in error for error in found) or not words


@pytest.mark.parametrize("directory", [OIDC, SAML])
def test_the_group_of_a_provider_is_a_claim(directory):
    settings = {"jitsi_moderator_source": "group", "jitsi_directory": directory}
    (error,) = directory_errors(settings)
    assert "jitsi_directory.moderator_claim is missing" in error
    assert directory_errors(settings | {"jitsi_directory": directory | {"moderator_claim": "groups"}}) == []
