"""What the tests of directories stand on: an authority, and LDAP servers with certificates of it."""

import datetime
import ipaddress
import signal
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from machine import wait

ROOT = Path(__file__).parents[2]
DAY = datetime.timedelta(days=1)
BASE = "dc=acme,dc=example"
BIND_DN = f"cn=jitsi,{BASE}"
GROUP = f"cn=moderators,ou=groups,{BASE}"
PASSWORD = "{}-secret"  # noqa: S105  # of everybody, with the name put in
LONG_AGO = "20200101000000Z"

# uid -> what else stands in the entry; a password in clear is what slapadd takes.
PEOPLE = {
    "anna": "mail: anna@acme.example",
    "Bernd": "uid: b.bauer\nmail: bernd@acme.example",
    "carla": "mail: carla@acme.example",
    "dora": f"memberOf: {GROUP}",
    "locked": "pwdAccountLockedTime: 000001010000Z",
    "reset": "pwdReset: TRUE",
    "expired": f"pwdChangedTime: {LONG_AGO}",
    "emil": "mail: twin@acme.example",
    "emilia": "mail: twin@acme.example",
    "odd (o'hara), *": "mail: odd@acme.example",
    "jörg": "mail: joerg@acme.example",
}
MODERATORS = ("anna", "Bernd", "locked", "odd (o'hara), *")
CONFIGURATION = f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCertificateFile /srv/{{name}}/server.pem
TLSCertificateKeyFile /srv/{{name}}/server.pem
security tls=1
database mdb
suffix {BASE}
rootdn cn=root,{BASE}
directory /srv/{{name}}/db
overlay memberof
overlay ppolicy
ppolicy_default cn=policy,{BASE}
ppolicy_use_lockout
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{BIND_DN}" read by anonymous auth by * none
"""


def escaped(name: str) -> str:
    """A name inside a DN."""
    return "".join(f"\\{each}" if each in ',+"\\<>;=' else each for each in name)


def tree() -> str:
    """Everything that is in the directory, as LDIF."""
    entries = [
        f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: Acme\ndc: acme",
        f"dn: {BIND_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: jitsi\n"
        f"userPassword: {PASSWORD.format('jitsi')}",
        f"dn: cn=policy,{BASE}\nobjectClass: pwdPolicy\nobjectClass: device\ncn: policy\n"
        "pwdAttribute: userPassword\npwdLockout: TRUE\npwdMustChange: TRUE\npwdMaxAge: 86400000",
        *(f"dn: ou={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}" for unit in ("people", "groups")),
    ]
    for name, more in PEOPLE.items():
        entries.append(
            f"dn: uid={escaped(name)},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\n"
            f"sn: {name}\nuserPassword: {PASSWORD.format(name)}\n{more}"
        )
    members = "\n".join(f"member: uid={escaped(name)},ou=people,{BASE}" for name in MODERATORS)
    entries.append(f"dn: {GROUP}\nobjectClass: groupOfNames\ncn: moderators\n{members}")
    return "\n\n".join(entries) + "\n"


class Authority:
    """A CA that signs whatever it is asked for."""

    def __init__(self, name="The authority"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key, 10 * DAY, x509.BasicConstraints(True, None)).decode()

    def _sign(self, name, key, left, *extensions):
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self.name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - 100 * DAY).not_valid_after(now + left)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, left=10 * DAY) -> str:
        """Certificate and key for that name or address, good for the time that is left."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "directory")])
        certificate = self._sign(subject, key, left, x509.SubjectAlternativeName([alternative]))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (certificate + private).decode()


class Slapd:
    """An LDAP server on an address of its own in the machine, with a name of its own, and everybody in it."""

    def __init__(self, machine, name: str, address: str, certificate: str):
        self.machine, self.name, self.address = machine, name, address
        machine.sh(f"mkdir -p /srv/{name}/db; echo '{address} {name}' >> /etc/hosts")
        machine.put(f"/srv/{name}/slapd.conf", CONFIGURATION.format(name=name))
        machine.put(f"/srv/{name}/server.pem", certificate)
        machine.put(f"/srv/{name}/tree.ldif", tree())
        machine.sh(f"slapadd -q -f /srv/{name}/slapd.conf -l /srv/{name}/tree.ldif")
        self.start()

    def start(self):
        urls = f"ldaps://{self.name} ldap://{self.name}"
        self.process = self.machine.start("slapd", "-d", "0", "-f", f"/srv/{self.name}/slapd.conf", "-h", urls)
        knock = f"bash -c 'exec 3<>/dev/tcp/{self.address}/636'"
        wait(lambda: self.machine.sh(knock, check=False).returncode == 0, f"{self.name} does not listen")

    def stop(self):
        self.machine.stop(self.process)

    def freeze(self):
        """From now on the kernel accepts connections and nobody answers on them."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def connections(self) -> int:
        """How many the kernel holds for it."""
        return len(self.machine.sh(f"ss -Htn state established src {self.address}").stdout.splitlines())

    def present(self, certificate: str):
        """Takes another certificate."""
        self.stop()
        self.machine.put(f"/srv/{self.name}/server.pem", certificate)
        self.start()
