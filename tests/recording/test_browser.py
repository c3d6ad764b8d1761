"""Whom a recorder's browser driver asks, and where it writes, with the options that role jibri hands to Java."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
STAND_IN = ROOT / "lab/packages/jibri/root/opt/jitsi/jibri"
# In a network with nothing but a name server, which answers nothing and prints what it is asked.
SCRIPT = """
import os, socket, sys, threading
sys.dont_write_bytecode = True
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import browser
from standin.settings import java_properties

def serve(server):
    while True:
        question, sender = server.recvfrom(512)
        labels, place = [], 12
        while question[place]:
            labels.append(question[place + 1 : place + 1 + question[place]].decode())
            place += 1 + question[place]
        print("asked", ".".join(labels), flush=True)
        server.sendto(question[:2] + bytes([0x81, 0x83]) + question[4:6] + bytes(6) + question[12 : place + 5], sender)

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
threading.Thread(target=serve, args=(server,), daemon=True).start()
properties = java_properties(os.environ)
print("driver", browser.find_driver(properties), "log", properties.get("webdriver.chrome.logfile", browser.LOG))
"""


@pytest.fixture
def look(tmp_path):
    """look(options): what is said when a recorder with these options looks for its browser's driver."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (tmp_path / "program.py").write_text(SCRIPT)
    inside = f'ip link set lo up; mount --bind {tmp_path}/resolv.conf /etc/resolv.conf; exec "$@"'
    program = [sys.executable, tmp_path / "program.py", STAND_IN, ROOT / "lab/packages/common"]

    def look(options: str) -> str:
        return subprocess.run(
            ["unshare", "--net", "--mount", "--propagation=private", "sh", "-ec", inside, "sh", *program],
            env={"PATH": "/usr/sbin:/usr/bin", "JAVA_SYS_PROPS": "-Dconfig.file=none", "JAVA_TOOL_OPTIONS": options},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    return look


def test_no_third_party_is_asked_and_nothing_is_written_down(look):
    options = yaml.safe_load((ROOT / "roles/jibri/vars/main.yml").read_text())["__jibri_java"]
    assert look(options) == "driver /usr/bin/chromedriver log /dev/null\n"


def test_without_options_third_parties_are_asked(look):
    """Else the test above would show nothing."""
    said = look("")
    assert "asked plausible.io" in said
    assert "log /var/log/jitsi/jibri/chromedriver.log" in said
