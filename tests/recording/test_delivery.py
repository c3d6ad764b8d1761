"""Films on their way from a recorder to their place: what arrives, what is told, what is gone."""

import contextlib
import json
import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from conftest import DAY, PASSWORD, PERSON, ROOM, need

FILM, METADATA = f"{ROOM}_2026.mp4", "metadata.json"


@contextlib.contextmanager
def small_disk(folder: Path, size: str):
    """The folder as a disk of that size."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "small", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_film_arrives_whole_and_nothing_stays(recorder, place, films, listener):
    session = recorder.made()
    assert recorder.deliver() == 0
    there = place.files / session
    assert (there / FILM).read_bytes() == films["whole"].read_bytes()
    assert json.loads((there / METADATA).read_text())["participants"][0]["user"]["name"] == PERSON
    assert {path.name for path in there.iterdir()} == {FILM, METADATA}
    assert recorder.left() == set()
    assert listener.heard == []


def test_a_film_whose_place_is_here_arrives_too(recorder, films):
    session = recorder.made()
    assert recorder.deliver() == 0
    assert (recorder.base / "films" / session / FILM).read_bytes() == films["whole"].read_bytes()
    assert recorder.left() == set()


def test_a_sealed_film_is_opened_by_its_key_alone(recorder, place, films, tmp_path):
    keys = [tmp_path / name for name in ("right", "wrong")]
    for key in keys:
        subprocess.run([need("age-keygen", "age"), "-o", str(key)], check=True, capture_output=True)
    recipient = subprocess.run(["age-keygen", "-y", str(keys[0])], check=True, capture_output=True, text=True).stdout
    recorder.settings["recipients"] = [recipient.strip()]
    session = recorder.made()
    assert recorder.deliver() == 0
    there = place.files / session
    assert {path.name for path in there.iterdir()} == {f"{FILM}.age", f"{METADATA}.age"}
    assert ROOM.encode() not in (there / f"{METADATA}.age").read_bytes()
    opened = [
        subprocess.run(["age", "-d", "-i", str(key), str(there / f"{FILM}.age")], capture_output=True, check=False)
        for key in keys
    ]
    assert opened[0].stdout == films["whole"].read_bytes()
    assert opened[1].returncode != 0
    assert recorder.left() == set()


def test_a_place_that_refuses_gets_the_film_when_it_does_not(recorder, place, listener):
    recorder.settings |= place.wrong
    session = recorder.made()
    assert [recorder.deliver(), recorder.deliver()] == [1, 1]
    assert [news["film"] for news in listener.heard if news["film"] == session] == [session]  # told once
    assert {news["host"] for news in listener.heard} == {"acme-jibri-1"}
    assert recorder.left() == {f"outgoing/{session}/{name}" for name in (FILM, METADATA)}
    recorder.settings |= place.right
    assert recorder.deliver() == 0
    assert (place.files / session / FILM).exists()
    assert recorder.left() == set()


def test_a_server_with_another_key_gets_nothing(recorder, place, tmp_path):
    if place.kind != "sftp":
        pytest.skip("only SFTP has keys of servers; WebDAV has certificates")
    recorder.settings["target"] = place.target | {
        "host_key": " ".join((tmp_path / "login.pub").read_text().split()[:2])
    }
    session = recorder.made()
    assert recorder.deliver() == 1
    assert not list(place.root.iterdir())
    assert (recorder.base / "outgoing" / session / FILM).exists()


def test_a_full_place_has_no_film_by_its_name(recorder, place):
    with small_disk(place.files, "16k"):
        session = recorder.made()
        assert recorder.deliver() == 1
        assert not (place.files / session / FILM).exists()
        assert (recorder.base / "outgoing" / session / FILM).exists()
    assert recorder.deliver() == 0
    assert (place.files / session / FILM).exists()


@pytest.mark.parametrize(("kind", "word"), [("killed", "broken"), ("silent", "sound")])
def test_a_film_nobody_can_use_is_put_aside_and_told(recorder, listener, kind, word):
    good, bad = recorder.made(), recorder.made(kind)
    assert recorder.deliver() == 1
    assert recorder.left() == {f"failed/{bad}/{name}" for name in (FILM, METADATA)}
    assert (recorder.base / "films" / good / FILM).exists()
    assert [(news["film"], word in news["what"]) for news in listener.heard] == [(bad, True)]
    assert recorder.deliver() == 1  # until somebody has looked
    assert len(listener.heard) == 1
    shutil.rmtree(recorder.base / "failed" / bad)
    assert recorder.deliver() == 0


def test_who_could_not_be_told_is_told_later(recorder, listener):
    listener.answer = 500
    bad = recorder.made("killed")
    assert recorder.deliver() == 1
    listener.answer = 200
    assert recorder.deliver() == 1
    assert [news["film"] for news in listener.heard] == [bad]


def test_what_a_recorder_left_behind_is_taken_over(recorder):
    sessions = {recorder.film(), recorder.film("killed")}
    assert recorder.call("adopt") == 0
    assert {path.name for path in (recorder.base / "outgoing").iterdir()} == sessions
    assert not list((recorder.base / "recordings").iterdir())


def test_a_film_that_is_being_made_is_left_alone(recorder):
    session = recorder.film("killed")
    assert recorder.deliver() == 0
    assert recorder.left() == {f"recordings/{session}/{name}" for name in (FILM, METADATA)}


def test_a_session_that_comes_twice_overwrites_nothing(recorder):
    session = recorder.made()
    again = recorder.base / "recordings" / session
    again.mkdir()
    shutil.copyfile(recorder.films["whole"], again / "second.mp4")
    assert recorder.call("hand-over", again) == 0
    assert recorder.deliver() == 0
    assert len(list((recorder.base / "films").rglob("*.mp4"))) == 2


# --- what is too old


def grow_old(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    for file in [path, *path.rglob("*")]:
        os.utime(file, (then, then))


def old_session(folder: Path, days: float) -> Path:
    session = folder / str(uuid.uuid4())
    session.mkdir(parents=True)
    for name in (FILM, METADATA, f"{FILM}.part"):
        (session / name).write_text("film")
    grow_old(session, days)
    return session


@pytest.mark.parametrize("below", ["acme/recordings", ""])
@pytest.mark.parametrize("place_kind", ["local", "sftp"])
def test_what_is_too_old_is_gone_and_nothing_else(recorder, tmp_path, place_kind, below):
    from conftest import Place

    place = Place("sftp", tmp_path, below)
    try:
        if place_kind == "sftp":
            recorder.settings |= {"target": place.target} | place.right
        folder = place.files if place_kind == "sftp" else recorder.base / "films"
        old, young = (old_session(folder, days) for days in (15, 13))
        others = old_session(folder / "of-others", 100)
        mine = folder / "notes.txt"
        mine.write_text("not a film")
        grow_old(mine, 100)
        failed = [old_session(recorder.base / "failed", days) for days in (15, 13)]
        recorder.deliver()
        assert [path.exists() for path in (old, young, others, others / FILM, mine)] == [False, True, True, True, True]
        assert [path.exists() for path in failed] == [False, True]
    finally:
        place.close()


def test_a_shorter_time_counts(recorder):
    session = old_session(recorder.base / "films", 3)
    recorder.deliver()
    assert session.exists()
    recorder.settings["days"] = 2
    recorder.deliver()
    assert not session.exists()


# --- what nobody may learn


def test_nothing_that_is_said_or_shown_names_rooms_people_or_secrets(recorder, place, listener, tmp_path):
    """Command lines, as everybody on the host sees them, are written down by programs of rclone's and age's names"""
    recorder.settings |= place.wrong
    recorder.made()
    recorder.made("silent")
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
