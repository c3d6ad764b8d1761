"""The directory people are in, as the login service on the meet host asks it."""

import pytest

pytestmark = pytest.mark.needs("slapd")


@pytest.mark.guard(
    "logins fail, now or once another directory server is unavailable",
    "the error says what to ask the directory's administrator; on the meet host: journalctl -u jitsi-login",
)
def test_directory_answers(meet, directory_server):
    """Each directory server answers the meet host, has a valid certificate, and supports logins"""
    done = meet.run("jitsi-login --check /etc/jitsi-login/settings.json < /dev/null")
    assert done.rc in (0, 1, 2), done.stderr
    found = [line.partition(": ") for line in done.stdout.splitlines() if f" {directory_server}" in line]
    assert found, done.stdout
    errors = [text for kind, _, text in found if kind != "ok"]
    assert not errors, " ".join(errors)
