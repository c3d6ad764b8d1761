"""Two runs on one customer, runs that are killed, and what the journal says of them, as an operator meets it."""

import contextlib
import json
import re
import signal
import sys
from pathlib import Path

import pytest
from contract import ROOT, environment, play, write_customer
from terminal import Terminal

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


@pytest.fixture
def acme(tmp_path):
    return write_customer(tmp_path / "acme")


@pytest.fixture
def asking(acme, tmp_path):
    """Begins make destroy, which changes the customer, and leaves it at its question."""
    with contextlib.ExitStack() as opened:

        def begin(**more):
            words = [PLAYBOOK, "-i", acme / "plan.yml", "playbooks/destroy.yml", "-e", "jitsi_seed=hunter2"]
            shown = Terminal(words, environment(tmp_path) | more, ROOT)
            opened.enter_context(contextlib.closing(shown))
            shown.until(lambda text: "Type the customer's name" in text)
            shown.at_rest()
            return shown

        yield begin


def journal(folder):
    """Beginning and end of each run, the oldest first."""
    files = sorted((folder / "state/runs").glob("*.json"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def test_a_second_run_is_refused_and_changes_nothing_of_the_first(acme, asking):
    first = asking(ANSIBLE_STDOUT_CALLBACK="progress")
    runs, log = journal(acme), acme / "state/run.log"
    before = log.exists()
    second = play(acme, "destroy", "-e", "destroy=acme", ANSIBLE_STDOUT_CALLBACK="progress")
    assert second.returncode == 2
    assert re.search(
        r"^Refused, nothing was touched:\n\* \S+ .*on \S+ \(process \d+\) has been running destroy since "
        r"20\d\d-\d\d-\d\d [\d:]+ UTC for this customer\. Fix: wait until it ends, or end that process\.$",
        second.stderr,
        re.MULTILINE,
    )
    assert second.stderr.count("destroy since") == 1
    assert journal(acme) == runs
    assert log.exists() == before
    first.type("no\r")
    assert first.end() == 2
    assert [run[1]["result"] for run in journal(acme)] == ["failed"]


def test_a_killed_run_blocks_nobody_and_its_beginning_stays(acme, asking):
    asking().signal(signal.SIGKILL)
    third = play(acme, "destroy", "-e", "destroy=no")
    assert "is not the customer's name acme" in third.stdout
    killed, failed = journal(acme)
    assert len(killed) == 1
    assert killed[0]["arguments"] == {"jitsi_seed": "(not kept)"}
    assert failed[0]["arguments"] == {"destroy": "no"}
    assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?|unknown", failed[0]["revision"])
    assert failed[1]["result"] == "failed"
    assert "hunter2" not in "".join(file.read_text() for file in (acme / "state/runs").iterdir())
    shown = play(acme, "history", ANSIBLE_STDOUT_CALLBACK="progress").stdout
    assert re.findall(r"UTC  destroy  (\w+)", shown) == ["killed", "failed"]
    assert len(journal(acme)) == 2


def test_an_interrupted_run_has_an_end(acme, asking):
    shown = asking()
    shown.signal(signal.SIGINT)
    assert shown.end() != 0
    assert [run[1]["result"] for run in journal(acme)] == ["stopped"]


def test_who_only_reads_or_tries_is_let_through_and_told(acme, asking, tmp_path):
    asking()
    for done in (
        play(acme, "ssh", "-e", f"customer_logins_folder={tmp_path}"),
        play(acme, "destroy", "--check", "-e", "destroy=no"),
    ):
        assert "has been running destroy since" in done.stderr
        assert "what this run sees may change meanwhile" in " ".join(done.stderr.split())
        assert "Refused, nothing was touched" not in done.stderr
    assert [run[0]["verb"] for run in journal(acme)] == ["destroy", "ssh", "destroy"]
    assert journal(acme)[2][0]["arguments"] == {"check": True, "destroy": "no"}


def test_who_reads_the_files_alone_leaves_nothing(acme):
    assert play(acme, "validate").returncode == 0
    assert not (acme / "state").exists()


def test_without_a_place_for_the_lock_nothing_is_changed(acme, tmp_path):
    (acme / "state").write_text("a file\n")
    done = play(acme, "destroy", "-e", "destroy=no")
    assert done.returncode == 2
    assert f"* {acme}/state cannot be written (File exists). Fix: chmod u+rwx it." in done.stderr
    assert "not the customer's name" not in done.stdout
    read = play(acme, "ssh", "-e", f"customer_logins_folder={tmp_path}")
    assert read.returncode == 0
    assert f"{acme}/state cannot be written" in " ".join(read.stderr.split())
