"""Recordings on their way from a recorder to their storage: what arrives, what is reported, what is deleted."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from conftest import DAY, PASSWORD, PERSON, ROOM, Storage, need, until

RECORDING, METADATA = f"{ROOM}_2026.mp4", "metadata.json"


@contextlib.contextmanager
def small_disk(folder: Path, size: str):
    """The folder as a disk of that size."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "small", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_recording_arrives_whole_and_nothing_stays(recorder, place, recordings, listener):
    session = recorder.enqueued()
    assert recorder.deliver() == 0
    there = place.files / session
    assert (there / RECORDING).read_bytes() == recordings["whole"].read_bytes()
    assert json.loads((there / METADATA).read_text())["participants"][0]["user"]["name"] == PERSON
    assert {path.name for path in there.iterdir()} == {RECORDING, METADATA}
    assert recorder.left() == set()
    assert listener.heard == []


def test_a_recording_whose_place_is_here_arrives_too(recorder, recordings):
    session = recorder.enqueued()
    assert recorder.deliver() == 0
    assert (recorder.base / "stored" / session / RECORDING).read_bytes() == recordings["whole"].read_bytes()
    assert recorder.left() == set()


def key_pair(file: Path) -> str:
    """Makes a private key there; the public one."""
    subprocess.run([need("age-keygen", "age"), "-o", str(file)], check=True, capture_output=True)
    return subprocess.run(["age-keygen", "-y", str(file)], check=True, capture_output=True, text=True).stdout.strip()


def test_an_encrypted_recording_is_opened_by_its_key_alone(recorder, place, recordings, tmp_path):
    keys = [tmp_path / name for name in ("right", "wrong")]
    recorder.settings["recipients"] = [key_pair(key) for key in keys][:1]
    session = recorder.enqueued()
    assert recorder.deliver() == 0
    there = place.files / session
    assert {path.name for path in there.iterdir()} == {f"{RECORDING}.age", f"{METADATA}.age"}
    assert ROOM.encode() not in (there / f"{METADATA}.age").read_bytes()
    opened = [
        subprocess.run(["age", "-d", "-i", str(key), str(there / f"{RECORDING}.age")], capture_output=True, check=False)
        for key in keys
    ]
    assert opened[0].stdout == recordings["whole"].read_bytes()
    assert opened[1].returncode != 0
    assert recorder.left() == set()


# --- little room, and rounds that end early


@pytest.fixture
def little_room(recorder):
    """A disk of 1 MB, of which a long recording takes more than the half."""
    recorder.base.rename(recorder.base.with_name("before"))
    with small_disk(recorder.base, "1m"):
        recorder.make_room()
        yield recorder


def test_a_recording_longer_than_the_room_that_is_left_stays_here_by_another_name(little_room, recordings):
    session = little_room.enqueued("long")
    assert little_room.deliver() == 0
    assert (little_room.base / "stored" / session / RECORDING).read_bytes() == recordings["long"].read_bytes()
    assert little_room.left() == set()


def test_a_place_here_that_is_another_disk_gets_a_copy(recorder, recordings):
    with small_disk(recorder.base / "stored", "1m"):
        session = recorder.enqueued("long")
        assert recorder.deliver() == 0
        assert (recorder.base / "stored" / session / RECORDING).read_bytes() == recordings["long"].read_bytes()
        assert recorder.left() == set()


def test_a_recording_longer_than_the_room_that_is_left_is_sealed_on_its_way(place, little_room, recordings, tmp_path):
    little_room.settings["recipients"] = [key_pair(tmp_path / "key")]
    session = little_room.enqueued("long")
    assert little_room.deliver() == 0
    opened = subprocess.run(
        ["age", "-d", "-i", str(tmp_path / "key"), str(place.files / session / f"{RECORDING}.age")],
        capture_output=True, check=True,
    )  # fmt: skip
    assert opened.stdout == recordings["long"].read_bytes()
    assert little_room.left() == set()


