"""What a run of the verification leaves in the customer's log file."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[1]
# Where nobody answers, so that checks fail, or where somebody takes the call and never says a word.
CUSTOMER = {
    "domain": "meet.acme.test", "moderators": {}, "secrets": {}, "rules": {}, "consent": False, "firewall": {},
    "pages": [], "ca": "", "log_days": 14,
}  # fmt: skip


@pytest.fixture
def start(tmp_path):
    """start(port): a run of one check on a server that is reached by ssh at that port of this machine."""
    log = tmp_path / "verify.log"

    def run(port):
        login = {"host": "127.0.0.1", "port": port, "user": "ops", "key": "", "args": "-o StrictHostKeyChecking=yes"}
        host = {"name": "acme-meet", "groups": ["meet", "videobridges"], "names": ["meet.acme.test"], "ssh": login}
        host |= {"public": ["127.0.0.1"], "private": "127.0.0.1", "guarded": {}}
        (tmp_path / "customer.json").write_text(json.dumps(CUSTOMER | {"hosts": [host], "log": str(log)}))
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:xdist", "-k", "test_bridge_health"]
        return subprocess.Popen(
            [*command, "--conference", tmp_path / "customer.json", "."], cwd=SUITE, stdout=subprocess.DEVNULL,
            # A shell has what it runs in the background ignore interrupts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    run.log = log
    return run


def lines(log, words):
    """How often a line of the file says these words."""
    return len(re.findall(rf"^\d{{4}}-\d\d-\d\d [\d:]+ {words}", log.read_text(), re.MULTILINE))


def test_the_file_has_the_last_run_alone(start):
    for _ in range(2):
        assert start(9).wait() == pytest.ExitCode.TESTS_FAILED
    assert lines(start.log, "the verification begins") == 1
    assert lines(start.log, r"\S*test_bridges.py::test_bridge_health") == 1
    assert "Connection refused" in start.log.read_text()
    assert lines(start.log, "the verification ends: 1 failed of 1 checks") == 1


def test_a_run_that_is_interrupted_leaves_a_file_that_says_so(start):
    start.log.write_text("of a former run\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        running = start(silent.getsockname()[1])
        silent.accept()
        running.send_signal(signal.SIGINT)
        assert running.wait() == pytest.ExitCode.INTERRUPTED
    assert "of a former run" not in start.log.read_text()
    assert lines(start.log, "the verification begins") == 1
    assert lines(start.log, "the verification is interrupted") == 1
