"""make releases over the stand-ins' repository: what belongs together is what lab/packages/releases says."""

import functools
import http.server
import subprocess
import threading

import pytest
from test_packages import PACKAGES, STATE

from toolkit.cli.jitsi_releases import dated, releases
from toolkit.cli.jitsi_repository import dates, package_list


@pytest.fixture(scope="module")
def repository():
    subprocess.run([PACKAGES / "build"], check=True)
    serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(STATE / "repo"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield {"url": url, "suite": "stable/", "key_file": str(STATE / "repo/jitsi-key.gpg.key")}
        server.shutdown()


def test_the_meta_package_and_the_dates_say_what_belongs_together(repository):
    packages = package_list(repository)
    found = {
        release.name: [f"{release.date:%Y-%m-%d}", *release.packages.values()]
        for release in releases(packages, dates(repository, dated(packages)))
    }
    rows = [line.split() for line in (PACKAGES / "releases").read_text().splitlines() if line[0] != "#"]
    assert found == {
        release: [day, web, web, web, jicofo, bridge, recorder, gateway]
        for release, day, web, jicofo, bridge, recorder, gateway in rows
    }
