"""Keys as gpg makes them, and folders that are served by HTTP."""

import functools
import http.server
import re
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path


def gpg(home: Path, *words: str, **options) -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", *words]
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def fingerprint(key: Path) -> str:
    """What gpg says of the first key in a file."""
    shown = subprocess.run(
        ["gpg", "--batch", "--show-keys", "--with-colons", str(key)], check=True, capture_output=True, text=True
    ).stdout
    return re.search(r"^fpr:+([0-9A-F]{40}):$", shown, re.MULTILINE)[1]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder: Path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
