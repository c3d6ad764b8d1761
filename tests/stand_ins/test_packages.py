"""The stand-in packages on Debian 12 and 13: questions, refusals, and a conference of all of them together.

Each release gets one root filesystem in a network and mount namespace of its own; the daemons run there by hand, as
their units would start them.  Needs root, mmdebstrap, and a mirror for the first run.
"""

import base64
import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from machine import SUITES, Machine, root_filesystems, wait

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / "lab/packages"
STATE = Path(os.environ.get("LAB_STATE") or ROOT / ".lab") / "packages"
OLD = {
    **dict.fromkeys(("jitsi-meet-web", "jitsi-meet-web-config", "jitsi-meet-prosody"), "1.0.9268-1"),
    "jicofo": "1.0-1183-1",
    "jitsi-videobridge2": "2.3-295-g8d5c0037b-1",
}
DOMAIN = "meet.example"
ALICE = (f"alice@{DOMAIN}", "alice-secret")
GUEST = (f"guest.{DOMAIN}", "")
BRIDGE_ADDRESS = "203.0.113.7"
ANSWERS = """
jitsi-meet-prosody jitsi-meet/cert-choice select Generate a new self-signed certificate
jitsi-meet-prosody jitsi-meet/jaas-choice boolean false
"""
SHARED_ANSWERS = f"""
jitsi-meet-prosody jitsi-videobridge/jvb-hostname string {DOMAIN}
jitsi-meet-prosody jitsi-videobridge/jvbsecret password bridge-secret
jitsi-meet-prosody jicofo/jicofo-authpassword password focus-secret
"""
# What an environment with moderators has: as the template of the package, with accounts and a guests' host.
MODERATED = f"""
sed -i -e 's/authentication = "jitsi-anonymous"/authentication = "internal_hashed"/' \\
  -e 's/"muc_lobby_rooms", /"muc_lobby_rooms", "persistent_lobby", /' \\
  -e '/"muc_rate_limit", "muc_password_whitelist",/s/$/ "muc_wait_for_host",/' /etc/prosody/conf.avail/{DOMAIN}.cfg.lua
cat >> /etc/prosody/conf.avail/{DOMAIN}.cfg.lua <<'END'

VirtualHost "guest.{DOMAIN}"
  authentication = "jitsi-anonymous"
  modules_enabled = {{ "smacks" }}
END
prosodyctl register alice {DOMAIN} alice-secret
hocon -f /etc/jitsi/jicofo/jicofo.conf set jicofo.conference.enable-auto-owner false
hocon -f /etc/jitsi/jicofo/jicofo.conf set jicofo.health.enabled true
"""
SIP_WORD = "sip-secret"
# What an environment with a gateway has besides: callers as guests of a host of their own, with its certificate.
CALLERS = f"""
cd /etc/prosody/certs
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=gateway.{DOMAIN} \\
  -addext subjectAltName=DNS:gateway.{DOMAIN} -keyout gateway.key -out gateway.crt 2> /dev/null
chgrp prosody gateway.key && chmod 640 gateway.key
cp gateway.crt /usr/local/share/ca-certificates/gateway.crt && update-ca-certificates > /dev/null
cat >> /etc/prosody/conf.avail/{DOMAIN}.cfg.lua <<'END'

VirtualHost "gateway.{DOMAIN}"
  authentication = "jitsi-shared-secret"
  shared_secret = "callers-secret"
  ssl = {{ key = "/etc/prosody/certs/gateway.key"; certificate = "/etc/prosody/certs/gateway.crt" }}
END
"""
ACCOUNT = f"prosodyctl register jigasi auth.{DOMAIN} control-secret"
GATEWAY_FILE = "/etc/jitsi/jigasi/sip-communicator.properties"
SIP, XMPP = "net.java.sip.communicator.impl.protocol.sip.acc1.", "org.jitsi.jigasi.xmpp.acc."
GATEWAY = {
    "net.java.sip.communicator.SIP_PREFERRED_CLEAR_PORT": 5080,
    "net.java.sip.communicator.SIP_PREFERRED_SECURE_PORT": 5081,
    SIP + "PASSWORD": base64.b64encode(SIP_WORD.encode()).decode(),
    "net.java.sip.communicator.impl.protocol.jabber.acc-xmpp-1.PASSWORD": "Y29udHJvbC1zZWNyZXQ=",
    SIP + "PROXY_ADDRESS": "127.0.0.1",
    SIP + "KEEP_ALIVE_METHOD": "REGISTER",
    SIP + "KEEP_ALIVE_INTERVAL": 1,
    SIP + "Encodings.opus/48000": 500,
    XMPP + "USER_ID": f"gateway@gateway.{DOMAIN}",
    XMPP + "PASS": "callers-secret",
    XMPP + "ANONYMOUS_AUTH": "false",
    XMPP + "UNIQUE_USER_ID": "true",
    "org.jitsi.jigasi.ALLOW_ONLY_JIGASIS_IN_ROOM": "false",
    "org.jitsi.jigasi.TRUSTED_DOMAINS": f'["gateway.{DOMAIN}"]',
}
STUN = """
import os, socket, struct
key = struct.pack("!I", 0x2112A442) + os.urandom(12)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(struct.pack("!HH", 1, 0) + key, ("127.0.0.1", 10000))
answer = s.recv(100)
assert answer[:2] == b"\\x01\\x01" and answer[4:20] == key, answer
assert struct.unpack_from("!H", answer, 26)[0] ^ 0x2112 == s.getsockname()[1]
"""


