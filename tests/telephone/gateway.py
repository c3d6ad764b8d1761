"""A gateway in a Debian of its own, with the files its roles write, and the world around it."""

import contextlib
import json
import math
import ssl
import subprocess
import threading
import wave
from array import array
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from machine import Machine, wait
from network import Place, inside
from phone import Phone
from rendering import bundled, link_role, play

from programs.dial_in_ivr.prompts import prompt_file, trailing_silence
from programs.dial_in_ivr.settings import Settings
from toolkit.formats.program_archive import archive_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLE = "example-services"
DOMAIN = f"meet.{EXAMPLE}.test"
PRIVATE, PUBLIC, ROUTER, TRUNK, STRANGER = "10.71.0.20", "203.0.113.20", "10.71.0.1", "192.0.2.10", "198.51.100.66"
KEY = "the-mappers-key"
ROOM = f"weekly%20call@conference.{DOMAIN}"
PIN, OTHER_PIN, WRONG_PIN = "141592653", "271828182", "123456789"
# Instead of what is said: a tone for each prompt.
TONES = {"welcome": 700, "wrong": 900, "connecting": 1100, "waiting": 1500, "unavailable": 1700, "goodbye": 1900}
SPEECH = 0.6
# The floating address: what goes there goes to the gateway, and what comes from there comes from it.
NAT = f"""
table ip floating {{
  chain outwards {{
    type nat hook output priority -100
    ip daddr {PUBLIC} dnat to {PRIVATE}
  }}
  chain inwards {{
    type nat hook input priority 100
    ip saddr {PRIVATE} ip daddr != {ROUTER} snat to {PUBLIC}
  }}
}}
"""


def render(folder: Path, settings: dict) -> dict[str, str]:
    """The files of the gateway, by role and name."""
    for role in ("sip_server", "dial_in_ivr"):
        link_role(role, folder, ROOT / "tests/render/role_tasks.yml")
    given = {
        "render_dir": str(folder),
        "server_private_ipv4": PRIVATE, "jigasi_xmpp_server": ROUTER, "sip_server_mapper_key": KEY,
        "certificate_mode": "own_ca", "jitsi_dial_in_lines": 3,
        "jitsi_trunk": {"host": TRUNK, "networks": ["192.0.2.0/24"], "codecs": ["PCMA"]},
    }  # fmt: skip
    play(HERE / "render.yml", folder, EXAMPLE, "-e", json.dumps(given | settings))
    return {f"{role}/{name}": text for _, role, name, text in bundled(folder)}


