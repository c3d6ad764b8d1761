"""STAND-IN for what Selenium does for Jibri: starts the browser's driver and steers the browser through it.

As the real one: where no driver is named it asks third parties for one first (Selenium Manager), and the driver writes
down every address the browser opens and every value that is set there, unless its log goes elsewhere.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ASKED = ("plausible.io", "googlechromelabs.github.io")  # statistics, and which drivers there are
LOG = "/var/log/jitsi/jibri/chromedriver.log"
START_SECONDS, ANSWER_SECONDS, ASK_SECONDS = 20, 60, 3


class BrowserError(Exception):
    """The browser does not do what it is told; the message is for the log."""


def find_driver(properties):
    """The driver's path."""
    if path := properties.get("webdriver.chrome.driver"):
        return path
    for name in ASKED:
        with contextlib.suppress(OSError):
            socket.create_connection((name, 443), ASK_SECONDS).close()
    return shutil.which("chromedriver") or "chromedriver"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Browser:
    """A browser without a window, until the end of the block."""

    def __init__(self, properties):
        log = pathlib.Path(properties.get("webdriver.chrome.logfile", LOG))
        log.parent.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        words = [find_driver(properties), f"--port={self.port}", f"--log-path={log}"]
        quiet = subprocess.DEVNULL
        try:
            self.driver = subprocess.Popen(words, stdout=quiet, stderr=quiet, env=os.environ | {"DISPLAY": ":0"})
        except OSError as error:
            raise BrowserError(f"the browser's driver does not start: {error}") from None
        self.session, self.home = "", tempfile.TemporaryDirectory()

    def __enter__(self):
        try:
            self._await_driver()
            arguments = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.home.name}"]
            wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
            self.session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BrowserError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrowserError):
            if self.session:
                self._ask("DELETE", f"/session/{self.session}")
        self.driver.terminate()
        self.driver.wait()
        with contextlib.suppress(OSError):
            self.home.cleanup()

    def _await_driver(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(BrowserError):
                self._ask("GET", "/status")
                return
            if self.driver.poll() is not None or time.monotonic() > deadline:
                raise BrowserError("the browser's driver does not start")
            time.sleep(0.1)

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - the driver here
                return json.load(answer)["value"]
        except (OSError, ValueError) as error:
            raise BrowserError(f"the browser does not {method} {path.rpartition('/')[2]}: {error}") from None

    def open(self, address, **storage):
        """The page behind the address, with these values where pages keep such; what it has become."""
        self._ask("POST", f"/session/{self.session}/url", {"url": address})
        for name, value in storage.items():
            script = "window.localStorage.setItem(arguments[0], arguments[1])"
            self._ask("POST", f"/session/{self.session}/execute/sync", {"script": script, "args": [name, value]})
        return self._ask("GET", f"/session/{self.session}/source")
