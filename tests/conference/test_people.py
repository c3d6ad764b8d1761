"""The directory people are in, as jitsi-directory on the meet host asks it."""

import pytest

pytestmark = pytest.mark.needs("slapd")


@pytest.mark.guard(
    "logins fail, at once or when another server of the directory is away",
    "the sentence says what to ask the directory's administrator; on the meet host: journalctl -u jitsi-directory",
)
def test_directory_answers(meet, directory_server):
    """Each server of the directory answers the meet host, proves who it is, and knows what logins need"""
    done = meet.run("jitsi-directory --check /etc/jitsi-directory/settings.json < /dev/null")
    assert done.rc in (0, 1, 2), done.stderr
    found = [line.partition(": ") for line in done.stdout.splitlines() if f" {directory_server}" in line]
    assert found, done.stdout
    errors = [text for kind, _, text in found if kind != "ok"]
    assert not errors, " ".join(errors)