LOGS = ("jitsi/jicofo.log", "jitsi/jvb.log", "jitsi/jigasi.log", "prosody/prosody.log", "prosody/out.log")


class Told:
    """A program in the machine that says what happens, a line of JSON each time."""

    def __init__(self, machine, name, *words, **options):
        machine.put(f"/srv/{name}", (HERE / name).read_text())
        self.process = machine.start("python3", f"/srv/{name}", *words, text=True, **options)
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def await_(self, **wanted):
        """The first state, from now on, that has all of what is wanted."""
        deadline = time.monotonic() + 30
        with contextlib.suppress(queue.Empty):
            while True:
                self.seen.append(self.lines.get(timeout=max(0, deadline - time.monotonic())))
                if wanted.items() <= self.seen[-1].items():
                    return self.seen[-1]
        raise AssertionError(f"wanted {wanted}, saw {self.seen}")

    def leave(self):
        self.process.kill()
        self.process.wait()


class Participant(Told):
    """A person in a conference, see participant.py."""

    def __init__(self, machine, login, room, nick):
        super().__init__(machine, "participant.py", DOMAIN, *login, room, nick)

    def await_people(self, count):
        """Until so many are in the room; returns their roles."""
        while True:
            people = self.await_(state="joined")["people"]
            if len(people) == count:
                return people


