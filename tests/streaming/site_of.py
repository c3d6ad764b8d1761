"""The streaming server of an example customer, as the roles write it, in a Debian of its own."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from browser import need
from machine import Machine, wait
from publisher import publish
from rendering import link_role, play, within_limits

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

DOMAIN = "stream.meet.example-services.test"
ORIGIN = f"https://{DOMAIN}"
KEY = "Key_of-the-Publisher"
# Who connects to an address of this machine comes from that very address.
RECORDER, STRANGER = "10.9.0.1", "10.9.0.2"
# Addresses of one household, and one of its neighbours'.
HOUSEHOLD, NEIGHBOUR = ("[2001:db8:0:1::1]", "[2001:db8:0:1:a:b:c:d]", "[2001:db8::1:0:0:2:1]"), "[2001:db8:0:2::1]"
# A picture that needs as many bits as it gets.
NOISE = "nullsrc=size=640x360:rate=15,noise=alls=90:allf=t"
CERTIFICATES = "/etc/jitsi/certificates"


def write(folder: Path, settings: dict) -> None:
    """Has the roles write their files below folder, for the example customer and the settings on top of his own."""
    for name in ("consent_gate", "streaming"):
        link_role(name, folder, HERE / f"{name}_tasks.yml")
    for place in ("etc/nginx", "var/www"):
        (folder / place).mkdir(parents=True)
    places = {
        "folder": str(folder),
        "real_roles": str(ROOT / "roles"),
        "__consent_gate_folder": f"{folder}/var/www/consent",
        "__streaming_pages_folder": f"{folder}/var/www/streaming",
        "jitsi_stream_publishers": [f"{RECORDER}/32"],
        "streaming_key": KEY,
    }
    play(HERE / "render.yml", folder, "example-services", "-e", json.dumps(places | settings))


class Answer:
    """Status, headers and text of what curl printed, of several headers with one name the last."""

    def __init__(self, printed: bytes):
        head, _, body = printed.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body, self.text = body, body.decode(errors="replace")


class Site:
    """A running streaming server, its publishers and its viewers."""

    def __init__(self, root: Path, folder: Path, **settings):
        write(folder, settings)
        (folder / "root").mkdir()
        self.machine = Machine(
            root,
            folder / "root",
            "; ".join(
                f"ip address add {address.strip('[]')} dev lo"
                for address in (RECORDER, STRANGER, *HOUSEHOLD, NEIGHBOUR)
            ),
        )
        for name in ("etc/nginx", "var/www"):
            for file in filter(Path.is_file, (folder / name).rglob("*")):
                text = within_limits(file.read_text().replace(f"{folder}/", "/"))
                self.machine.put(str(file.relative_to(folder)), text)
        self.machine.sh(
            f"mkdir -p {CERTIFICATES} /var/lib/streaming; cd {CERTIFICATES}; openssl req -x509 -newkey ec -pkeyopt "
            f"ec_paramgen_curve:P-256 -nodes -subj /CN={DOMAIN} -addext subjectAltName=DNS:{DOMAIN} -days 2 "
            "-keyout server.key -out server.crt; nginx -t -q -c /etc/nginx/streaming.conf"
        )
        self.folder = folder
        self.authority = folder / "server.crt"
        shutil.copy(self.machine.root / CERTIFICATES.lstrip("/") / "server.crt", self.authority)
        self.nginx = self.machine.start("nginx", "-c", "/etc/nginx/streaming.conf", "-g", "daemon off;")
        wait(lambda: self.machine.sh("ss -Hltn sport = :443").stdout, "nginx does not listen")

    @property
    def near(self) -> list[str]:
        """Before a command of this machine: in the network of the other."""
        return ["nsenter", "-t", str(self.machine.holder.pid), "-n"]

    def asking(self, path: str, *options: str, cookies: str = "", host: str = "127.0.0.1") -> list[str]:
        """A command that asks."""
        line = [*self.near, need("curl", "curl"), "-s", "-i", "--http1.1", "--path-as-is"]
        line += ["--cacert", str(self.authority), "--resolve", f"{DOMAIN}:443:{host}", "-b", cookies]
        return [*line, *options, ORIGIN + path]

    def get(self, path: str, *options: str, **how: str) -> Answer:
        """What the server at one of its addresses, host, answers to somebody who has that very address."""
        return Answer(subprocess.run(self.asking(path, *options, **how), capture_output=True, check=True).stdout)

    def consent(self) -> str:
        """What a browser would send that has agreed, if it was asked."""
        answer = self.get("/", "-X", "POST", "-H", f"Origin: {ORIGIN}")
        return answer.headers.get("set-cookie", "").split(";")[0]

    def publisher(self, key: str, host: str = RECORDER, **how) -> subprocess.Popen:
        return publish(f"{host}:1936", key, self.folder, near=self.near, **how)

    @contextlib.contextmanager
    def stream(self, **how):
        """A stream that is watched while this lasts."""
        began = time.time()
        publisher = self.publisher(KEY, **how)
        cookies = self.consent()
        playlist = self.machine.root / "var/lib/streaming/live/live.m3u8"
        try:
            # The one before may still be there.
            wait(lambda: playlist.exists() and playlist.stat().st_mtime > began, "no stream")
            assert self.get("/live/live.m3u8", cookies=cookies).status == 200
            yield publisher
        finally:
            publisher.terminate()
            publisher.wait()

    def pieces(self) -> list[str]:
        """What is there of a stream."""
        return sorted(os.listdir(self.machine.root / "var/lib/streaming/live"))

    def segment(self, cookies: str) -> str:
        """The path of a segment that is watched now."""
        return "/live/" + re.findall(r"^live-\d+\.ts$", self.get("/live/live.m3u8", cookies=cookies).text, re.M)[-1]
