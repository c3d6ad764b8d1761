"""Real relays of Debian 12 and 13, configured by their role, in a cloud of namespaces with offices around it."""

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import browser as suite
import pytest
from machine import SUITES, Machine, root_filesystems, wait
from network import FLOATING, IPV6, Cloud, Place, enter
from playwright.sync_api import sync_playwright
from rendering import render

from toolkit.plan.external_services import external_services

SMALL, SINGLE = "example-small", "example-single"
# The last part of their addresses, as hosts.yml says.
NUMBERS = {"single": 11, "bridge": 12, "turn-1": 14, "turn-2": 15, "turn-3": 16, "turn-4": 17}


class Relay:
    """A running coturn with the files its role wrote."""

    def __init__(self, machine, name, domain, files):
        self.machine, self.name, self.domain = machine, name, domain
        self.host = f"{name if name != 'single' else 'turn-1'}.{domain}"
        self.number = NUMBERS[name]
        text = files["turnserver.conf"]
        self.secret = re.search(r"^static-auth-secret=(.*)$", text, re.M)[1]
        machine.put("/etc/turnserver.conf", text)
        machine.put("/usr/local/sbin/check-turnserver", files["check-turnserver"])
        self.start()

    def start(self):
        """As its unit does: its user, and the one capability."""
        self.machine.put("/var/log/turn.log", "")
        user = "--reuid=turnserver --regid=turnserver --init-groups"
        capability = "--inh-caps -all,+net_bind_service --ambient-caps -all,+net_bind_service"
        turnserver = "turnserver -c /etc/turnserver.conf --pidfile= > /var/log/turn.log 2>&1"
        self.process = self.machine.start("sh", "-ec", f"exec setpriv {user} {capability} {turnserver}")
        wait(self._listens, self.log)

    def _listens(self):
        assert self.process.poll() is None, self.log()
        return "auth thread" in self.log()

    def log(self):
        return self.machine.log("turn.log")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def address(self, version):
        """The one the world knows."""
        return {4: FLOATING, 6: IPV6}[version] + str(self.number)

    def credentials(self, name="", lifetime=86400):
        """User name and password as prosody's mod_visitor_limits makes them for that visitor."""
        username = f"{int(time.time()) + lifetime}{name and ':' + name}"
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return username, base64.b64encode(digest).decode()


