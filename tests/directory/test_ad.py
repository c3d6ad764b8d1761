"""The daemon of role directory and a real Active Directory: two domain controllers (Samba) in the lab's containers."""

import json
import subprocess
import time

import pytest
from directories import DAEMON
from domain import BASE, PASSWORD, SECONDS, NearbyDaemon, running_domain


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    with running_domain(tmp_path_factory.mktemp("domain")) as domain:
        yield domain


@pytest.fixture
def serve(domain, tmp_path):
    """serve(**changes): a daemon with settings that differ."""
    running = []

    def start(**changes) -> NearbyDaemon:
        running.append(NearbyDaemon(tmp_path / str(len(running)), domain.settings(**changes)))
        return running[-1]

    yield start
    for daemon in running:
        daemon.stop()


def preflight(domain, tmp_path, login=None, **changes) -> subprocess.CompletedProcess:
    file = tmp_path / "check.json"
    file.write_text(json.dumps(domain.settings(**changes)))
    return subprocess.run(
        ["/usr/bin/python3", DAEMON, "--check", file],
        input=json.dumps(login) if login else "", capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def foreign_ca(tmp_path_factory):
    """Another authority with the name of the right one."""
    file = tmp_path_factory.mktemp("foreign") / "ca.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2",
         "-subj", "/CN=corp.example-ad.test CA", "-keyout", "/dev/null", "-out", file],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(file)


# Who gets in, as what.


@pytest.mark.parametrize(
    ("user", "moderator"),
    [
        pytest.param("anna", True, id="group in a group in the group"),
        pytest.param("bernd", True, id="in the group"),
        pytest.param("carla", False, id="not in the group"),
        pytest.param("Bernd", True, id="another spelling"),
        pytest.param("jörg(ext)", True, id="a name with everything in it"),
    ],
)
def test_who_gets_in(serve, user, moderator):
    answer = serve().login(user)
    assert answer == {"result": "yes", "name": user.lower(), "moderator": moderator, "why": ""}


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("dora", "account disabled"),
        ("emil", "account expired"),
        ("frida", "password must be changed first"),
        ("gustav", "password expired"),
        ("hanna", "account locked"),
        ("nobody", "unknown account"),
    ],
)
def test_who_does_not(serve, user, why):
    """With the right password, and members of the group all of them."""
    daemon = serve()
    answer = daemon.login(user)
    assert (answer["result"], answer["moderator"], answer["why"]) == ("no", False, why)
    assert why in daemon.stop()


def test_a_wrong_password(serve):
    daemon = serve()
    assert daemon.login("anna", "wrong")["why"] == "wrong password"
    assert daemon.login("anna", "")["result"] == "no"
    assert PASSWORD not in daemon.stop()


@pytest.mark.parametrize("user", ["*", "ann*", "anna)(|(cn=*", "*)(objectClass=*", "an\\6ea", "anna\0", "", " "])
def test_names_that_are_filters(serve, user):
    assert serve().login(user)["result"] == "no"


def test_a_machine_is_nobody(serve):
    assert serve().login("DC1$")["result"] == "no"


def test_groups_are_nested_by_the_rule_in_chain_alone(serve):
    """Without it only direct members count."""
    daemon = serve(chain=False)
    assert daemon.login("anna")["moderator"] is False
    assert daemon.login("bernd")["moderator"] is True


def test_a_group_with_every_character_that_means_something(serve):
    daemon = serve(moderators_group=f"CN=Video (all)\\, *moderators* \\\\ \\#1,OU=Groups,{BASE}")
    assert daemon.login("jörg(ext)")["moderator"] is True
    assert daemon.login("bernd")["moderator"] is False


def test_login_by_the_second_name(serve):
    daemon = serve(login_attribute="userPrincipalName", login_suffix="@example-ad.test")
    assert daemon.login("anna.arnold") == {"result": "yes", "name": "anna.arnold", "moderator": True, "why": ""}
    assert daemon.login("anna.arnold@example-ad.test")["name"] == "anna.arnold"
    assert daemon.login("anna")["result"] == "no"


# The way there.


def test_preflight(domain, tmp_path):
    done = preflight(domain, tmp_path, {"user": "anna", "password": PASSWORD})
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok: ") == len(domain.addresses) + 1
    assert "anna" in done.stdout
    assert "a moderator" in done.stdout


@pytest.mark.parametrize(
    ("changes", "login", "words"),
    [
        ({"password": "wrong"}, None, "jitsi_directory_password"),
        ({"base": f"OU=Elsewhere,{BASE}"}, None, "jitsi_directory.base"),
        ({"moderators_group": f"CN=Elsewhere,{BASE}"}, None, "jitsi_directory.moderators_group"),
        ({"login_attribute": "uid"}, None, "jitsi_directory.login_attribute"),
        ({}, "dora", "account disabled"),
        ({}, "gustav", "password expired"),
    ],
)
def test_preflight_finds(domain, tmp_path, changes, login, words):
    done = preflight(domain, tmp_path, login and {"user": login, "password": PASSWORD}, **changes)
    assert done.returncode == 1, done.stdout
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault: ")]
    assert faults
    assert all(words in fault and "administrator" in fault for fault in faults), faults


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_wrong_ca(domain, serve, foreign_ca, tmp_path, scheme):
    servers = [f"{scheme}://{address}" for address in domain.addresses]
    done = preflight(domain, tmp_path, ca_file=foreign_ca, servers=servers)
    assert done.returncode == 1
    assert done.stdout.count("its certificate is not trusted") == len(servers), done.stdout
    assert serve(ca_file=foreign_ca, servers=servers).login("anna")["result"] == "away"


def test_starttls(domain, serve, tmp_path):
    servers = [f"ldap://{address}" for address in domain.addresses]
    assert preflight(domain, tmp_path, servers=servers).returncode == 0
    assert serve(servers=servers).login("anna")["result"] == "yes"


# Controllers come and go.


@pytest.mark.parametrize(("gone", "back"), [("stop", "start"), ("pause", "unpause")])
def test_one_controller_is_enough(domain, serve, tmp_path, gone, back):
    daemon = serve(rest=1)
    with domain.without("dc1", gone, back):
        begin = time.monotonic()
        assert daemon.login("anna")["moderator"] is True
        assert time.monotonic() - begin < SECONDS
        done = preflight(domain, tmp_path)
        assert done.returncode == 2, done.stdout
        assert done.stdout.count("unreachable: ") == 1
    with domain.without("dc2", gone, back):
        assert daemon.login("anna")["moderator"] is True


def test_no_controller_answers(domain, serve):
    """Nobody logs in, nobody waits long, and when they are back all is well without a restart."""
    daemon = serve(rest=1)
    with domain.without("dc1", "pause", "unpause"), domain.without("dc2", "pause", "unpause"):
        begin = time.monotonic()
        assert daemon.login("anna")["result"] == "away"
        assert time.monotonic() - begin < SECONDS + 1
    assert daemon.login("anna")["result"] == "yes"
