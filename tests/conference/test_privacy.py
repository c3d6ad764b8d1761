"""What must not leave the customer's servers: names of third parties in configuration, secrets on the servers."""

import hashlib
import json
import re
from pathlib import Path

import outside
import pytest

THIRD_PARTIES = (
    r"([a-z0-9-]+\.)*(jitsi\.net|jitsi\.org|8x8\.(com|vc)|jaas\.[a-z]+|gravatar\.com|amplitude\.com|callstats\.io"
    r"|google(apis|usercontent)?\.com|googletagmanager\.com|google-analytics\.com|gstatic\.com|giphy\.com|dropbox\.com"
    r"|microsoftonline\.com|sentry\.io|youtube\.com)\b"
)
# What programs read; `-avail` and `-available` folders hold what is not in use.
CONFIGURATION = "/etc/jitsi /etc/prosody/prosody.cfg.lua /etc/prosody/conf.d /etc/turnserver.conf /etc/nginx"
COMMENT = re.compile(r"^\s*(#|//|--|;)")
URL_HOST = re.compile(r"""(?:https?|wss?|stuns?|turns?):(?://)?([a-z0-9.-]+\.[a-z]+)""", re.IGNORECASE)

CHATTY = pytest.mark.guard(
    "a third party learns who meets when, against what the customer's privacy notice promises",
    "the named file: the daemon's role writes it, or a package brings it and the role must override it",
)


@CHATTY
def test_configuration_names_no_third_party(login, server):
    """No configuration file names a third party's host"""
    found = login(server).run(
        f"grep -RIEHino --exclude-dir='*-available' --exclude-dir='*-avail' %s {CONFIGURATION} 2>/dev/null",
        THIRD_PARTIES,
    )
    places = []
    for place in found.stdout.splitlines():
        file, number, _ = place.split(":", 2)
        line = login(server).check_output("sed -n %sp %s", number, file)
        if not COMMENT.match(line):
            places.append(place)
    assert not places, f"{server.name}: {'; '.join(places)}"


@CHATTY
@pytest.mark.needs("nginx")
@pytest.mark.parametrize("path", ["/config.js", "/interface_config.js"])
def test_page_names_no_third_party(customer, path):
    """The page's configuration sends browsers and apps to the customer's hosts only"""
    answer = outside.get(customer, path)
    assert answer.status == 200, f"{path} answers {answer.status}"
    lines = [line for line in answer.text.splitlines() if not COMMENT.match(line)]
    strangers = {name for line in lines for name in URL_HOST.findall(line) if not customer.owns(name)}
    assert not strangers, f"{path} names {', '.join(sorted(strangers))}"


@CHATTY
@pytest.mark.needs("nginx")
def test_policy_names_no_third_party(customer):
    """The page's Content-Security-Policy allows the customer's hosts only"""
    policy = outside.get(customer, "/verify").headers["Content-Security-Policy"] or ""
    directives = {name: sources for name, *sources in (part.split() for part in policy.split(";") if part.strip())}
    assert directives.get("default-src") in (["'self'"], ["'none'"]), f"the policy is {policy!r}"
    # Who may show the page in a frame is no matter of whom the page talks to.
    sources = {word for name, words in directives.items() if name != "frame-ancestors" for word in words}
    hosts = {word for word in sources if not word.startswith("'")} - {"blob:", "data:"}
    strangers = {host for host in hosts if not customer.owns(host.rpartition("//")[2].partition(":")[0])}
    assert not strangers, f"the policy allows {', '.join(sorted(strangers))}"
    assert "'unsafe-eval'" not in sources, "the policy allows 'unsafe-eval'"


SEARCH = Path(__file__).parent / "remote_search.py"
# Which secrets a daemon's user needs, by the beginnings of their purposes. Whoever takes over a daemon has these and no
# other; every user of the table who exists on a server is tried there, whatever else the server does.
NEEDED = {
    "jicofo": ("prosody/focus",),
    "jvb": ("prosody/jvb",),
    "prosody": ("prosody/", "turn"),
    "turnserver": ("turn",),
    "jibri": ("prosody/jibri", "prosody/recorder"),
    "recording-delivery": (),
    "jigasi": ("prosody/jigasi", "prosody/gateway", "sip/jigasi"),
    "kamailio": ("sip/jigasi", "conference-mapper"),  # asks the meet host which room a PIN belongs to
    "openldap": ("openldap/reader",),
    "www-data": (),
    "nobody": (),
}


@pytest.mark.guard(
    "nothing; but any local user on {server} can read secrets and eavesdrop",
    "mode and owner of the named file (the role that writes it); for a process, how its unit starts it",
)
def test_secrets(customer, login, server):
    """No secret is in a world-readable file or on a command line"""
    digests = {hashlib.sha256(secret.encode()).hexdigest(): purpose for purpose, secret in customer.secrets.items()}
    # The server is told digests, never the secrets: they would stand on its command lines otherwise.
    done = login(server).run("python3 -c %s %s", SEARCH.read_text(), " ".join(digests))
    assert done.rc == 0, done.stderr
    found = {f"{digests[digest]} in {place}" for digest, place in json.loads(done.stdout)}
    assert not found, f"{server.name}: {'; '.join(sorted(found))}"


@pytest.mark.guard(
    "nothing; but an attacker who takes over one daemon on {server} gets the password of another",
    "mode and owner of the named file (the role that writes it)",
)
def test_secrets_of_other_daemons(customer, login, server):
    """Each daemon's user can read that daemon's secrets only"""
    digests = {hashlib.sha256(secret.encode()).hexdigest(): purpose for purpose, secret in customer.secrets.items()}
    shell, found = login(server), set()
    for user, needed in NEEDED.items():
        if shell.run("getent passwd %s", user).rc:
            continue
        search = "runuser --user %s -- python3 -c %s %s"
        done = shell.run(search, user, SEARCH.read_text(), " ".join(digests))
        assert done.rc == 0, done.stderr
        for digest, place in json.loads(done.stdout):
            if not digests[digest].startswith(needed):
                found.add(f"{user} can read {digests[digest]} in {place}")
    assert not found, f"{server.name}: {'; '.join(sorted(found))}"