class Telephone(Told):
    """The SIP server of the gateway, and everybody who calls, see caller.py."""

    def __init__(self, machine, password):
        super().__init__(machine, "caller.py", password, stdin=subprocess.PIPE)

    def _order(self, **words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def call(self, name, room=None, codec="PCMA"):
        self._order(call=name, headers={"Jitsi-Conference-Room": room} if room else {}, codec=codec)

    def hang_up(self, name):
        self._order(hang_up=name)


class Packaged(Machine):
    """A machine that can install the stand-ins."""

    gateway = None

    def __init__(self, root, mountpoint):
        super().__init__(
            root,
            mountpoint,
            f"""
            mkdir {mountpoint}/repo
            mount --bind {STATE}/repo {mountpoint}/repo
            ip addr add {BRIDGE_ADDRESS}/32 dev lo
            """,
        )
        self.put("/etc/hosts", f"127.0.0.1 localhost {DOMAIN}\n")
        self.put("/etc/dpkg/dpkg.cfg.d/unsafe-io", "force-unsafe-io\n")
        self.put("/etc/apt/keyrings/jitsi.asc", (STATE / "repo/jitsi-key.gpg.key").read_text())
        self.put(
            "/etc/apt/sources.list.d/jitsi.sources",
            "Types: deb\nURIs: file:/repo\nSuites: stable/\nSigned-By: /etc/apt/keyrings/jitsi.asc\n",
        )
        self.sh("rm -f /etc/apt/sources.list && apt-get update -qq")

    def start_jicofo(self):
        script = (
            "set -a; . /etc/jitsi/jicofo/config; exec /usr/share/jicofo/jicofo.sh >> /var/log/jitsi/jicofo.log 2>&1"
        )
        return self.daemon("jicofo", "jitsi", script)

    def start_bridge(self, environment=""):
        script = f"set -a; . /etc/jitsi/videobridge/config; {environment} exec /usr/share/jitsi-videobridge/jvb.sh"
        return self.daemon("jvb", "jitsi", f"{script} >> /var/log/jitsi/jvb.log 2>&1")

    def start_gateway(self, environment=""):
        script = (
            f"set -a; . /etc/jitsi/jigasi/config; {environment} exec /usr/share/jigasi/jigasi.sh "
            "--host=localhost --domain=$JIGASI_HOSTNAME --logdir=/var/log/jitsi --configdir=/etc/jitsi "
            "--configdirname=jigasi $JIGASI_OPTS >> /var/log/jitsi/jigasi.log 2>&1"
        )
        return self.daemon("jigasi", "jitsi", script)

    def restart_gateway(self, environment="", **changes):
        """With these settings changed; what was logged before is forgotten."""
        if self.gateway:
            self.stop(self.gateway)
            wait(lambda: self.gateways() == 0, self.logs)
        self.put(GATEWAY_FILE, self.shipped + "".join(f"{k}={v}\n" for k, v in (GATEWAY | changes).items()))
        self.put("/var/log/jitsi/jigasi.log", "")
        self.sh("chown jigasi:jitsi /var/log/jitsi/jigasi.log")
        self.gateway = self.start_gateway(environment)
        wait(lambda: self.gateways() == 1, self.logs)

    def gateways(self):
        return self.get("http://127.0.0.1:8888/stats").get("jigasi_detector", {}).get("sip_count")

    def calls(self):
        return self.get("http://127.0.0.1:8788/about/stats").get("conferences")

    def get(self, url):
        done = self.sh(f"curl -s --max-time 5 {url}", check=False)
        return json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def bridges(self, kind="operational_bridge_count"):
        return self.get("http://127.0.0.1:8888/stats").get("bridge_selector", {}).get(kind)

    def drained(self):
        """Whether the focus knows its only bridge as drained."""
        (bridge,) = self.get("http://127.0.0.1:8888/debug")["bridge_selector"]["bridge"].values()
        return bridge["drain"]

    def logs(self):
        return "\n".join(self.log(name) for name in LOGS)


@pytest.fixture(scope="session")
def repository():
    subprocess.run([PACKAGES / "build"], check=True)
    return STATE / "repo"


@pytest.fixture(scope="session")
def roots():
    return root_filesystems()


@pytest.fixture(scope="module", params=SUITES)
def bare(request, repository, roots, tmp_path_factory):
    """A machine without any stand-in."""
    machine = Packaged(roots[request.param], tmp_path_factory.mktemp(request.param))
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def installed(bare):
    """The machine with the older release, after the trap was seen to snap."""
    machine = bare
    machine.sh(f"debconf-set-selections <<'END'{SHARED_ANSWERS}END")
    alone = machine.sh(f"apt-get install -y jitsi-meet-prosody={OLD['jitsi-meet-prosody']} 2>&1", check=False)
    machine.trap = alone.stdout
    machine.sh(f"debconf-set-selections <<'END'{ANSWERS}END")
    machine.sh("dpkg --configure -a")
    machine.alone = machine.sh("dpkg-query -Wf '${Package} ${Status}\\n' 'jitsi-*' jicofo", check=False).stdout
    wanted = " ".join(f"{name}={version}" for name, version in OLD.items())
    machine.sh(f"apt-get install -y {wanted}")
    machine.sh("nginx -t")
    machine.sh(MODERATED)
    return machine


@pytest.fixture(scope="module")
def running(installed):
    """The machine with prosody, nginx, jicofo and one bridge."""
    machine = installed
    machine.prosody = machine.start_prosody()
    machine.start("nginx", "-g", "daemon off;")
    machine.jicofo = machine.start_jicofo()
    machine.bridge = machine.start_bridge()
    wait(lambda: machine.bridges() == 1, machine.logs)
    return machine


@pytest.fixture(scope="module")
def ringing(running):
    """With a gateway to the telephone, and a SIP server to which it belongs."""
    machine = running
    answers = "jigasi jigasi/sip-account string jigasi@127.0.0.1\njigasi jigasi/sip-password password"
    machine.sh(f"debconf-set-selections <<'END'\n{answers} slash?\nEND")
    machine.trap = machine.sh("apt-get install -y jigasi=1.1-413-g6fbf4f2-1 2>&1", check=False).stdout
    machine.sh(f"debconf-set-selections <<'END'\n{answers} {SIP_WORD}\nEND\nrm -f /etc/jitsi/jigasi/config")
    machine.sh("dpkg --configure -a")
    machine.sh(f"{CALLERS}\n{ACCOUNT}")
    machine.sh("sed -i 's/^JIGASI_OPTS=.*/JIGASI_OPTS=\"--min-port=20000 --max-port=20009\"/' /etc/jitsi/jigasi/config")
    machine.shipped = machine.sh(f"cat {GATEWAY_FILE}").stdout
    machine.stop(machine.prosody)
    machine.prosody = machine.start_prosody()
    machine.stop(machine.jicofo)  # the package told it where gateways are
    machine.jicofo = machine.start_jicofo()
    wait(lambda: machine.bridges() == 1, machine.logs)
    machine.telephone = Telephone(machine, SIP_WORD)
    machine.restart_gateway()
    yield machine
    machine.telephone.leave()


def test_prosody_alone_aborts_without_the_answers_of_web_config(installed):
    assert "error exit status 10" in installed.trap
    assert "jitsi-meet-prosody install ok installed" in installed.alone
    assert "jitsi-meet-web-config" not in installed.alone


def test_every_package_says_what_it_is(installed):
    for name in OLD:
        assert "STAND-IN" in installed.sh(f"dpkg-query -Wf '${{Description}}' {name}").stdout
        assert "not Jitsi's own" in installed.sh(f"cat /usr/share/doc/{name}/STAND-IN").stdout


@pytest.mark.parametrize(
    ("daemon", "setting", "complaint"),
    [
        (
            "jicofo",
            'jicofo { bridge { brewery-jdi = "a@b" } }',
            "unknown key jicofo.bridge.brewery-jdi (nearest known key:",
        ),
        ("jicofo", "jicofo { xmpp.client.port = many }", 'jicofo.xmpp.client.port = "many" is no integer'),
        ("jicofo", "jicofo { bridge.selection-strategy = Best }", "jicofo.bridge.selection-strategy"),
        ("jicofo", "jicofo {", "not HOCON"),
        ("jicofo", "jicofo { xmpp.client.xmpp-domain = a }", "jicofo.xmpp.client.domain is missing"),
        ("jvb", "videobridge { ice { udp { prot = 10000 } } }", "unknown key videobridge.ice.udp.prot"),
        ("jvb", "videobridge.health.require-valid-address = maybe", "is no boolean"),
        ("jvb", "videobridge.apis.xmpp-client.configs.a { HOSTNAM = b }", "configs.a.HOSTNAM"),
        ("jvb", "ice4j.harvest.mapping.static-mappings = [{ local = a }]", "static-mappings.[].local"),
    ],
)
def test_a_wrong_setting_is_refused(installed, daemon, setting, complaint):
    installed.put("/srv/wrong.conf", setting)
    script = {"jicofo": "/usr/share/jicofo/jicofo.sh", "jvb": "/usr/share/jitsi-videobridge/jvb.sh"}[daemon]
    done = installed.sh(f"JAVA_SYS_PROPS=-Dconfig.file=/srv/wrong.conf timeout 10 {script}", check=False)
    assert done.returncode == 78
    lines = [line for line in done.stderr.splitlines() if "refused" in line]
    assert len(lines) == 1, done.stderr
    assert complaint in lines[0]


def test_the_focus_counts_the_bridge(running):
    assert running.bridges("bridge_count") == 1
    assert "STAND-IN" in running.log("jitsi/jicofo.log")
    assert "STAND-IN" in running.log("jitsi/jvb.log")
    running.sh("curl -fsS http://127.0.0.1:8888/about/health && curl -fsS http://127.0.0.1:8080/about/health")
    assert running.get("http://127.0.0.1:8080/about/version")["version"] == "2.3.295-g8d5c0037b"
    assert "jitsi_jvb_healthy 1.0" in running.sh("curl -fsS http://127.0.0.1:8080/metrics").stdout
    assert running.get("http://127.0.0.1:8080/stats") == {"conferences": {}}
    assert running.get("http://127.0.0.1:8080/colibri/stats") == {}
    status = "curl -s -o /dev/null -w '%{http_code}' -H Accept: http://127.0.0.1:8080/metrics"
    assert running.sh(status).stdout == "500", "upstream does not answer who names no format"


def test_the_media_port_answers(running):
    running.put("/srv/stun.py", STUN)
    running.sh("python3 /srv/stun.py")


def test_a_drained_bridge_gets_no_conferences(running):
    running.sh("curl -fsS -X POST http://127.0.0.1:8080/colibri/drain/enable")
    assert running.get("http://127.0.0.1:8080/colibri/drain") == {"drain": True}
    wait(lambda: running.drained(), running.logs)
    assert running.bridges() == running.bridges("bridge_count") == 1  # it is operational all the same
    running.sh("curl -fsS -X POST http://127.0.0.1:8080/colibri/drain/disable")
    wait(lambda: not running.drained(), running.logs)


def test_participants_are_moved_from_a_bridge_that_the_focus_knows(running):
    url = "http://127.0.0.1:8888/move-endpoints/move-fraction"
    asked = "curl -s -o /dev/null -w '%{http_code}' "
    assert running.sh(f"{asked} {url}").stdout == "400"
    assert running.sh(f"{asked} '{url}?bridge=nobody&fraction=1'").stdout == "404"
    (address,) = running.get("http://127.0.0.1:8888/debug")["bridge_selector"]["bridge"]
    nothing = {"movedEndpoints": 0, "conferences": 0}
    assert running.get(f"'{url}?bridge={address}&fraction=1'") == nothing
    assert running.get(f"'{url}?bridge={address.partition('/')[2]}&fraction=1'") == nothing


def test_guests_wait_until_the_moderator_comes(running):
    guest = Participant(running, GUEST, "standup", "guest")
    guest.await_(state="waiting", reason="registration-required")
    alice = Participant(running, ALICE, "standup", "alice")
    alice.await_(state="joined", role="moderator")
    assert guest.await_(state="joined", role="participant")["people"]["alice"] == "moderator"
    late = Participant(running, GUEST, "standup", "late")
    late.await_(state="joined", people={"guest": "participant", "alice": "moderator", "late": "participant"})
    assert running.get("http://127.0.0.1:8888/stats")["participants"] == 3
    held = "curl -fsS http://127.0.0.1:8080/metrics"
    wait(lambda: "jitsi_jvb_current_endpoints 3.0" in running.sh(held).stdout, running.logs)
    assert "jitsi_jvb_conferences 1.0" in running.sh(held).stdout
    assert running.get("http://127.0.0.1:8080/stats") == {"conferences": {}}
    for log in ("jitsi/jicofo.log", "jitsi/jvb.log"):
        assert re.search(r"WARNING: \[1\] \[\w+=standup@conference", running.log(log)), "no context on the lines"
    for person in (guest, alice, late):
        person.process.terminate()  # as who closes the page
    wait(lambda: "jitsi_jvb_conferences 0.0" in running.sh(held).stdout, running.logs)


def drain(machine, minutes, name):
    """What retire does on a bridge, as a process in the machine's network."""
    settings = {"bridge_drain_minutes": minutes, "ansible_python_interpreter": sys.executable}
    settings |= {"bridge_drain_name": name, "bridge_drain_focus_host": "localhost", "bridge_drain_required": False}
    role = {"name": "bridge_drain"}
    play = {"hosts": "localhost", "gather_facts": False, "vars": settings}
    file = STATE / "drain.yml"
    file.write_text(json.dumps([play | {"tasks": [{"ansible.builtin.import_role": role}]}]))
    words = ["nsenter", "-t", str(machine.holder.pid), "-n", Path(sys.executable).parent / "ansible-playbook", file]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_retire_waits_for_the_last_conference(running):
    """And refuses a bridge that still holds one, or does not say whether it does."""
    people = [Participant(running, ALICE, "retire", nick) for nick in ("alice", "again")]
    people[0].await_people(2)
    wait(
        lambda: "jitsi_jvb_conferences 1.0" in running.sh("curl -s http://127.0.0.1:8080/metrics").stdout, running.logs
    )
    # jicofo answers 404, as older releases do.
    said = drain(running, 0, "nobody").communicate()[0]
    assert "Jicofo cannot move participants: it is an older release" in " ".join(said.split()), said
    assert "holds 1 conferences and is drained: nothing was deleted" in " ".join(said.split()), said
    (address,) = running.get("http://127.0.0.1:8888/debug")["bridge_selector"]["bridge"]
    waiting = drain(running, 1, address.partition("/")[2])
    wait(lambda: running.get("http://127.0.0.1:8080/colibri/drain") == {"drain": True}, running.logs)
    for person in people:
        person.process.terminate()
    assert waiting.wait() == 0, waiting.stdout.read()
    running.sh("curl -fsS -X POST http://127.0.0.1:8080/colibri/drain/disable")
    wait(lambda: not running.drained(), running.logs)


def test_a_wrong_password_opens_nothing(running):
    Participant(running, (ALICE[0], "guess"), "standup", "mallory").await_(reason="password-required")


def test_a_client_cannot_get_past_the_focus(running):
    """Without the focus nobody opens a room."""
    running.stop(running.jicofo)
    alice = Participant(running, ALICE, "nobody", "alice")
    alice.await_(state="failed", reason="service-unavailable")
    alice.leave()
    running.jicofo = running.start_jicofo()
    wait(lambda: running.bridges() == 1, running.logs)


def test_the_focus_asks_for_a_login_when_told_to(running):
    conf = "/etc/jitsi/jicofo/jicofo.conf"
    before = running.sh(f"cat {conf}").stdout
    running.stop(running.jicofo)
    running.sh(f"""
        hocon -f {conf} set jicofo.authentication.enabled true
        hocon -f {conf} set jicofo.authentication.type XMPP
        hocon -f {conf} set jicofo.authentication.login-url {DOMAIN}
    """)
    running.jicofo = running.start_jicofo()
    wait(lambda: running.bridges() == 1, running.logs)
    guest = Participant(running, GUEST, "closed", "guest")
    guest.await_(state="waiting", reason="not-authorized")
    alice = Participant(running, ALICE, "closed", "alice")
    alice.await_(state="joined", role="moderator")
    alice.leave()
    guest.leave()
    running.stop(running.jicofo)
    running.put(conf, before)
    running.jicofo = running.start_jicofo()
    wait(lambda: running.bridges() == 1, running.logs)


def test_an_untrusted_certificate_is_refused(running):
    running.stop(running.bridge)
    wait(lambda: running.bridges("bridge_count") == 0, running.logs)
    running.bridge = running.start_bridge("SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nonexistent")
    wait(
        lambda: f"the certificate of localhost for auth.{DOMAIN} is not trusted" in running.log("jitsi/jvb.log"),
        running.logs,
    )
    assert running.bridges("bridge_count") == 0
    running.stop(running.bridge)
    running.bridge = running.start_bridge()
    wait(lambda: running.bridges() == 1, running.logs)


def test_a_bridge_without_a_public_address_is_not_healthy(running):
    running.sh(f"ip addr del {BRIDGE_ADDRESS}/32 dev lo")
    status = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/about/health"
    assert running.sh(status).stdout == "500"
    running.sh(f"ip addr add {BRIDGE_ADDRESS}/32 dev lo")
    assert running.sh(status).stdout == "200"


def test_the_page_includes_what_the_real_one_includes(running):
    page = running.sh(f"curl -fsSk https://{DOMAIN}/some-room").stdout
    order = ["head.html", "base.html", "fonts.html", "/config.js", "/interface_config.js", "libs/strophe",
             "libs/lib-jitsi", "libs/app", "title.html", "plugin.head.html", "body.html", 'id="react"']  # fmt: skip
    source = running.sh("cat /usr/share/jitsi-meet/index.html").stdout
    places = [source.index(name) for name in order]
    assert places == sorted(places)
    assert f"domain: '{DOMAIN}'" in page
    assert "<!--#" not in page
    assert "<script>// STAND-IN" in page, "config.js is not in the page"
    app = running.sh("cat /usr/share/jitsi-meet/libs/app.bundle.min.js").stdout
    # Whom Jitsi's own page asks when its configuration lets it, and nobody else.
    asked = {"www.gravatar.com", "api.giphy.com", "apis.google.com", "excalidraw.com", "watchrtc.testrtc.com",
             "www.dropbox.com", "api.amplitude.com"}  # fmt: skip
    assert set(re.findall(r"\w+://([^'/]+)", app)) == asked, "a request to somewhere else"
    assert len(app) < 60000


# --- the telephone


def test_the_gateways_package_stumbles_over_a_slash_in_a_password(ringing):
    """One in its base64."""
    assert "unknown option to `s'" in ringing.trap
    assert ringing.sh("dpkg-query -Wf '${Status}' jigasi").stdout == "install ok installed"


def test_an_environment_that_names_no_account_is_written_anew_at_an_upgrade(ringing):
    config = "/etc/jitsi/jigasi/config"
    before = ringing.sh(f"cat {config}").stdout
    assert f"JIGASI_HOSTNAME={DOMAIN}" in before
    ringing.put(config, before + "# mine\n")
    ringing.sh("dpkg-reconfigure jigasi")
    assert "# mine" in ringing.sh(f"cat {config}").stdout
    ringing.put(config, 'JIGASI_OPTS="--min-port=20000"\n')
    ringing.sh("dpkg-reconfigure jigasi")
    assert "20000" not in ringing.sh(f"cat {config}").stdout
    ringing.put(config, before)
    ringing.sh(ACCOUNT)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("org.jitsi.jigasi.ENABLE_SPI=true", "unknown key org.jitsi.jigasi.ENABLE_SPI (nearest known key:"),
        ("org.jitsi.jigasi.JVB_INVITE_TIMEOUT=long", "is no integer"),
        ("org.jitsi.jigasi.ENABLE_SIP=yes", "is no boolean"),
        (SIP + "PASSWORD=not base64", "PASSWORD is no secret"),
        (SIP + "PREFERRED_TRANSPORT=SCTP", "is no UDP|TCP|TLS"),
        ("org.jitsi.jigasi.TRUSTED_DOMAINS=a,b", "is no list"),
        (SIP + "SERVER_ADDRESS=", "SERVER_ADDRESS of the SIP account is missing"),
    ],
)
def test_a_wrong_setting_of_a_gateway_is_refused(ringing, line, complaint):
    ringing.put("/srv/jigasi/sip-communicator.properties", ringing.shipped + line + "\n")
    done = ringing.sh("timeout 10 /usr/share/jigasi/jigasi.sh --configdir=/srv --configdirname=jigasi", check=False)
    assert done.returncode == 78
    [refusal] = [said for said in done.stderr.splitlines() if "refused" in said]
    assert complaint in refusal
    assert "not base64" not in refusal