@pytest.mark.parametrize("size", ["1m", "3m"])
def test_a_recording_that_stays_here_is_sealed_only_where_both_fit(recorder, listener, tmp_path, size):
    recorder.settings["recipients"] = [key_pair(tmp_path / "key")]
    recorder.base.rename(recorder.base.with_name("before"))
    with small_disk(recorder.base, size):
        recorder.make_room()
        session = recorder.enqueued("long")
        if size == "3m":
            recorder.settings["spare_gb"] = 1  # as during other recordings: what would fit alone does not now
            assert recorder.deliver() == 1
            assert "1 GB to spare" in listener.heard[0]["error"]
            recorder.settings["spare_gb"] = 0
            assert recorder.deliver() == 0
            assert (recorder.base / "stored" / session / f"{RECORDING}.age").exists()
            assert recorder.left() == set()
        else:
            assert recorder.deliver() == 1
            assert [("no room" in news["error"], news["recording"]) for news in listener.heard] == [(True, session)]
            assert f"outgoing/{session}/{RECORDING}" in recorder.left()
            assert not list((recorder.base / "stored").rglob(f"{RECORDING}*"))


def test_a_full_disk_is_told_and_holds_nothing_up(little_room, listener):
    """Nothing can be written any more, not even what was told"""
    bad, good = little_room.enqueued("silent"), little_room.enqueued()
    (little_room.base / "stored" / good).mkdir()
    filler = little_room.base / "recordings/being-made"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert little_room.deliver() == 1
    assert (little_room.base / "stored" / good / RECORDING).exists()
    assert (bad, "audio") in [(news["recording"], news["error"].split()[-1]) for news in listener.heard]
    filler.unlink()
    shutil.rmtree(little_room.base / "failed" / bad)
    assert little_room.deliver() == 0


def test_a_round_that_is_interrupted_leaves_nothing_but_the_recording(recorder, place, tmp_path):
    """The place has stopped to answer, and systemd ends the round"""
    recorder.settings["recipients"] = [key_pair(tmp_path / "key")]
    session = recorder.enqueued()
    before = recorder.left()
    place.process.send_signal(signal.SIGSTOP)
    round_ = recorder.start("deliver")
    group = f"/proc/{round_.pid}/task/{round_.pid}/children"
    until(lambda: any(b"storage:" in words for words in command_lines(group)), "nothing is brought")
    os.killpg(round_.pid, signal.SIGTERM)
    round_.communicate()
    place.process.send_signal(signal.SIGCONT)
    assert recorder.left() == before
    assert recorder.deliver() == 0
    assert {path.name for path in (place.files / session).iterdir()} == {f"{RECORDING}.age", f"{METADATA}.age"}
    assert recorder.left() == set()


def command_lines(children: str) -> list[bytes]:
    lines = []
    for child in Path(children).read_text().split():
        with contextlib.suppress(OSError):
            lines.append(Path(f"/proc/{child}/cmdline").read_bytes())
    return lines


def test_half_a_recording_of_an_interrupted_round_is_gone_from_the_place_that_is_here(recorder):
    half = recorder.base / "stored" / str(uuid.uuid4()) / f"{RECORDING}.age.part"
    half.parent.mkdir()
    half.write_text("half")
    assert recorder.deliver() == 0
    assert not half.exists()


def test_a_place_that_refuses_gets_the_recording_when_it_does_not(recorder, place, listener):
    recorder.settings |= place.wrong
    session = recorder.enqueued()
    assert [recorder.deliver(), recorder.deliver()] == [1, 1]
    assert [news["recording"] for news in listener.heard if news["recording"] == session] == [session]  # told once
    assert {news["host"] for news in listener.heard} == {"acme-jibri-1"}
    assert recorder.left() == {f"outgoing/{session}/{name}" for name in (RECORDING, METADATA)}
    recorder.settings |= place.right
    assert recorder.deliver() == 0
    assert (place.files / session / RECORDING).exists()
    assert recorder.left() == set()


def test_a_server_with_another_key_gets_nothing(recorder, place, tmp_path):
    if place.kind != "sftp":
        pytest.skip("only SFTP has keys of servers; WebDAV has certificates")
    recorder.settings["target"] = place.target | {
        "host_key": " ".join((tmp_path / "login.pub").read_text().split()[:2])
    }
    session = recorder.enqueued()
    assert recorder.deliver() == 1
    assert not list(place.root.iterdir())
    assert (recorder.base / "outgoing" / session / RECORDING).exists()


def test_a_full_place_has_no_recording_by_its_name(recorder, place):
    with small_disk(place.files, "16k"):
        session = recorder.enqueued()
        assert recorder.deliver() == 1
        assert not (place.files / session / RECORDING).exists()
        assert (recorder.base / "outgoing" / session / RECORDING).exists()
    assert recorder.deliver() == 0
    assert (place.files / session / RECORDING).exists()


