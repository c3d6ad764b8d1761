"""Gateways of Debian 12 and 13 with real Kamailio and baresip; trunk and Jigasi are the tests' own telephones."""

import fcntl
import hashlib
import json
import re
import ssl
import subprocess

import pytest
from gateway import DOMAIN, OTHER_PIN, PIN, PUBLIC, ROOM, TRUNK, Gateway, Mapper, World, render
from machine import SUITES, root_filesystems
from names import Names
from trunk import NETWORKS, TRUNK_PASSWORD, Provider


def make_authority(file, names=f"DNS:{DOMAIN}"):
    """A certificate for the page, or other names, its own authority, its key behind it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=test", "-addext", f"subjectAltName={names}", "-days", "2", "-keyout", file, "-out", file],
        check=True, capture_output=True,
    )  # fmt: skip
    return file


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("certificate") / "both.pem")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory, worker_id):
    """rendered(**settings): the files for these, each set made once for all processes."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder if worker_id == "master" else folder.parent

    def find(**settings):
        name = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        with (shared / f"rendered-{name}.json").open("a+") as made:
            fcntl.flock(made, fcntl.LOCK_EX)
            made.seek(0)
            if text := made.read():
                return json.loads(text)
            files = render(tmp_path_factory.mktemp("rendered"), {"server_public_ipv4": PUBLIC} | settings)
            json.dump(files, made)
            return files

    return find


@pytest.fixture(scope="session", params=SUITES)
def place(request, tmp_path_factory):
    """A gateway nothing runs on, and the world around it."""
    world = World()
    root = root_filesystems()[request.param]
    gateway = Gateway(root, tmp_path_factory.mktemp("gateway"), world)
    yield gateway
    gateway.close()
    world.close()


@pytest.fixture(scope="module")
def mapper(place, authority):
    mapper = Mapper(place.world, authority)
    mapper.rooms = {PIN: ROOM, OTHER_PIN: f"another@conference.{DOMAIN}"}
    mapper.start()
    yield mapper
    mapper.stop()


@pytest.fixture
def gateway(place, rendered, authority):
    """gateway(public=..., **trunk): Kamailio and lines for that trunk, until the test ends."""
    place.stop()

    def run(public=PUBLIC, **trunk):
        files = rendered(
            server_public_ipv4=public,
            jitsi_trunk={"host": TRUNK, "networks": NETWORKS, "codecs": ["PCMA"]} | trunk,
            jitsi_trunk_password=TRUNK_PASSWORD,
        )
        place.write(files, authority.read_text(), first_digit=10)
        place.password = re.search(r'pv_www_authenticate\("\$td", "(.*?)"', files["sip_server/kamailio.cfg"])[1]
        place.start()
        return place

    yield run
    place.stop()


@pytest.fixture
def secure(request, place, authority, tmp_path):
    """A trunk that speaks TLS, and secure.believed(): what the gateway needs to believe it.

    Its certificate names its address, or what the parameter says.
    """
    machine = place.machine
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_authority(tmp_path / "trunk.pem", getattr(request, "param", f"IP:{TRUNK}")))
    provider = Provider(place.world, 5061, lambda sock: context.wrap_socket(sock, server_side=True))
    provider.transport = "TLS"
    machine.put("/etc/jitsi/certificates/server.crt", authority.read_text())
    machine.put("/etc/jitsi/certificates/server.key", authority.read_text())
    machine.sh("chgrp -R kamailio /etc/jitsi; chmod -R u=rwX,g=rX,o= /etc/jitsi/certificates; chmod 755 /etc/jitsi")
    bundle = machine.sh("cat /etc/ssl/certs/ca-certificates.crt").stdout
    believed = bundle + (tmp_path / "trunk.pem").read_text()
    provider.believed = lambda: machine.put("/etc/ssl/certs/ca-certificates.crt", believed)
    yield provider
    provider.close()
    machine.put("/etc/ssl/certs/ca-certificates.crt", bundle)


@pytest.fixture
def names(place):
    """The DNS server of the gateway, which knows nothing yet."""
    server = Names(place.world)
    yield server
    server.close()