def test_a_wrong_option_of_a_gateway_is_refused(ringing):
    done = ringing.sh("timeout 10 /usr/share/jigasi/jigasi.sh --config=/srv", check=False)
    assert (done.returncode, "unknown option --config" in done.stderr) == (78, True)


def test_a_gateway_registers_again_and_again(ringing):
    ringing.restart_gateway()
    first = ringing.telephone.await_(state="registered")["again"]
    ringing.telephone.await_(state="registered", again=first + 2)
    assert ringing.calls() == 0
    # As the real one, as long as there is no number to try.
    assert ringing.get("http://127.0.0.1:8788/about/health") == {"reason": "GW not ready."}


def test_a_gateway_with_a_wrong_password_is_not_registered(ringing):
    ringing.restart_gateway(**{SIP + "PASSWORD": "Z3Vlc3M="})
    ringing.telephone.await_(state="refused")
    wait(lambda: "not registered as jigasi at 127.0.0.1:5060: the registrar says 403" in ringing.logs(), ringing.logs)


def test_a_caller_waits_for_the_moderator_and_is_heard(ringing):
    ringing.restart_gateway()
    telephone = ringing.telephone
    telephone.call("early", f"standup@conference.{DOMAIN}")
    assert telephone.await_(call="early", state="answered")["port"] in range(20000, 20010, 2)
    telephone.await_(call="early", state="silence")
    alice = Participant(ringing, ALICE, "standup", "alice")
    people = alice.await_people(2)
    [caller] = people.keys() - {"alice"}
    assert re.fullmatch("[0-9a-f]{8}", caller)
    assert people == {"alice": "moderator", caller: "participant"}
    telephone.await_(call="early", state="echo")
    telephone.call("late", "standup", codec="G722")
    telephone.await_(call="late", state="echo")
    alice.await_people(3)
    telephone.hang_up("early")
    assert caller not in alice.await_people(2)
    # When only callers are left the meeting is over for them.
    alice.process.terminate()
    telephone.await_(call="late", state="bye")
    wait(lambda: ringing.calls() == 0, ringing.logs)