class World(Place):
    """Where the trunk is, the page, and strangers."""

    def __init__(self):
        super().__init__(
            f"""
            for address in {TRUNK}/24 {STRANGER}/24; do ip address add $address dev lo; done
            printf '%s' '{NAT}' | nft -f -
            """
        )

    def connect(self, machine):
        self.run(f"ip link add gateway type veth peer name eth0 netns {machine.holder.pid}")
        self.run(f"ip address add {ROUTER}/24 dev gateway; ip link set gateway up; ip route add {PUBLIC} dev gateway")
        machine.sh(f"ip address add {PRIVATE}/24 dev eth0; ip link set eth0 up; ip route add default via {ROUTER}")

    def run(self, script):
        subprocess.run(["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "sh", "-ec", script], check=True)


class Mapper:
    """What the page says to gateways about PINs, over HTTPS; the answers are the tests' to change."""

    def __init__(self, world, certificate):
        self.world, self.certificate = world, certificate
        self.rooms, self.status, self.asked = {}, 200, []
        self.behind = None  # another who answers: (path, headers) -> (status, body)
        self.going = threading.Event()
        self.going.set()
        self.server = None

    def start(self):
        mapper = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                mapper.asked.append(query)
                mapper.going.wait(30)
                status = mapper.status
                if url.path != "/dial-in/room" or self.headers["Authorization"] != f"Bearer {KEY}":
                    status = 403
                room = mapper.rooms.get(query.get("id"), False)
                body = json.dumps({"message": "x", "id": query.get("id"), "conference": room}).encode()
                if mapper.behind:
                    status, body = mapper.behind(self.path, {"Authorization": self.headers["Authorization"]})
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """Who leaves in the middle of it is no fault."""

        with inside(self.world):
            self.server = Server((ROUTER, 443), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @contextlib.contextmanager
    def stuck(self):
        """Takes questions and answers none."""
        self.going.clear()
        try:
            yield
        finally:
            self.going.set()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Gateway:
    """Kamailio and the dial-in IVR of one Debian."""

    def __init__(self, root, mountpoint, world):
        self.machine, self.world = Machine(root, mountpoint), world
        self.machine.sh(
            "install -m 666 /dev/null /var/log/kamailio.out; install -m 666 /dev/null /var/log/dial-in-ivr.out"
        )
        world.connect(self.machine)
        self.daemons, self.phones = {}, []

    def write(self, files, authority, tones=True, **timings):
        """The files where the roles put them, the prompts as tones."""
        put, sh = self.machine.put, self.machine.sh
        for name in ("kamailio.cfg", "dispatcher.list", "tls.cfg"):
            put(f"/etc/kamailio/{name}", files[f"sip_server/{name}"])
        for name in ("uacreg", "version"):
            put(f"/etc/kamailio/registration/{name}", files[f"sip_server/{name}"])
        put("/etc/kamailio/own-ca.crt", authority)
        put("/etc/hosts", files["sip_server/hosts"])
        put("/etc/resolv.conf", f"nameserver {ROUTER}\n")
        put("/usr/local/sbin/check-trunk", files["sip_server/check-trunk"])
        sh(
            "chmod 755 /usr/local/sbin/check-trunk; chgrp -R kamailio /etc/kamailio;"
            "chmod 640 /etc/kamailio/kamailio.cfg /etc/kamailio/registration/*; mkdir -p /etc/dial-in-ivr/prompts"
        )
        settings = json.loads(files["dial_in_ivr/settings.json"]) | timings
        put("/etc/dial-in-ivr/settings.json", json.dumps(settings))
        program = self.machine.root / "usr/local/sbin/dial-in-ivr"
        program.write_bytes(archive_of("dial_in_ivr"))
        program.chmod(0o755)
        if not tones:
            return
        used = Settings(**settings)
        for name in used.texts:
            steps = 2 * math.pi * TONES[name] / used.sample_rate
            sound = array("h", (round(8000 * math.sin(steps * n)) for n in range(round(used.sample_rate * SPEECH))))
            sound.extend(array("h", bytes(2 * round(used.sample_rate * trailing_silence(name)))))
            with wave.open(str(self.machine.root / str(prompt_file(used, name)).lstrip("/")), "wb") as target:
                target.setparams((1, 2, used.sample_rate, 0, "NONE", ""))
                target.writeframes(sound.tobytes())

    def start(self):
        self.start_kamailio()
        self.start_menu()

    def start_kamailio(self):
        self.machine.sh("kamailio -c -f /etc/kamailio/kamailio.cfg")
        self.machine.sh("install -d -o kamailio -g kamailio -m 770 /run/kamailio")
        command = "kamailio -DD -E -m 256 -f /etc/kamailio/kamailio.cfg"
        self.daemons["kamailio"] = self.machine.daemon(
            "kamailio", "kamailio", f"exec {command} > /var/log/kamailio.out 2>&1"
        )
        wait(lambda: self.rpc("core.version", check=False).returncode == 0, lambda: self.machine.log("kamailio.out"))

    def start_menu(self):
        self.daemons["menu"] = self.machine.daemon(
            "nobody",
            "nogroup",
            "exec /usr/local/sbin/dial-in-ivr serve /etc/dial-in-ivr/settings.json > /var/log/dial-in-ivr.out 2>&1",
        )
        wait(lambda: self.lines() == self.count(), lambda: self.machine.log("dial-in-ivr.out"))

    def count(self):
        return json.loads((self.machine.root / "etc/dial-in-ivr/settings.json").read_text())["channels"]

    def lines(self):
        """How many lines are steered."""
        script = "ss -Htn state established 'src 127.0.0.1 and sport >= :4501 and sport <= :4600' | wc -l"
        return int(self.machine.sh(script).stdout)

    def rpc(self, *words, check=True):
        return self.machine.sh(f"kamcmd -s unix:/run/kamailio/kamailio_ctl {' '.join(words)}", check=check)

    def end(self, name):
        self.machine.stop(self.daemons[name], killed_after=5 if name == "kamailio" else None)

    def stop(self):
        for name, process in self.daemons.items():
            if process.poll() is None:
                self.end(name)
        for phone in self.phones:
            phone.close()
        self.daemons, self.phones = {}, []

    def phone(self, address="127.0.0.1", port=0, **options):
        """A telephone on the gateway itself."""
        self.phones.append(Phone(lambda: inside(self.machine), address, port, ("127.0.0.1", 5060), **options))
        return self.phones[-1]

    def outside(self, address=TRUNK, port=0, **options):
        """A telephone in the world."""
        self.phones.append(Phone(lambda: inside(self.world), address, port, (PUBLIC, 5060), **options))
        return self.phones[-1]

    def check_trunk(self):
        return self.machine.sh("/usr/local/sbin/check-trunk", check=False)

    def close(self):
        self.stop()
        self.machine.close()