def ice_servers(*relays):
    """What prosody announces of these relays, as browsers are told it."""
    username, password = relays[0].credentials()
    return [
        {"urls": f"stun:{service['host']}:{service['port']}"}
        if service["type"] == "stun"
        else {
            "urls": f"{service['type']}:{service['host']}:{service['port']}?transport={service['transport']}",
            "username": username,
            "credential": password,
        }
        for service in external_services([relay.host for relay in relays])
    ]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """The files of every host of both examples: of the third and fourth relay with narrow limits."""
    options = {
        SMALL: ["-i", Path(__file__).parent / "hosts.yml", "--limit", "turn"],
        SINGLE: ["-e", f"server_public_ipv6={IPV6}{NUMBERS['single']}"],
    }
    with ThreadPoolExecutor() as side_by_side:
        jobs = [
            side_by_side.submit(render, example, tmp_path_factory.mktemp(example), *more)
            for example, more in options.items()
        ]
    files = {}
    for job in jobs:
        for path, text in job.result().files().items():
            host, _, file = path.partition("/")
            files.setdefault(host, {})[file] = text
    return files


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for all names of these tests, its own authority."""
    folder = tmp_path_factory.mktemp("certificate")
    pages = [f"meet.{example}.test" for example in (SMALL, SINGLE)]
    names = [*pages, *(f"turn-{n}.{page}" for page in pages for n in (1, 2, 3, 4))]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
         "-addext", f"subjectAltName={','.join(f'DNS:{name}' for name in names)}", "-days", "2",
         "-keyout", folder / "server.key", "-out", folder / "server.crt"], check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def cloud():
    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.fixture(scope="session")
def bridge(cloud):
    """Where a bridge of example-small is."""
    place = Place()
    cloud.plug(place, NUMBERS["bridge"])
    yield place
    place.close()


@pytest.fixture(scope="session")
def offices(cloud):
    """By IP version: networks that let out nothing but TCP to port 443."""
    places = {version: Place() for version in (4, 6)}
    for version, place in places.items():
        cloud.connect(place, version)
    yield places
    for place in places.values():
        place.close()


@pytest.fixture(scope="session")
def roots():
    return root_filesystems()


@pytest.fixture(scope="session", params=SUITES)
def server(request, roots, cloud, authority, tmp_path_factory):
    """server(name): a Debian with the certificate, plugged into the cloud."""
    machines = {}

    def make(name):
        machine = machines[name] = Machine(roots[request.param], tmp_path_factory.mktemp(name))
        cloud.plug(machine, NUMBERS[name])
        folder = machine.root / "etc/jitsi/certificates"
        folder.mkdir(parents=True)
        for file in ("server.crt", "server.key"):
            shutil.copy(authority / file, folder)
        machine.sh(
            "groupadd -f ssl-cert; usermod -aG ssl-cert turnserver; cd /etc/jitsi/certificates;"
            "chgrp ssl-cert server.key; chmod 640 server.key"
        )
        return machine

    yield make
    for name, machine in machines.items():
        cloud.unplug(NUMBERS[name])
        machine.close()


@pytest.fixture(scope="session")
def relays(server, rendered):
    """Four relays apart, by their names."""
    names = ("turn-1", "turn-2", "turn-3", "turn-4")
    return {name: Relay(server(name), name, f"meet.{SMALL}.test", rendered[f"{SMALL}-{name}"]) for name in names}


@pytest.fixture(scope="session")
def single(server, rendered):
    """A relay on the machine of the web server, which owns port 443."""
    files = rendered[f"{SINGLE}-meet"]
    machine = server("single")
    for name in ("nginx.conf", *re.findall(r"include /etc/nginx/((?:visitors|gate)-.*);", files["nginx.conf"])):
        machine.put(f"/etc/nginx/{name}", files[name])
    machine.sh("nginx -t")
    relay = Relay(machine, "single", f"meet.{SINGLE}.test", files)
    relay.web = machine.start("nginx", "-g", "daemon off;")
    # nginx -t leaves the file empty; a number stands in it once nginx listens.
    wait(lambda: (machine.root / "run/nginx.pid").read_text().strip(), "nginx does not start")
    return relay


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright, authority, tmp_path_factory):
    """chromium(place, {name: address}): a browser that lives there, and finds these names."""
    browsers = []

    def launch(place, names):
        home = tmp_path_factory.mktemp("browser")
        suite.trust(home, str(authority / "server.crt"))
        program = home / "chromium"
        program.write_text(f'#!/bin/sh\nexec {" ".join(enter(place))} {suite.need("chromium", "chromium")} "$@"\n')
        program.chmod(0o755)
        rules = [f"MAP {name} {f'[{address}]' if ':' in address else address}" for name, address in names.items()]
        exceptions = [f"EXCLUDE {address}" for address in names.values()]
        browsers.append(
            playwright.chromium.launch(
                executable_path=program,
                env={**os.environ, "HOME": str(home)},
                chromium_sandbox=os.geteuid() != 0,
                args=[
                    f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND', *exceptions])}",
                    "--disable-features=WebRtcHideLocalIpsWithMdns",
                    "--disable-background-networking",
                ],
            )
        )
        return browsers[-1]

    yield launch
    for browser in browsers:
        browser.close()


@pytest.fixture
def customer(authority):
    """customer(relay, version): whom a TURN client of the verification suite asks for addresses and authority."""
    return lambda relay, version: SimpleNamespace(
        ca=str(authority / "server.crt"), address=lambda name: relay.address(version)
    )