def test_who_hangs_up_while_it_rings_is_forgotten(ringing):
    ringing.restart_gateway()
    alice = Participant(ringing, ALICE, "standup", "alice")
    alice.await_(state="joined", role="moderator")
    alice.leave()
    ringing.telephone.call("hasty", "standup")
    ringing.telephone.hang_up("hasty")
    ringing.telephone.await_(call="hasty", state="refused", status=487)


def test_a_call_that_names_no_room_is_refused(ringing):
    ringing.restart_gateway()
    ringing.telephone.call("lost")
    ringing.telephone.await_(call="lost", state="refused", status=486)
    ringing.telephone.call("odd", "standup", codec="GSM")
    ringing.telephone.await_(call="odd", state="refused", status=488)
    ringing.restart_gateway(**{"org.jitsi.jigasi.DEFAULT_JVB_ROOM_NAME": f"hall@conference.{DOMAIN}"})
    ringing.telephone.call("lost")
    ringing.telephone.await_(call="lost", state="answered")
    ringing.telephone.hang_up("lost")


def test_who_waits_too_long_is_sent_away(ringing):
    ringing.restart_gateway(**{"org.jitsi.jigasi.JVB_INVITE_TIMEOUT": 3000})
    ringing.telephone.call("patient", "elsewhere")
    ringing.telephone.await_(call="patient", state="answered")
    ringing.telephone.await_(call="patient", state="bye")


