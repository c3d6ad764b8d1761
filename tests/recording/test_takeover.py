"""What Jibri's user can do to recordings and settings when its browser is in strangers' hands: hand over, no more."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import ROOM

ROLE = Path(__file__).parents[2] / "roles/recording_delivery"
RECORDING = f"{ROOM}_2026.mp4"
JIBRI, DELIVERY = "daemon", "nobody"  # two users that every Debian has, in place of the two of a recorder
ROOT_ONLY = "taken"
PYTHON = "/usr/bin/python3"  # which every user may run


@pytest.fixture
def host(recorder):
    """The recorder with the folders' owners that the role states, reachable by both users."""
    owners = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__recording_delivery_folders"]
    users = {"jibri": JIBRI, "root": "root", "{{ __recording_delivery_user }}": DELIVERY}
    for folder, owner in owners.items():
        shutil.chown(recorder.base / folder, users[owner])
        (recorder.base / folder).chmod(0o700)
    recorder.base.chmod(0o711)
    for above in (recorder.base.parent, *recorder.base.parents[1:]):
        if above.owner() == "root" and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    recorder.file.write_text(json.dumps(recorder.settings))
    recorder.file.chmod(0o600)
    return recorder


def as_user(user: str, program: str, *words: object) -> subprocess.CompletedProcess:
    line = [PYTHON, "-c", program, *map(str, words)]
    return subprocess.run(line, user=user, group=user if user != "nobody" else "nogroup", extra_groups=[],
                          capture_output=True, text=True, check=False)  # fmt: skip


def recorded(host) -> str:
    """A session that Jibri's user has finished and handed over."""
    session = host.record()
    folder = host.base / "recordings" / session
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, JIBRI)
        path.chmod(0o700)
    moved = as_user(JIBRI, "import os, sys; os.rename(*sys.argv[1:])", folder, host.base / "finished" / session)
    assert moved.returncode == 0, moved.stderr
    return session


def take_over(host) -> None:
    assert host.call("take-over", host.base, DELIVERY) == 0


READ = "import sys; open(sys.argv[1], 'rb').read()"
LIST = "import os, sys; os.listdir(sys.argv[1])"


def test_what_is_taken_over_is_the_deliverys_and_out_of_reach_of_jibris_user(host):
    session = recorded(host)
    assert as_user(JIBRI, READ, host.base / "finished" / session / RECORDING).returncode == 0
    take_over(host)
    recording = host.base / "outgoing" / session / RECORDING
    assert as_user(DELIVERY, READ, recording).returncode == 0
    for refused in (as_user(JIBRI, READ, recording), as_user(JIBRI, READ, host.file)):
        assert "PermissionError" in refused.stderr
    assert (host.base / "outgoing" / session).owner() == recording.owner() == DELIVERY


@pytest.mark.parametrize("folder", ["taken", "outgoing", "failed", "stored", "state"])
def test_jibris_user_neither_reads_nor_replaces_a_folder_of_the_delivery(host, folder):
    place = host.base / folder
    attempts = [
        as_user(JIBRI, LIST, place),
        as_user(JIBRI, "import os, sys; os.rename(sys.argv[1], sys.argv[1] + '-')", place),
        as_user(JIBRI, "import sys; open(sys.argv[1] + '/new', 'w')", place),
        as_user(JIBRI, "import os, sys; os.rmdir(sys.argv[1])", place),
    ]
    assert all("PermissionError" in attempt.stderr for attempt in attempts)


def test_nor_does_the_delivery_reach_what_root_takes_over_or_what_is_being_recorded(host):
    for folder in ("recordings", "finished", "taken"):
        assert "PermissionError" in as_user(DELIVERY, LIST, host.base / folder).stderr


LINKS = {
    "a symbolic link to a file": "os.symlink(secret, session + '/recording.mp4')",
    "a hard link": "os.link(secret, session + '/recording.mp4')",
    "a symbolic link in place of a session": "os.rmdir(session); os.symlink(os.path.dirname(secret), session)",
    "a folder with a link": "os.mkdir(session + '/deep'); os.symlink(secret, session + '/deep/recording.mp4')",
    "a pipe, which would be waited for": "os.mkfifo(session + '/recording.mp4')",
    "a file in place of a session": "os.rmdir(session); open(session, 'w').close()",
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_in_place_of_a_recording_gives_nobody_another_file(host, tmp_path, kind):
    secret = tmp_path / "secrets/secret"
    secret.parent.mkdir()
    secret.write_text("of another user")
    secret.chmod(0o666)  # or the kernel would refuse the hard link
    program = f"import os, sys; session, secret = sys.argv[1:]; os.mkdir(session); {LINKS[kind]}"
    made = as_user(JIBRI, program, host.base / "finished/session", secret)
    assert made.returncode == 0, made.stderr
    take_over(host)
    assert secret.owner() == secret.parent.owner() == "root"
    assert not list((host.base / "outgoing").rglob("recording.mp4"))
    assert not list((host.base / "finished").iterdir()) + list((host.base / "taken").iterdir())


def test_a_folder_held_open_is_closed_to_what_comes_later(host):
    """The descriptor of a folder stays valid wherever the folder is moved."""
    session = recorded(host)
    place = host.base / "finished" / session
    held = subprocess.Popen(
        [PYTHON, "-c", "import os, sys; fd = os.open(sys.argv[1], os.O_RDONLY); print(flush=True); input();"
         "os.symlink('/etc/passwd', 'recording.mp4', dir_fd=fd)", place],
        user=JIBRI, group=JIBRI, extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    held.stdout.readline()
    take_over(host)
    assert "PermissionError" in held.communicate("\n")[1]


def test_an_interrupted_round_is_completed(host):
    session = recorded(host)
    (host.base / "finished" / session).rename(host.base / ROOT_ONLY / session)
    take_over(host)
    assert as_user(DELIVERY, READ, host.base / "outgoing" / session / RECORDING).returncode == 0


@pytest.mark.parametrize("folder", ["outgoing", "failed", "stored"])
def test_what_an_operator_or_a_former_release_left_is_the_deliverys_too(host, folder):
    session = recorded(host)
    (host.base / "finished" / session).rename(host.base / folder / session)
    take_over(host)
    assert as_user(DELIVERY, READ, host.base / folder / session / RECORDING).returncode == 0


def test_a_name_that_would_end_a_line_is_made_plain(host):
    made = as_user(JIBRI, "import os, sys; os.mkdir(sys.argv[1])", host.base / "finished" / "a\nb \udc80")
    assert made.returncode == 0, made.stderr
    take_over(host)
    assert os.listdir(host.base / "outgoing") == ["a-b--"]
