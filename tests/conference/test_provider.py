"""The identity provider with the users' accounts, as the login service on the meet host asks it."""

import pytest


@pytest.mark.guard(
    "nobody can log in; meetings and guests go on",
    "the error says what to ask the identity provider's administrator; on the meet host: journalctl -u jitsi-login",
)
def test_provider_answers(meet, provider):
    """The identity provider answers the meet host, has a valid certificate, and supports logins"""
    done = meet.run("jitsi-login --check /etc/jitsi-login/settings.json < /dev/null")
    errors = [line.partition(": ")[2] for line in done.stdout.splitlines() if not line.startswith("ok: ")]
    assert done.rc == 0, " ".join(errors) or done.stderr
