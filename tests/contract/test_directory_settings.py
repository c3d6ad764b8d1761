"""What a customer with a directory of his own can choose: single values, judged as `make validate` does."""

import pytest
from contract import SETTINGS, judge


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
