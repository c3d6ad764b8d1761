"""What the verification says when a daemon does not run, a disk is full, a certificate's file is broken off."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[1]
LOGIN = {"port": 22, "user": "ops", "key": "", "args": ""}
CUSTOMER = {
    "domain": "meet.acme.test", "moderators": {"anna": "a password"}, "secrets": {}, "consent": False, "firewall": {},
    "rules": {"names": {"prefixes": [], "fixed": [], "shortest": 0}}, "pages": [], "ca": "", "log_days": 14,
}  # fmt: skip
# Instead of ssh: the command runs here, with programs of these servers' own.
SSH = """#!/bin/bash
for word; do case $word in acme-*) host=$word; esac; command=$word; done
[ "$command" = exit ] || host=$host PATH=%s:$PATH sh -c "$command"
"""
PROGRAMS = {
    "sudo": 'exec "$@"\n',
    "systemctl": 'shift\nfor unit; do grep -qx "$host $unit" "%s/stopped" && echo failed || echo active; done\n',
    "df": 'echo Avail Mounted on\necho "$(cat "%s/free") /"\n',
}


def host(name, *groups, names=()):
    login = LOGIN | {"host": name}
    return {"name": name, "groups": groups, "names": names, "ssh": login, "public": ["127.0.0.1"],
            "private": "127.0.0.1", "guarded": {}}  # fmt: skip


@pytest.fixture
def verify(tmp_path):
    """verify(checks, stopped, free): what is said by these checks where these daemons do not run, with that room."""
    (programs := tmp_path / "bin").mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text("#!/bin/bash\n" + (text % tmp_path if "%s" in text else text))
    (tmp_path / "path").mkdir()
    (tmp_path / "path/ssh").write_text(SSH % programs)
    for program in (*programs.iterdir(), tmp_path / "path/ssh"):
        program.chmod(0o755)
    hosts = [
        host("acme-meet", "meet", names=["meet.acme.test"]),
        *(host(f"acme-jvb-{number}", "videobridges") for number in (1, 2)),
    ]
    (tmp_path / "customer.json").write_text(json.dumps(CUSTOMER | {"hosts": hosts, "log": str(tmp_path / "log")}))

    def run(checks, stopped=(), free=9000):
        (tmp_path / "stopped").write_text("".join(f"{line}\n" for line in stopped))
        (tmp_path / "free").write_text(str(free))
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rN", "-p", "no:xdist", "-k", checks]
        return subprocess.run(
            [*command, "--conference", tmp_path / "customer.json", "."], cwd=SUITE, capture_output=True, text=True,
            env=os.environ | {"PATH": f"{tmp_path}/path:{os.environ['PATH']}"}, check=False,
        ).stdout  # fmt: skip

    return run


def test_a_daemon_that_does_not_run_is_said_once_and_first(verify):
    said = verify("daemons_run or test_conference or test_moderators or bridge_count", ["acme-meet prosody"])
    assert said.count("FAILED") == 1
    assert said.index("FAILED  Every daemon runs") < said.index("skipped")
    assert "acme-meet: prosody is failed" in said
    for title in ("A guest waits, a moderator opens the room", "Every moderator's password", "Jicofo knows"):
        (line,) = [line for line in said.splitlines() if title in line]
        assert line.startswith("skipped")
    assert said.count("prosody does not run on acme-meet") == 3


def test_a_check_of_one_bridge_is_skipped_for_the_bridge_that_does_not_run(verify):
    said = verify("daemons_run or bridge_health", ["acme-jvb-2 jitsi-videobridge2"])
    assert "acme-jvb-2: jitsi-videobridge2 is failed" in said
    assert "  for acme-jvb-2\n    Skipped: jitsi-videobridge2 does not run on acme-jvb-2" in said
    assert "FAILED  Every bridge reports that it is healthy" in said, "the other one was asked"


def test_a_reason_that_holds_for_all_cases_is_said_without_their_names(verify):
    said = verify("daemons_run or opens_no_room", ["acme-meet prosody"])
    assert re.search(r"  for all \d+\n    Skipped: prosody does not run on acme-meet", said)
    assert "over websocket" not in said


def test_a_disk_that_is_nearly_full_is_named(verify):
    assert verify("disks_have_room").startswith("...")
    said = verify("disks_have_room", free=5)
    assert "acme-jvb-1: / has 5 MB left" in said
