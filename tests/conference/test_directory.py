"""The toolkit's own directory, asked from where prosody asks it."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("slapd")

ASK = Path(__file__).parent / "remote_directory.py"


@pytest.mark.guard(
    "nothing; but the directory reveals or allows more than it should",
    "on {directory}: /etc/ldap/slapd.ldif (role openldap); ss -lntp",
)
def test_directory_keeps_to_itself(meet, customer, directory):
    """The OpenLDAP server shows nothing to anonymous clients and no passwords to cn=reader, and speaks TLS only"""
    tree = "dc=" + customer.domain.replace(".", ",dc=")
    done = meet.run("python3 -W ignore -c %s %s", ASK.read_text(), tree)
    assert done.rc == 0, done.stderr
    errors = json.loads(done.stdout)
    assert not errors, "; ".join(errors)


@pytest.mark.guard(
    "nothing; but password hashes on {directory} can be read by others",
    "on {directory}: ls -lR /etc/ldap /var/lib/ldap /var/backups/openldap; slapcat (role openldap)",
)
def test_directory_keeps_hashes(login, directory):
    """The OpenLDAP server stores passwords as Argon2 hashes, in files that only root and slapd can read"""
    server = login(directory)
    dump = server.run("slapcat -o ldif-wrap=no -n 1 -a '(userPassword=*)'")
    assert dump.rc == 0, dump.stderr
    kept = [line for line in dump.stdout.splitlines() if line.startswith("userPassword")]
    assert kept, "no entry has a password"
    # Base64 of "{ARGON2}$".
    assert all(line.startswith("userPassword:: e0FSR09OMn0k") for line in kept), (
        "some passwords are not stored as Argon2 hashes"
    )
    readable = server.check_output("find /var/lib/ldap /var/backups/openldap /etc/ldap/server.key -type f -perm /o+r")
    assert not readable, f"any local user can read {readable}"
