"""A recorder that is no longer planned is not deleted with its recordings unless somebody says so."""

import json
import os
import sys
from pathlib import Path

import pytest
from contract import play, write_customer

DELETING = "TASK [openstack_resources : List the customer's resources]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_customer(tmp_path_factory.mktemp("retired") / "acme")


def retire(folder: Path, tmp_path: Path, *arguments: str, **server: object) -> tuple[str, list[str]]:
    """What is said, and what systemctl did: here instead of on a server that the cloud has and the plan has not."""
    here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    folder_of_recordings = {"openstack_resources_recordings_folder": str(tmp_path / "recording")}
    inventory = tmp_path / "cloud.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"acme-jibri-2": here | folder_of_recordings | server}}}))
    near, done = tmp_path / "near", tmp_path / "done"
    near.mkdir()
    done.touch()
    (near / "systemctl").write_text(
        f'#!/bin/sh\necho "$*" >> {done}\n[ "$1" != show ] || printf "LoadState=loaded\\nActiveState=active\\n"\n'
    )
    (near / "systemctl").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{near}:{os.environ['PATH']}")
        ended = play(folder, "retire", "-i", str(inventory), "-e", "retire=acme", *arguments)
    assert ended.returncode != 0  # there is no cloud here
    stopped = [line for line in done.read_text().splitlines() if line.startswith("stop")]
    return " ".join((ended.stdout + ended.stderr).split()), stopped


def recorder(tmp_path: Path, where: str = "") -> None:
    for name in ("recordings", "finished", "taken", "outgoing", "failed", "stored"):
        (tmp_path / "recording" / name).mkdir(parents=True)
    if where:
        (tmp_path / "recording" / where / "session").mkdir()
        (tmp_path / "recording" / where / "session/recording.mp4").touch()


@pytest.mark.parametrize("where", ["finished", "outgoing", "recordings"])
def test_a_recorder_with_recordings_is_refused(folder, tmp_path, where):
    recorder(tmp_path, where)
    said, stopped = retire(folder, tmp_path)
    assert "acme-jibri-2 has recordings in" in said, said
    assert "-e lose_recordings=acme" in said
    assert DELETING not in said
    assert bool(stopped) == (where != "recordings")  # a recording in progress goes on


def test_its_recordings_are_lost_when_somebody_says_so(folder, tmp_path):
    recorder(tmp_path, "stored")
    said, _ = retire(folder, tmp_path, "-e", "lose_recordings=acme")
    assert DELETING in said, said


def test_a_recorder_without_recordings_goes_and_records_nothing_more(folder, tmp_path):
    recorder(tmp_path)
    said, stopped = retire(folder, tmp_path)
    assert DELETING in said, said
    assert stopped == [f"stop {unit}" for unit in ("jibri-duty.timer", "jibri-duty.service", "jibri.service")]


@pytest.mark.parametrize(("groups", "refused"), [("jitsi,recorders", True), ("jitsi,videobridges", False)])
def test_a_server_that_does_not_answer_is_refused_if_it_is_a_recorder(folder, tmp_path, groups, refused):
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    said, _ = retire(folder, tmp_path, **gone, openstack={"metadata": {"groups": groups}})
    assert ("does not answer: nobody knows" in said) is refused, said
    assert (DELETING in said) is not refused
