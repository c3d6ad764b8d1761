import pytest

from toolkit.firewall.recording_rows import recording_rows


@pytest.mark.parametrize(
    ("target", "ports"),
    [
        ({"kind": "local"}, []),
        ({"kind": "sftp", "host": "recordings.acme.example"}, [22]),
        ({"kind": "sftp", "host": "recordings.acme.example", "port": 2022}, [2022]),
        ({"kind": "webdav", "url": "https://cloud.acme.example/dav"}, []),
        ({"kind": "webdav", "url": "https://cloud.acme.example:8443/dav"}, [8443]),
        ({"kind": "s3", "endpoint": "https://s3.acme.example:9000"}, [9000]),
    ],
)
def test_a_row_for_the_port_that_is_not_open_anyhow(target, ports):
    assert [row["port"] for row in recording_rows(target)] == ports
    assert all((row["proto"], row["peer"]) == ("tcp", "world") for row in recording_rows(target))


@pytest.mark.parametrize(
    ("target", "alert_url", "ports"),
    [
        ({"kind": "local"}, "https://alerts.acme.example:8443/hook", [8443]),
        ({"kind": "local"}, "https://alerts.acme.example/hook", []),
        ({"kind": "sftp", "host": "recordings.acme.example"}, "https://alerts.acme.example:8443/hook", [22, 8443]),
        ({"kind": "webdav", "url": "https://cloud.acme.example:8443/"}, "https://alerts.acme.example:8443/", [8443]),
    ],
)
def test_a_row_for_who_is_told_too(target, alert_url, ports):
    assert sorted(row["port"] for row in recording_rows(target, alert_url)) == ports