def test_a_place_that_has_no_folder_yet_is_no_fault(recorder, place, listener):
    assert recorder.deliver() == 0
    assert listener.heard == []


@pytest.mark.parametrize(("kind", "word"), [("killed", "damaged"), ("silent", "audio")])
def test_a_recording_nobody_can_use_is_put_aside_and_told(recorder, listener, kind, word):
    good, bad = recorder.enqueued(), recorder.enqueued(kind)
    assert recorder.deliver() == 1
    assert recorder.left() == {f"failed/{bad}/{name}" for name in (RECORDING, METADATA)}
    assert (recorder.base / "stored" / good / RECORDING).exists()
    assert [(news["recording"], word in news["error"]) for news in listener.heard] == [(bad, True)]
    assert recorder.deliver() == 1  # until somebody has looked
    assert len(listener.heard) == 1
    shutil.rmtree(recorder.base / "failed" / bad)
    assert recorder.deliver() == 0


@pytest.mark.parametrize("duration", [{}, {"duration": "0.000000"}])
def test_a_recording_without_a_length_is_put_aside_and_told(recorder, listener, tmp_path, monkeypatch, duration):
    bad = recorder.enqueued()
    found = {"streams": [{"codec_type": "video"}, {"codec_type": "audio"}], "format": duration}
    probe = tmp_path / "bin/ffprobe"
    probe.parent.mkdir()
    probe.write_text(f"#!/bin/sh\necho '{json.dumps(found)}'\n")
    probe.chmod(0o755)
    monkeypatch.setenv("PATH", f"{probe.parent}:{os.environ['PATH']}")
    assert recorder.deliver() == 1
    assert recorder.left() == {f"failed/{bad}/{name}" for name in (RECORDING, METADATA)}
    assert ["no duration" in news["error"] for news in listener.heard] == [True]


def test_who_could_not_be_told_is_told_later(recorder, listener):
    listener.answer = 500
    bad = recorder.enqueued("killed")
    assert recorder.deliver() == 1
    listener.answer = 200
    assert recorder.deliver() == 1
    assert [news["recording"] for news in listener.heard] == [bad]


@pytest.mark.parametrize("content", ["", "[", "{}", "7"])
def test_what_was_told_is_told_again_when_nobody_can_read_it(recorder, listener, content):
    bad = recorder.enqueued("silent")
    (recorder.base / "state/notified.json").write_text(content)
    assert recorder.deliver() == 1
    assert recorder.deliver() == 1
    assert [news["recording"] for news in listener.heard] == [bad]


def test_a_session_without_a_recording_is_put_aside_and_reported(recorder, listener):
    session = recorder.record()
    (recorder.base / "recordings" / session / RECORDING).unlink()
    assert recorder.call("enqueue", recorder.base / "recordings" / session) == 0
    assert recorder.deliver() == 1
    assert recorder.left() == {f"failed/{session}/{METADATA}"}
    assert [news["error"] for news in listener.heard] == ["the session has no recording"]


def test_a_recorder_that_is_not_well_is_reported_like_a_recording(recorder, listener, tmp_path, monkeypatch):
    recorder.settings["units"] = ["jibri-duty.service", "jibri.service"]
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\n[ "$*" = "is-failed --quiet jibri-duty.service" ]\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert [recorder.deliver(), recorder.deliver()] == [1, 1]
    assert [news["recording"] for news in listener.heard] == ["jibri-duty.service"]
    systemctl.write_text("#!/bin/sh\nfalse\n")
    assert recorder.deliver() == 0


def test_what_a_recorder_left_behind_is_taken_over(recorder):
    sessions = {recorder.record(), recorder.record("killed")}
    assert recorder.call("recover", recorder.base) == 0
    recorder.take_over()
    assert {path.name for path in (recorder.base / "outgoing").iterdir()} == sessions
    assert not list((recorder.base / "recordings").iterdir())


def test_a_recording_that_systemd_ended_after_its_recorder_arrives(recorder):
    session = recorder.record("ended")
    assert recorder.call("recover", recorder.base) == 0
    assert recorder.deliver() == 0
    assert (recorder.base / "stored" / session / RECORDING).exists()


