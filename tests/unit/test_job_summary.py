"""The last lines of a failed job of `make test`: what failed, without colours and molecule's box."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RED, GREEN, OFF = "\033[31m", "\033[0;32m", "\033[0m"
MOLECULE = [
    "TASK [conference_check : Show the results] **********",
    "ok: [acme-meet -> localhost] => ",
    "        ok      All disks have free space (5)",
    "        FAILED  Plain HTTP requests are redirected",
    "  to HTTPS",
    "            a customer would notice: visitors who type meet.acme.test",
    "  without https get an error or an unencrypted page",
    "            where to look: on acme-meet: the server on port 80",
    "            seen: http://meet.acme.test answers 200",
    "        ok      The start page answers",
    "FAILED - RETRYING: [acme-meet]: Wait until jicofo counts two bridges (9 retries left).",
    "[ERROR]: Task failed: Action failed: The verification failed: see the",
    "  checks marked FAILED above.",
    "Origin: roles/conference_check/tasks/main.yml:42:7",
    "fatal: [acme-meet -> localhost]: FAILED! => ",
    "    changed: false",
]
PYTEST = [
    "E       AssertionError: assert 1 == 2",
    "FAILED tests/unit/test_a.py::test_a - assert 1 == 2",
    "ERROR tests/unit/test_b.py::test_b",
    "1 failed, 3 passed in 2.00s",
]
DISPLAY = [
    "✗ Start and enable the bridge failed on acme-jvb-2",
    "  Job for jitsi-videobridge2.service failed.",
    "  Look at: on acme-jvb-2: systemctl status jitsi-videobridge2",
    "  Log in there: make ssh CUSTOMER=acme HOST=acme-jvb-2",
    "  From the log:",
]


def boxed(lines):
    """Lines as molecule prints what ansible-playbook says."""
    return [f"  \033[2m{RED}│{OFF} {GREEN}{line}{OFF}" for line in lines]


@pytest.fixture
def summary(tmp_path):
    """summary(lines): what a failed job prints after its log."""

    def run(lines):
        (tmp_path / "said").write_text("\n".join(lines) + "\n")
        job = ["scripts/test-job", "sample", "sh", "-c", f"cat {tmp_path}/said; exit 3"]
        environment = os.environ | {"LAB_STATE": str(tmp_path)}
        done = subprocess.run(job, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert done.stdout.startswith("FAILED: sample (")
        log, _, failures = done.stdout.partition("Failures of sample:\n")
        assert lines == log.splitlines()[1:]
        return failures.splitlines()

    return run


def test_a_failed_check_in_molecules_box_is_shown_with_what_was_seen(summary):
    assert summary(boxed(MOLECULE)) == [*MOLECULE[3:9], *MOLECULE[11:13], MOLECULE[14]]


def test_pytests_own_summary_is_shown(summary):
    assert summary(PYTEST) == PYTEST[1:3]


def test_a_failure_as_make_shows_it_is_shown_with_where_to_look(summary):
    assert summary(["line"] * 50 + DISPLAY) == DISPLAY[:4]


def test_only_the_last_lines_are_shown(summary):
    lines = [f"FAILED tests/unit/test_a.py::test_{number}" for number in range(20)]
    assert summary(lines) == lines[-14:]


def test_a_log_without_a_known_failure_has_an_empty_summary(summary):
    assert summary(["Killed"]) == []