def test_a_line_that_went_silent_is_hung_up(ringing):
    threshold = {"org.jitsi.jigasi.SIP_MEDIA_DROPPED_THRESHOLD_MS": 3000}
    ringing.restart_gateway(**threshold, **{"org.jitsi.jigasi.HANGUP_SIP_ON_MEDIA_DROPPED": "true"})
    alice = Participant(ringing, ALICE, "standup", "alice")
    alice.await_(state="joined", role="moderator")
    ringing.telephone.call("mute", "standup")
    ringing.telephone.await_(call="mute", state="echo")
    alice.await_people(2)
    ringing.telephone.leave()
    alice.await_people(1)
    ringing.telephone = Telephone(ringing, SIP_WORD)
    alice.leave()


def test_what_a_gateway_logs_of_calls_its_settings_say(ringing):
    quiet = ".level=OFF\nnet.java.sip.communicator.impl.protocol.sip.SipRegistrarConnection.level=WARNING\n"
    for text, named in ((".level=INFO\n", True), (quiet, False)):
        ringing.put("/etc/jitsi/jigasi/logging.properties", text)
        ringing.restart_gateway(**{SIP + "PASSWORD": "Z3Vlc3M="})
        ringing.telephone.call("nosy", "secret-room")
        ringing.telephone.await_(call="nosy", state="answered")
        ringing.telephone.hang_up("nosy")
        wait(lambda: "not registered as jigasi" in ringing.log("jitsi/jigasi.log"), ringing.logs)
        log = ringing.log("jitsi/jigasi.log")
        assert ("nosy" in log, "secret-room" in log) == (named, named)