def test_a_recording_that_is_being_made_is_left_alone(recorder):
    session = recorder.record("killed")
    assert recorder.deliver() == 0
    assert recorder.left() == {f"recordings/{session}/{name}" for name in (RECORDING, METADATA)}


def test_a_session_that_comes_twice_overwrites_nothing(recorder):
    session = recorder.enqueued()
    again = recorder.base / "recordings" / session
    again.mkdir()
    shutil.copyfile(recorder.made_before["whole"], again / "second.mp4")
    assert recorder.call("enqueue", again) == 0
    assert recorder.deliver() == 0
    assert len(list((recorder.base / "stored").rglob("*.mp4"))) == 2


def test_a_session_that_comes_twice_is_put_aside_twice_and_in_nobodys_way(recorder, listener):
    bad = str(uuid.UUID(int=0))
    for _ in range(2):
        folder = recorder.base / "outgoing" / bad
        folder.mkdir()
        shutil.copyfile(recorder.made_before["silent"], folder / RECORDING)
        assert recorder.deliver() == 1
    good = recorder.enqueued()
    assert recorder.deliver() == 1
    assert (recorder.base / "stored" / good / RECORDING).exists()
    assert recorder.left() == {f"failed/{bad}/{RECORDING}", f"failed/{bad}-1/{RECORDING}"}
    assert [news["recording"] for news in listener.heard] == [bad, f"{bad}-1"]


def test_what_nobody_foresaw_is_told_without_names_and_in_nobodys_way(recorder, listener):
    strange, good = sorted(recorder.enqueued() for _ in range(2))
    (recorder.base / "stored" / strange).write_text("in the way")
    assert recorder.deliver() == 1
    assert (recorder.base / "stored" / good / RECORDING).exists()
    assert [news["recording"] for news in listener.heard] == [strange]
    assert ROOM not in recorder.said


# --- what is too old


