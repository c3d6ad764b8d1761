"""Program recording_delivery: paths, alerts, and how storages are configured. tests/recording has it as a whole."""

import json

import pytest

from programs.recording_delivery import alerts, delivery, rclone, sessions
from programs.recording_delivery.errors import DeliveryError
from programs.recording_delivery.rclone import Rclone
from programs.recording_delivery.sessions import inspect, unused_path
from programs.recording_delivery.settings import Settings

FIELDS = {
    "target": {"kind": "local"}, "password": "", "ssh_key": "", "recipients": [], "days": 14, "spare_gb": 1,
    "alert_url": "https://alerts.example/hook", "host": "acme-jibri-1", "units": [],
}  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    """settings(**changes): as they are read from a file."""

    def read(**changes):
        (tmp_path / "state").mkdir(exist_ok=True)
        file = tmp_path / "settings.json"
        file.write_text(json.dumps({"folder": str(tmp_path)} | FIELDS | changes))
        return Settings.read(file)

    return read


def test_secrets_are_no_part_of_what_settings_print(settings):
    assert "magic" not in repr(settings(**{"password": "magic-1", "ssh_key": "magic-2"}))


def test_a_path_that_is_taken_gets_a_number(tmp_path):
    assert unused_path(tmp_path, "session") == tmp_path / "session"
    (tmp_path / "session").mkdir()
    (tmp_path / "session-1").mkdir()
    assert unused_path(tmp_path, "session") == tmp_path / "session-2"


def test_an_alert_is_sent_once_and_again_when_the_recording_is_deleted(settings, monkeypatch):
    sent = []
    monkeypatch.setattr(alerts, "_post", lambda url, alert: sent.append((url, alert["recording"], alert["error"])))
    url = FIELDS["alert_url"]
    for errors, deleted in (({"a": "late"}, set()), ({"a": "late"}, set()), ({"a": "deleted"}, {"a"})):
        alerts.Alerts(settings()).notify(errors, deleted)
    assert sent == [(url, "a", "late"), (url, "a", "deleted")]
    alerts.Alerts(settings()).notify({}, set())
    alerts.Alerts(settings()).notify({"a": "late"}, set())
    assert sent[2:] == [(url, "a", "late")], "an error that comes again is sent again"


def test_an_alert_that_could_not_be_sent_is_sent_later(settings, monkeypatch, capsys):
    def unreachable(*_):
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(alerts, "_post", unreachable)
    alerts.Alerts(settings()).notify({"a": "late"}, set())
    assert "the alert could not be sent: refused" in capsys.readouterr().err
    assert not (settings().state / "notified.json").exists()


@pytest.mark.parametrize("name", ["a.mp4", "z.mp4"])
def test_a_recording_is_uploaded_after_what_describes_it(settings, monkeypatch, name):
    uploaded = []

    class Storage:
        def upload(self, file, session):
            uploaded.append(file.name)
            file.unlink()

    session = settings().outgoing / "session"
    session.mkdir(parents=True)
    for file in (name, "metadata.json"):
        (session / file).write_text("")
    monkeypatch.setattr(delivery, "inspect", lambda session: None)
    round_ = delivery.Delivery(settings())
    round_._storage = Storage()
    round_._deliver(session)
    assert uploaded == ["metadata.json", name]


def test_secrets_reach_rclone_by_its_environment_alone(settings, monkeypatch):
    seen = []

    def run(*words, environment=None, **_):
        seen.append((words, environment))
        return b""

    monkeypatch.setattr(rclone, "run", run)
    target = {"kind": "s3", "endpoint": "https://s3.example", "bucket": "b", "access_key": "name", "region": "eu"}
    Rclone(settings(**{"target": target, "password": "magic"}))("lsf", "storage:b")
    [(words, environment)] = seen
    assert "magic" not in " ".join(words)
    assert "magic" in environment["RCLONE_CONFIG_STORAGE_SECRET_ACCESS_KEY"]
    assert environment["RCLONE_CONFIG_STORAGE_REGION"] == "eu"


def test_an_error_of_the_storage_names_the_storage_and_no_file(settings, monkeypatch):
    def run(*words, **_):
        raise DeliveryError("rclone ended with 1")

    monkeypatch.setattr(rclone, "run", run)
    target = {"kind": "s3", "endpoint": "https://s3.example", "bucket": "b", "access_key": "name"}
    with pytest.raises(DeliveryError) as error:
        Rclone(settings(target=target))("copyto", "secret-room.mp4", "storage:b")
    assert str(error.value) == (
        "the storage of recordings (s3 https://s3.example) is unavailable or refuses: rclone copyto failed"
    )


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"streams": [{"codec_type": "video"}, {}, {"codec_type": "audio"}], "format": {"duration": "1.5"}}, ""),
        ({"streams": [{"codec_type": "video"}], "format": {"duration": "1.5"}}, "the recording has no audio"),
        (
            {"streams": [{"codec_type": "video"}, {"codec_type": "audio"}], "format": {}},
            "the recording has no duration",
        ),
        ({"streams": [], "format": {"duration": "N/A"}}, "the recording is damaged"),
        ([], "the recording is damaged"),
    ],
    ids=["a stream of no kind", "no audio", "no duration", "no number", "no mapping"],
)
def test_a_recording_has_video_audio_and_a_duration(tmp_path, monkeypatch, said, error):
    (tmp_path / "a.mp4").touch()
    monkeypatch.setattr(sessions, "run", lambda *_: json.dumps(said).encode())
    if error:
        with pytest.raises(DeliveryError, match=error):
            inspect(tmp_path)
    else:
        inspect(tmp_path)