def test_a_gateway_believes_no_certificate_it_does_not_know(ringing):
    ringing.stop(ringing.gateway)
    wait(lambda: ringing.gateways() == 0, ringing.logs)
    ringing.put("/etc/jitsi/jigasi/logging.properties", ".level=INFO\n")
    ringing.gateway = ringing.start_gateway("SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/nonexistent")
    wait(lambda: f"for auth.{DOMAIN} is not trusted" in ringing.log("jitsi/jigasi.log"), ringing.logs)
    assert ringing.gateways() == 0
    ringing.restart_gateway()


def test_an_upgrade_keeps_the_configuration(running):
    conf = "/etc/jitsi/videobridge/jvb.conf"
    running.sh(f"sed -i 's/MUC_NICKNAME=.*/MUC_NICKNAME=kept/' {conf}")
    before = running.sh(f"sha256sum {conf} /etc/jitsi/jicofo/jicofo.conf /etc/nginx/sites-available/*.conf").stdout
    running.put(
        "/etc/apt/preferences.d/jitsi",
        textwrap.dedent("""
        Package: jitsi-videobridge2
        Pin: version 2.3-307-g4bb0aead1-1
        Pin-Priority: 1001

        Package: jicofo
        Pin: version 1.0-1189-1
        Pin-Priority: 1001

        Package: jitsi-meet-*
        Pin: version 1.0.9365-1
        Pin-Priority: 1001
    """).lstrip(),
    )
    running.sh("apt-get -y upgrade")
    versions = running.sh("dpkg-query -Wf '${Version} ${Status}\\n' 'jitsi-*' jicofo").stdout
    assert "1.0-1189-1 install ok installed" in versions
    assert versions.count("1.0.9365-1 install ok installed") == 3
    assert (
        before == running.sh(f"sha256sum {conf} /etc/jitsi/jicofo/jicofo.conf /etc/nginx/sites-available/*.conf").stdout
    )


def test_purging_leaves_nothing(running):
    running.sh(f"apt-get purge -y {' '.join(OLD)} jigasi")
    left = running.sh(
        "ls /etc/jitsi/jicofo /etc/jitsi/videobridge /etc/jitsi/jigasi /etc/logrotate.d/jicofo /usr/share/jicofo",
        check=False,
    )
    assert left.stdout == ""


def test_the_repository_is_served(repository):
    address = "127.0.0.1:18099"
    subprocess.run([PACKAGES / "serve", "up", address], check=True)
    try:
        again = subprocess.run([PACKAGES / "serve", "up", address], check=True, capture_output=True, text=True)
        assert address in again.stdout
        for path in ("jitsi-key.gpg.key", "stable/InRelease"):
            with urllib.request.urlopen(f"http://{address}/{path}") as answer:
                assert b"BEGIN PGP" in answer.read()
    finally:
        subprocess.run([PACKAGES / "serve", "down", address], check=True)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{address}/")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
