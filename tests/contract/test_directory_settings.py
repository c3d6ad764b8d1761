"""What a customer with a directory of his own can choose: single values, judged as `make validate` does."""

import pytest
from contract import SETTINGS, fix, judge

PAGE = fix("jitsi_directory.login_url")


def said(server):
    """What is said of a customer whose people stand in that server."""
    directory = {"kind": "ldap", "servers": [server], "base": "ou=people,dc=acme,dc=example"}
    return [error for error in judge(SETTINGS | {"jitsi_directory": directory}) if "servers[0]" in error]


@pytest.mark.parametrize("port", ["", ":1", ":636", ":9999", ":65535"])
def test_a_server_may_listen_at_any_port_there_is(port):
    assert said(f"ldaps://dc1.acme.example{port}") == []


@pytest.mark.parametrize("port", [":0", ":65536", ":70000", ":0636", ":", ":x"])
def test_a_server_at_a_port_there_is_not_is_one_sentence(port):
    [error] = said(f"ldaps://dc1.acme.example{port}")
    assert error.startswith(f'jitsi_directory.servers[0] is "ldaps://dc1.acme.example{port}": write ldaps://HOST, ')


@pytest.mark.parametrize(
    ("rest", "is_good"),
    [("?room={room}&state={state}&pkce={code_challenge}", True), ("", True), ("/{rooms}", False), ("/{room", False)],
)
def test_jitsi_fills_in_what_the_page_of_logins_needs(rest, is_good):
    directory = {"kind": "token", "issuer": "i", "audience": "a", "login_url": f"https://id.acme.example/login{rest}"}
    errors = judge(SETTINGS | {"jitsi_directory": directory, "jitsi_token_secret": "0123456789abcdef" * 2})
    assert [error for error in errors if "login_url" in error] == (
        [] if is_good else [f'jitsi_directory.login_url is "https://id.acme.example/login{rest}": write {PAGE}.']
    )


@pytest.mark.parametrize(
    ("issuer", "is_good"),
    [
        ("https://id.acme.example/realms/acme", True),
        ("https://id.acme.example:8443", True),
        ("http://id.acme.example", False),
        ("acme", False),
        ("https://id.acme.example:99999", False),
        ("https://anna:word@id.acme.example", False),
    ],
)
def test_an_openid_provider_has_an_address(issuer, is_good):
    errors = judge(SETTINGS | {"jitsi_directory": {"kind": "oidc", "issuer": issuer, "client_id": "jitsi"}})
    said = [error for error in errors if "jitsi_directory.issuer" in error]
    assert bool(said) != is_good, errors
    assert all("write an address beginning with https://" in error for error in said)