def grow_old(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    for file in [path, *path.rglob("*")]:
        os.utime(file, (then, then))


def old_session(folder: Path, days: float, number: str = "") -> Path:
    session = folder / f"{uuid.uuid4()}{number}"
    session.mkdir(parents=True)
    for name in (RECORDING, METADATA, f"{RECORDING}.part"):
        (session / name).write_text("recording")
    grow_old(session, days)
    return session


@pytest.mark.parametrize("below", ["acme/recordings", ""])
@pytest.mark.parametrize("place_kind", ["local", "sftp"])
def test_what_is_too_old_is_gone_and_nothing_else(recorder, tmp_path, place_kind, below):
    place = Storage("sftp", tmp_path, below)
    try:
        if place_kind == "sftp":
            recorder.settings |= {"target": place.target} | place.right
        folder = place.files if place_kind == "sftp" else recorder.base / "stored"
        old, young = (old_session(folder, days) for days in (15, 13))
        again = [old_session(folder, days, number) for days in (15, 13) for number in ("-1", "-12", "-x")]
        others = old_session(folder / "of-others", 100)
        mine = folder / "notes.txt"
        mine.write_text("not a recording")
        grow_old(mine, 100)
        failed = [old_session(recorder.base / "failed", days) for days in (15, 13)]
        recorder.deliver()
        kept = (young, others, others / RECORDING, mine)
        assert [path.exists() for path in (old, *kept)] == [False, True, True, True, True]
        assert [path.exists() for path in again] == [False, False, True, True, True, True]
        assert [path.exists() for path in failed] == [False, True]
    finally:
        place.close()


def test_a_shorter_time_counts(recorder):
    session = old_session(recorder.base / "stored", 3)
    recorder.deliver()
    assert session.exists()
    recorder.settings["days"] = 2
    recorder.deliver()
    assert not session.exists()


def test_a_recording_its_place_does_not_take_is_deleted_when_it_is_too_old_and_that_is_told(recorder, place, listener):
    recorder.settings |= place.wrong
    old, young = recorder.enqueued(), recorder.enqueued()
    grow_old(recorder.base / "outgoing" / old, 13.9)
    grow_old(recorder.base / "outgoing" / young, 1)
    assert recorder.deliver() == 1
    grow_old(recorder.base / "outgoing" / old, 14.1)
    assert recorder.deliver() == 1
    told = [news["error"] for news in listener.heard if news["recording"] == old]
    assert ["deleted when it is 14 days old" in told[0], "not delivered within 14 days" in told[1]] == [True, True]
    assert recorder.left() == {f"outgoing/{young}/{name}" for name in (RECORDING, METADATA)}
    recorder.settings |= place.right
    assert recorder.deliver() == 0
    assert [news["recording"] for news in listener.heard].count(young) == 1


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("place_kind", ["local", "sftp"])
def test_days_count_from_the_end_of_the_recording_however_late_it_is_delivered(recorder, tmp_path, place_kind, sealed):
    recorder.settings["recipients"] = [key_pair(tmp_path / "key")] * sealed
    place = Storage("sftp", tmp_path, "acme/recordings")
    try:
        if place_kind == "sftp":
            recorder.settings |= {"target": place.target} | place.right
        session = recorder.enqueued()
        grow_old(recorder.base / "outgoing" / session, 3)
        assert recorder.deliver() == 0
        there = (place.files if place_kind == "sftp" else recorder.base / "stored") / session
        assert there.exists()
        recorder.settings["days"] = 4
        assert recorder.deliver() == 0
        assert there.exists()
        recorder.settings["days"] = 2
        assert recorder.deliver() == 0
        assert not there.exists()
    finally:
        place.close()


@pytest.mark.parametrize("sealed", [True, False])
def test_s3_gets_recordings_and_loses_them_when_they_are_too_old(recorder, recordings, tmp_path, sealed):
    recorder.settings["recipients"] = [key_pair(tmp_path / "key")] * sealed
    place = Storage("s3", tmp_path, "acme/recordings")
    about = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": place.target["endpoint"], "ACCESS_KEY_ID": "jitsi"}
    about |= {"SECRET_ACCESS_KEY": PASSWORD, "REGION": place.target["region"]}
    environment = {f"RCLONE_CONFIG_S_{key}": value for key, value in about.items()} | {"PATH": os.environ["PATH"]}

    def bucket(*words: str, given: bytes = b"") -> bytes:
        line = ["rclone", "--config=/dev/null", *words]
        return subprocess.run(line, env=environment, input=given, capture_output=True, check=True).stdout

    def there() -> set[str]:
        return set(bucket("lsf", "--recursive", "--files-only", "S:acme-recordings").decode().splitlines())

    try:
        bucket("mkdir", "S:acme-recordings")
        recorder.settings |= {"target": place.target} | place.right
        assert recorder.deliver() == 0  # nothing is there yet
        bucket("rcat", "S:acme-recordings/acme/recordings/notes.txt", given=b"not a recording")
        end = ".age" * sealed
        session = recorder.enqueued("long")
        grow_old(recorder.base / "outgoing" / session, 3)
        assert recorder.deliver() == 0, recorder.said
        folder = f"acme/recordings/{session}"
        kept = {"acme/recordings/notes.txt"}
        assert there() == {f"{folder}/{name}{end}" for name in (RECORDING, METADATA)} | kept
        recording = bucket("cat", f"S:acme-recordings/{folder}/{RECORDING}{end}")
        if sealed:
            opened = ["age", "-d", "-i", str(tmp_path / "key")]
            recording = subprocess.run(opened, input=recording, capture_output=True, check=True).stdout
        assert recording == recordings["long"].read_bytes()
        assert recorder.left() == set()
        recorder.settings["days"] = 2
        assert recorder.deliver() == 0, recorder.said
        assert there() == kept
    finally:
        place.close()


# --- what nobody may learn


def test_nothing_that_is_said_or_shown_names_rooms_people_or_secrets(recorder, place, listener, tmp_path):
    """Command lines, as everybody on the host sees them, are written down by programs of rclone's and age's names"""
    recorder.settings |= place.wrong
    recorder.enqueued()
    recorder.enqueued("silent")
    shown = tmp_path / "shown"
    near = tmp_path / "near"
    near.mkdir()
    for name in ("rclone", "age", "ffprobe"):
        program = near / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {shown}\nexec {shutil.which(name)} "$@"\n')
        program.chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{near}:{before}"
    try:
        assert recorder.deliver() == 1
        recorder.settings |= place.right
        recorder.deliver()
    finally:
        os.environ["PATH"] = before
    lines = shown.read_text()
    assert "copyto" in lines
    secrets = [PASSWORD, *recorder.settings["ssh_key"].splitlines()[1:-1]]
    for secret in filter(None, secrets):
        assert secret not in lines + recorder.said
    for name in (ROOM, PERSON):
        assert name not in recorder.said + json.dumps(listener.heard)
