"""Runs on the meet host as root: does the toolkit's own directory keep to itself what it must?

Argument: where its tree begins. Goes there with what jitsi-login goes there with, so that no secret travels; prints
one sentence per error, as a JSON list.
"""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

import ldap

TREE = sys.argv[1]
with open("/etc/jitsi-login/settings.json") as file:
    settings = json.load(file)["backend"]
SERVER = settings["servers"][0]
ADDRESS = urlsplit(SERVER).hostname, 636
READER = settings["bind_dn"], settings["password"]
PEOPLE = settings["base"]
errors = []


def connect(address=SERVER, ca=settings["ca_file"]):
    connection = ldap.initialize(address)
    connection.set_option(ldap.OPT_X_TLS_CACERTFILE, ca)
    connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
    connection.set_option(ldap.OPT_TIMEOUT, 10)
    connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    return connection


def refused(what, expected, attempt, *arguments):
    """Notes an error unless the attempt ends with the expected error."""
    try:
        attempt(*arguments)
    except expected:
        return
    except Exception as error:
        errors.append(f"{what}: not refused but broken, {type(error).__name__}: {error}")
    else:
        errors.append(what)


reader = connect()
reader.simple_bind_s(*READER)
people = reader.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, "(uid=*)", ["*", "+"])
if not people:
    errors.append("the reader finds nobody, so nothing could be tried")
for name, attributes in people:
    shown = {attribute for attribute in attributes if attribute in ("userPassword", "jitsiPasswordIssued")}
    if shown:
        errors.append(f"the reader reads {' and '.join(sorted(shown))} of {name}")
person = people[0][0] if people else PEOPLE

# Nobody who has not said who he is.
NOBODY = (ldap.INAPPROPRIATE_AUTH, ldap.UNWILLING_TO_PERFORM, ldap.INSUFFICIENT_ACCESS)
refused("anybody may log in as nobody", NOBODY, lambda: connect().simple_bind_s())
refused("anybody may search", NOBODY, lambda: connect().search_s(TREE, ldap.SCOPE_SUBTREE))
refused("anybody reads what the server is", NOBODY, lambda: connect().search_s("", ldap.SCOPE_BASE))

# The reader does nothing but read. What is tried does no harm where it is let happen: values that are not there, an
# entry with others below it.
STRANGE = b"never anybody's"


def add():
    reader.add_s(f"ou=verification,{TREE}", [("objectClass", [b"organizationalUnit"])])
    reader.delete_s(f"ou=verification,{TREE}")


for attribute in ("sn", "userPassword"):
    change = [(ldap.MOD_DELETE, attribute, [STRANGE])]
    refused(f"the reader changes {attribute} of people", ldap.INSUFFICIENT_ACCESS, reader.modify_s, person, change)
refused("the reader adds entries", ldap.INSUFFICIENT_ACCESS, add)
refused("the reader deletes entries", ldap.INSUFFICIENT_ACCESS, reader.delete_s, PEOPLE)
refused("the reader sets its own password", ldap.INSUFFICIENT_ACCESS, reader.passwd_s, READER[0], None, READER[1])
refused("the reader reads the configuration", (ldap.NO_SUCH_OBJECT, *NOBODY), reader.search_s, "cn=config", 2)

# Nothing but TLS of today, from the right server.
with tempfile.NamedTemporaryFile() as other:
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    make += ["-subj", "/CN=somebody else", "-keyout", "/dev/null", "-out", other.name]
    subprocess.run(make, check=True, capture_output=True)
    refused("a certificate of somebody else will do", ldap.SERVER_DOWN, connect(ca=other.name).simple_bind_s, *READER)
clear = f"ldap://{ADDRESS[0]}"
refused("port 389 talks", ldap.SERVER_DOWN, connect(clear).simple_bind_s)
refused("port 636 talks in clear text", ldap.SERVER_DOWN, connect(f"{clear}:636").simple_bind_s)


def handshake(version):
    context = ssl.create_default_context(cafile=settings["ca_file"])
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(ADDRESS, 10) as plain:
        context.wrap_socket(plain, server_hostname=ADDRESS[0]).close()


old = (ssl.SSLError, ConnectionError)
refused("TLS 1.0 will do", old, handshake, ssl.TLSVersion.TLSv1)
refused("TLS 1.1 will do", old, handshake, ssl.TLSVersion.TLSv1_1)
handshake(ssl.TLSVersion.TLSv1_2)
handshake(ssl.TLSVersion.TLSv1_3)
print(json.dumps(errors))
