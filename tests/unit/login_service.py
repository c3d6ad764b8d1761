"""The login service in a thread of the test, asked over its socket as nginx and browsers do."""

import asyncio
import http.client
import re
import socket
import threading
from urllib.parse import urlencode

from aiohttp import web
from argon2.low_level import Type, hash_secret

from programs.login.backends import Refused, User, create
from programs.login.server import application
from programs.login.sessions import Sessions
from programs.login.settings import Settings

DOMAIN = "meet.acme.example"
ORIGIN = f"https://{DOMAIN}"
KEY = "key-of-the-tokens-with-32-characters-or-more"
COLORS = {"background": "#ffffff", "text": "#1c1c1e", "accent": "#0b57d0"}


def hash_of(password: str) -> str:
    """As cheap as argon2 allows."""
    return hash_secret(password.encode(), b"8 bytes of salt", 1, 8, 1, 16, Type.ID).decode()


def settings_with(**changes) -> Settings:
    usual = {
        "domain": DOMAIN,
        "key": KEY,
        "kind": "internal",
        "backend": {"accounts": {"anna": hash_of("correct horse"), "bernd": hash_of("battery staple")}},
        "name": "Acme <Meet>",
        "language": "en",
        "colors": {"light": COLORS, "dark": COLORS},
        "logo": "",
        "imprint_url": "https://www.acme.example/imprint",
        "privacy_url": "https://www.acme.example/privacy",
    }
    return Settings(**usual | changes)


class Fake:
    """A back end that answers what it is told to, when it is told to."""

    def __init__(self):
        self.answer, self.now, self.asked, self.gate = User("anna"), User("anna"), [], None

    def person(self, login):
        return login.casefold()

    async def check(self, login, typed, address):
        self.asked.append((login, typed, address))
        if self.gate:
            await self.gate.wait()
        return self.answer if typed == "right" or self.answer == Refused("unavailable") else Refused("wrong")

    async def current(self, login):
        if self.now is None:
            await asyncio.Event().wait()
        return self.now

    async def close(self):
        pass


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__(DOMAIN, timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self.path))


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.text = answer.status, answer.headers, answer.read().decode()
        self.cookies = answer.headers.get_all("Set-Cookie") or []


class Service:
    def __init__(self, folder, backend=None, socket=None, **changes):
        self.folder, self.backend, self.settings = folder, backend, settings_with(**changes)
        self.socket, self.database = socket or folder / "http.sock", folder / "sessions.sqlite"
        self.start()

    def start(self):
        self.loop, ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(20)

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        backend = self.backend or create(self.settings.kind, self.settings.backend)
        app = application(self.settings, Sessions(self.database, self.settings), backend)
        self.runner = web.AppRunner(app, access_log=None)
        self.loop.run_until_complete(self.runner.setup())
        self.loop.run_until_complete(web.UnixSite(self.runner, str(self.socket)).start())
        ready.set()
        self.loop.run_forever()

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()

    def restart(self, **changes):
        """With the same sessions, and other settings."""
        self.stop()
        self.settings = settings_with(**changes)
        self.start()

    def ask(self, path, method="GET", body=None, **headers):
        connection = UnixConnection(self.socket)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            body, headers = urlencode(body), headers | {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer


class Browser:
    """Keeps cookies as a browser does, for one site, and sends a form from its own page."""

    def __init__(self, service, address="192.0.2.7"):
        self.service, self.address, self.cookies, self.last = service, address, {}, None

    def _ask(self, path, method="GET", body=None, **headers):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"X_Forwarded_For": self.address} | ({"Cookie": cookies} if cookies else {}) | headers
        self.last = self.service.ask(path, method, body, **headers)
        for cookie in self.last.cookies:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies.pop(name, None)
            if "Max-Age=0" not in cookie:
                self.cookies[name] = value.strip('"')
        return self.last

    def get(self, path, **headers):
        return self._ask(path, **headers)

    def post(self, path, body, origin=ORIGIN, **headers):
        return self._ask(path, "POST", body, **headers | ({"Origin": origin} if origin else {}))

    def mark(self):
        return re.search(r'name="form" value="([0-9a-f]+)"', self.last.text)[1]

    def log_in(self, user="anna", word="correct horse", query="", **fields):
        self.get(f"/login{query}")
        return self.post(f"/login{query}", {"user": user, "password": word, "form": self.mark()} | fields)

    def is_logged_in(self):
        return self.get("/_login/session").headers.get("X-Login") == "yes"

    def token(self, room="daily", origin=ORIGIN, uri=""):
        uri = uri or f"/xmpp-websocket?room={room}"
        headers = {"X_Original_URI": uri} | ({"Origin": origin} if origin else {})
        answer = self.get("/_login/token", **headers)
        assert answer.status == 204
        return answer.headers.get("X-Token", "")
