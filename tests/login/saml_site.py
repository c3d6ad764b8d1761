"""A SAML identity provider (saml_provider.py) as tests use it."""

import datetime
import json
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROVIDER = Path(__file__).with_name("saml_provider.py")
ENTITY, REDIRECT = "https://meet.acme.test/login", "https://meet.acme.test/login/finish"
NAME = "https://id.acme.test/metadata"
OWN_METADATA = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{REDIRECT}" index="1"/>
</SPSSODescriptor></EntityDescriptor>"""


class SamlProvider:
    """The provider with a key of its own."""

    def __init__(self, folder: Path, name: str = NAME, days: int = 10):
        folder.mkdir(parents=True, exist_ok=True)
        write_key(folder, days)
        (folder / "sp.xml").write_text(OWN_METADATA)
        self.process = subprocess.Popen(
            ["/usr/bin/python3", PROVIDER, folder, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"
        self.file = folder / "metadata.xml"
        self.file.write_text(self.ask(metadata=True))

    def ask(self, **asked) -> str:
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def visit(self, address: str, **asked) -> dict[str, str]:
        """A person logs in at the address; the fields of the form that comes back."""
        query = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        return {
            "SAMLResponse": self.ask(request=query["SAMLRequest"], **asked),
            "RelayState": query["RelayState"],
        }

    def close(self):
        self.process.kill()
        self.process.communicate()


def write_key(folder: Path, days: int) -> None:
    """A key and its certificate, which is good for that many days."""
    key, now = rsa.generate_private_key(65537, 2048), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(100))
    signed = builder.not_valid_after(now + datetime.timedelta(days)).sign(key, hashes.SHA256())
    pem, encryption = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "idp.pem").write_bytes(signed.public_bytes(pem))
    (folder / "idp.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, encryption))
