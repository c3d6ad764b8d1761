"""The stand-in packages on Debian 12 and 13: questions, refusals, and a conference of all of them together.

Each release gets one root filesystem in a network and mount namespace of its own; the daemons run there by hand, as
their units would start them.  Needs root, mmdebstrap, and a mirror for the first run.
"""

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
STATE = Path(os.environ.get("LAB_STATE") or HERE.parents[1] / ".lab") / "packages"
OLD = {
    **dict.fromkeys(("jitsi-meet-web", "jitsi-meet-web-config", "jitsi-meet-prosody"), "1.0.9268-1"),
    "jicofo": "1.0-1183-1",
    "jitsi-videobridge2": "2.3-295-g8d5c0037b-1",
}
DOMAIN = "meet.example"
PROGRAM = "/srv/participant.py"
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


class Participant:
    """A person in a conference, see participant.py."""

    def __init__(self, machine, login, room, nick):
        machine.put(PROGRAM, (HERE / "participant.py").read_text())
        self.process = machine.start("python3", PROGRAM, DOMAIN, *login, room, nick, text=True)
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


class Packaged(Machine):
    """A machine that can install the stand-ins."""

    def __init__(self, tar, mountpoint):
        super().__init__(
            tar,
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

    def get(self, url):
        done = self.sh(f"curl -s --max-time 5 {url}", check=False)
        return json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def bridges(self, kind="operational_bridge_count"):
        return self.get("http://127.0.0.1:8888/stats").get("bridge_selector", {}).get(kind)

    def logs(self):
        return "\n".join(self.log(name) for name in ("jitsi/jicofo.log", "jitsi/jvb.log", "prosody/prosody.log"))


@pytest.fixture(scope="session")
def repository():
    subprocess.run([HERE / "build"], check=True)
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
    machine.start_prosody()
    machine.start("nginx", "-g", "daemon off;")
    machine.jicofo = machine.start_jicofo()
    machine.bridge = machine.start_bridge()
    wait(lambda: machine.bridges() == 1, machine.logs)
    return machine


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


def test_the_media_port_answers(running):
    running.put("/srv/stun.py", STUN)
    running.sh("python3 /srv/stun.py")


def test_a_drained_bridge_gets_no_conferences(running):
    running.sh("curl -fsS -X POST http://127.0.0.1:8080/colibri/drain/enable")
    assert running.get("http://127.0.0.1:8080/colibri/drain") == {"drain": True}
    wait(lambda: running.bridges() == 0, running.logs)
    assert running.bridges("bridge_count") == 1
    running.sh("curl -fsS -X POST http://127.0.0.1:8080/colibri/drain/disable")
    wait(lambda: running.bridges() == 1, running.logs)


def test_guests_wait_until_the_moderator_comes(running):
    guest = Participant(running, GUEST, "standup", "guest")
    guest.await_(state="waiting", reason="registration-required")
    alice = Participant(running, ALICE, "standup", "alice")
    alice.await_(state="joined", role="moderator")
    assert guest.await_(state="joined", role="participant")["people"]["alice"] == "moderator"
    late = Participant(running, GUEST, "standup", "late")
    late.await_(state="joined", people={"guest": "participant", "alice": "moderator", "late": "participant"})
    assert running.get("http://127.0.0.1:8888/stats")["participants"] == 3
    for person in (guest, alice, late):
        person.leave()


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
    order = ["head.html", "base.html", "fonts.html", "/config.js", "/interface_config.js", "libs/strophe", "libs/app",
             "title.html", "plugin.head.html", "body.html", 'id="react"']  # fmt: skip
    source = running.sh("cat /usr/share/jitsi-meet/index.html").stdout
    places = [source.index(name) for name in order]
    assert places == sorted(places)
    assert f"domain: '{DOMAIN}'" in page
    assert "<!--#" not in page
    assert page.split("<script>")[1].lstrip().startswith("// STAND-IN")
    app = running.sh("cat /usr/share/jitsi-meet/libs/app.bundle.min.js").stdout
    # Whom Jitsi's own page asks when its configuration lets it, and nobody else.
    asked = {"www.gravatar.com", "api.giphy.com", "apis.google.com", "excalidraw.com", "watchrtc.testrtc.com",
             "www.dropbox.com", "api.amplitude.com"}  # fmt: skip
    namespaces = {"jitsi.org", "jabber.org"}
    assert set(re.findall(r"\w+://([^'/]+)", app)) == asked | namespaces, "a request to somewhere else"
    assert len(app) < 60000


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
        Pin: version 1.0.9350-1
        Pin-Priority: 1001
    """).lstrip(),
    )
    running.sh("apt-get -y upgrade")
    versions = running.sh("dpkg-query -Wf '${Version} ${Status}\\n' 'jitsi-*' jicofo").stdout
    assert "1.0-1189-1 install ok installed" in versions
    assert versions.count("1.0.9350-1 install ok installed") == 3
    assert (
        before == running.sh(f"sha256sum {conf} /etc/jitsi/jicofo/jicofo.conf /etc/nginx/sites-available/*.conf").stdout
    )


def test_purging_leaves_nothing(running):
    running.sh(f"apt-get purge -y {' '.join(OLD)}")
    left = running.sh(
        "ls /etc/jitsi/jicofo /etc/jitsi/videobridge /etc/logrotate.d/jicofo /usr/share/jicofo", check=False
    )
    assert left.stdout == ""


def test_the_repository_is_served(repository):
    address = "127.0.0.1:18099"
    subprocess.run([HERE / "serve", "up", address], check=True)
    try:
        again = subprocess.run([HERE / "serve", "up", address], check=True, capture_output=True, text=True)
        assert address in again.stdout
        for path in ("jitsi-key.gpg.key", "stable/InRelease"):
            with urllib.request.urlopen(f"http://{address}/{path}") as answer:
                assert b"BEGIN PGP" in answer.read()
    finally:
        subprocess.run([HERE / "serve", "down", address], check=True)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{address}/")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
