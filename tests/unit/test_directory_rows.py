import pytest

from toolkit.firewall.directory_rows import directory_rows


def test_one_row_per_port_whatever_the_number_of_servers():
    servers = ["ldaps://dc1.acme.example", "ldap://dc2.acme.example", "ldaps://dc3.acme.example", "ldaps://dc4:3269"]
    rows = directory_rows({"kind": "ad", "servers": servers})
    assert [row["port"] for row in rows] == [636, 389, 3269]
    assert {(row["proto"], row["peer"]) for row in rows} == {("tcp", "world")}


@pytest.mark.parametrize(
    ("directory", "ports"),
    [
        ({"kind": "internal"}, []),
        ({"kind": "oidc", "issuer": "https://id.acme.example:8443/realms/acme"}, [8443]),
        ({"kind": "oidc", "issuer": "https://id.acme.example/realms/acme"}, []),
        ({"kind": "saml", "metadata_url": "https://id.acme.example:9443/metadata"}, [9443]),
        ({"kind": "saml", "metadata_file": "metadata.xml"}, []),
        ({"kind": "token", "issuer": "https://id.acme.example:1", "jwks_url": "https://id.acme.example:2/keys"}, [2]),
    ],
)
def test_a_provider_is_asked_at_its_port(directory, ports):
    assert [row["port"] for row in directory_rows(directory)] == ports
