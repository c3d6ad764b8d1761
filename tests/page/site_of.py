"""The page of an example customer, as roles consent_gate and web write it, on this machine's loopback by real nginx."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rendering import bundled, link_role, play, within_limits

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

STATE = Path(os.environ.get("LAB_STATE") or ROOT / ".lab")
RELEASE = "1.0.9268-1"
DOMAIN = "meet.example-small.test"
ORIGIN = f"https://{DOMAIN}"
COMMAND = b"<!--# echo var='host' -->"


def run(*command, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need(program: str, package: str) -> str:
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path, f"this test needs {program}: apt-get install {package}"
    return path


def unpacked(folder: Path, version: str = RELEASE) -> Path:
    """The files of jitsi-meet-web, unpacked into the folder as on a server."""
    run(ROOT / "lab/packages/build", env={**os.environ, "LAB_STATE": str(STATE)})
    run("dpkg-deb", "-x", STATE / f"packages/repo/stable/jitsi-meet-web_{version}_all.deb", folder)
    return folder / "usr/share/jitsi-meet"


def write(folder: Path, settings: dict) -> None:
    """Has the page's roles write their files below folder, for the example customer and settings on top of theirs."""
    for role in ("login", "consent_gate", "web"):
        link_role(role, folder, HERE / f"{role}_tasks.yml")
    places = {
        "render_dir": str(folder),
        "render_tasks": str(ROOT / "tests/render/role_tasks.yml"),
        "real_roles": str(ROOT / "roles"),
        "__consent_gate_folder": str(folder / "consent"),
        "__web_branding_folder": str(folder / "branding"),
        "__web_rooms_file": str(folder / "rooms.js"),
    }
    play(HERE / "render.yml", folder, "example-small", "-e", json.dumps(places | settings))
    for _, _, name, text in bundled(folder):
        (folder / name).write_text(text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prosody(BaseHTTPRequestHandler):
    """Where nginx hands signalling on to: says so, or has a command for nginx where it is asked for one."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(COMMAND if "command" in self.path else b"signalling")

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Answer:
    """Status, headers (of several with one name the last), cookies and text."""

    def __init__(self, answer: http.client.HTTPResponse):
        self.cookies = answer.headers.get_all("Set-Cookie") or []
        self.status, self.headers, self.text = answer.status, answer.headers, answer.read().decode(errors="replace")


class Site:
    """A running page: asked directly, or by a browser that is told where it is."""

    def __init__(self, folder: Path, port: int):
        self.folder, self.port = folder, port
        self.authority = str(folder / "server.crt")

    def get(
        self, path: str, method: str = "GET", source: str = "127.0.0.1", told: str = "", body: str = "", **headers: str
    ) -> Answer:
        """Asks for path, exactly as written, from the address source; headers with _ for -.

        Behind a split of port 443 the visitor is the one that is told.
        """
        context = ssl.create_default_context(cafile=self.authority)
        connection = http.client.HTTPSConnection(DOMAIN, timeout=10)
        plain = socket.create_connection(("127.0.0.1", self.port), 10, source_address=(source, 0))
        if told:
            family, here = ("TCP6", "::1") if ":" in told else ("TCP4", "127.0.0.1")
            plain.sendall(f"PROXY {family} {told} {here} 40000 443\r\n".encode())
        connection.sock = context.wrap_socket(plain, server_hostname=DOMAIN)
        with contextlib.closing(connection):
            connection.putrequest(method, path)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body.encode() or None)
            return Answer(connection.getresponse())

    def log(self, lines: int = 0) -> list[str]:
        """The access log, once it has that many lines: nginx writes them after it has answered."""
        deadline = time.monotonic() + 10
        while len(log := (self.folder / "access.log").read_text().splitlines()) < lines and time.monotonic() < deadline:
            time.sleep(0.01)
        return log

    def cookie(self, **how: str) -> str:
        """What a browser would send that has agreed."""
        return self.get("/", "POST", Origin=ORIGIN, **how).headers["Set-Cookie"].split(";")[0]


def with_included(text: str, folder: Path) -> str:
    """nginx.conf with what it includes of the toolkit's own, which lies beside it."""
    for name in ("visitors-http.conf", "gate-http.conf", "gate-server.conf"):
        line = f"include /etc/nginx/{name};"
        assert line in text, f"nginx.conf does not {line}"
        text = text.replace(line, (folder / name).read_text())
    return text


def replaced(text: str, places: dict) -> str:
    for place, here in places.items():
        assert place in text, f"nginx.conf does not speak of {place}"
        text = text.replace(place, str(here))
    return text


def placed(folder: Path, package: Path, prosody: int) -> str:
    """nginx.conf with the paths of a server turned into those of this test, and prosody at that port."""
    places = {
        "/etc/jitsi/meet/interface_config.js": folder / "interface_config.js",
        f"/etc/jitsi/meet/{DOMAIN}-config.js": folder / "config.js",
        "/etc/jitsi/certificates": folder,
        "/usr/share/jitsi-meet": package,
        "/var/log/nginx": folder,
        "/run/nginx.pid": folder / "nginx.pid",
        "127.0.0.1:5280": f"127.0.0.1:{prosody}",
        "user www-data;": "user root;" if os.geteuid() == 0 else "",
    }
    return replaced(within_limits(with_included((folder / "nginx.conf").read_text(), folder)), places)


def configuration(folder: Path, package: Path, port: int, prosody: int) -> str:
    """nginx.conf with paths and ports of a server turned into those of this test; everything else stays."""
    text = placed(folder, package, prosody)
    alone = {"    listen 443 ssl http2;\n    listen [::]:443 ssl http2;": f"    listen 127.0.0.1:{port} ssl http2;"}
    split = {
        "    listen 443;\n    listen [::]:443;": f"    listen 127.0.0.1:{free_port()};",
        "listen 127.0.0.1:5350": f"listen 127.0.0.1:{free_port()}",
        "127.0.0.1:4444": f"127.0.0.1:{port}",
    }
    here = {"  listen 80 default_server;\n  listen [::]:80 default_server;": f"  listen 127.0.0.1:{free_port()};"}
    return replaced(text, here | (split if "ssl_preread on;" in text else alone))


def certify(folder: Path) -> None:
    """A key and a certificate of DOMAIN."""
    run(
        *(need("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}", "-days", "2"),
        *("-keyout", folder / "server.key", "-out", folder / "server.crt"),
    )


@contextlib.contextmanager
def started(file: Path, listens, place=()):
    """nginx from that file, once listens() is true; the words of place in front of the command say where it runs."""
    program = need("nginx", "nginx-light libnginx-mod-stream")
    server = subprocess.Popen([*place, program, "-e", "stderr", "-c", str(file), "-g", "daemon off;"])
    try:
        deadline = time.monotonic() + 10
        while not listens():
            assert server.poll() is None, "nginx does not start"
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.02)
        yield
    finally:
        server.terminate()
        server.wait()


def listens_at(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def serve(folder: Path, package: Path, **settings):
    """Serves the page made of the package's files and the settings."""
    write(folder, settings)
    certify(folder)
    prosody = ThreadingHTTPServer(("127.0.0.1", 0), Prosody)
    threading.Thread(target=prosody.serve_forever, daemon=True).start()
    site = Site(folder, free_port())
    file = folder / "served.conf"
    file.write_text(configuration(folder, package, site.port, prosody.server_port))
    try:
        with started(file, lambda: listens_at(site.port)):
            yield site
    finally:
        prosody.shutdown()
        prosody.server_close()
