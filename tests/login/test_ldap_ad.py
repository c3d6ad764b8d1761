"""Logins by the LDAP back end at a real Active Directory: two domain controllers (Samba) in the lab's containers."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from asking import ASKER, PYTHON, Asker, preflight
from domain import BASE, PASSWORD, SECONDS, running_domain


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    with running_domain(tmp_path_factory.mktemp("domain")) as domain:
        yield domain


@pytest.fixture
def serve(domain, tmp_path):
    """serve(**changes): what asks the back end with settings that differ."""
    running = []

    def start(**changes) -> Asker:
        folder = tmp_path / str(len(running))
        running.append(Asker(PYTHON, "ad", domain.settings(**changes), folder, str(folder), str(ASKER)))
        return running[-1]

    yield start
    for asker in running:
        asker.stop()


@pytest.fixture
def check(domain):
    """check(login, **changes): the preflight with settings that differ, and with a login to try."""

    def run(login="", **changes):
        line = {"user": login, "password": PASSWORD} if login else None
        return preflight(PYTHON, "ad", domain.settings(**changes), line)

    return run


def entered(answer) -> tuple[str, bool]:
    assert answer["reason"] == "", answer
    return answer["user"], answer["moderator"]


def timed(action):
    begin = time.monotonic()
    return action(), time.monotonic() - begin


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
    ("login", "moderator"),
    [
        pytest.param("anna", True, id="group in a group in the group"),
        pytest.param("bernd", True, id="in the group"),
        pytest.param("carla", False, id="not in the group"),
        pytest.param("Bernd", True, id="another spelling"),
        pytest.param("jörg(ext)", True, id="a name with everything in it"),
    ],
)
def test_who_gets_in(serve, login, moderator):
    people = serve()
    assert entered(people.login(login, PASSWORD)) == (login.lower(), moderator)
    assert entered(people.ask(current=login.lower())) == (login.lower(), moderator)


@pytest.mark.parametrize(
    ("login", "told", "logged"),
    [
        ("dora", "disabled", "account disabled"),
        ("emil", "disabled", "account expired"),
        ("frida", "change", "password must be changed first"),
        ("gustav", "expired", "password expired"),
        ("hanna", "locked", "account locked"),
        ("nobody", "wrong", "unknown account"),
    ],
)
def test_who_does_not(serve, login, told, logged):
    """With the right password, and members of the group all of them."""
    people = serve()
    answer = people.login(login, PASSWORD)
    assert (answer["user"], answer["moderator"], answer["reason"]) == ("", False, told)
    assert people.stop() == f"refused: {logged}\n"


def test_who_is_disabled_does_not_stay_logged_in(serve):
    people = serve(current_filter="(!(userAccountControl:1.2.840.113556.1.4.803:=2))")
    assert people.ask(current="dora")["reason"] == "wrong"
    assert entered(people.ask(current="bernd"))


def test_a_wrong_password(serve):
    people = serve()
    assert people.login("anna", "wrong")["reason"] == "wrong"
    assert people.login("anna", "")["reason"] == "wrong"
    # Who is disabled is told to nobody but the one who knows the password.
    assert people.login("dora", "wrong")["reason"] == "wrong"


@pytest.mark.parametrize("login", ["*", "ann*", "anna)(|(cn=*", "*)(objectClass=*", "an\\6ea", "anna\0", "", " "])
def test_names_that_are_filters(serve, login):
    assert serve().login(login, PASSWORD)["reason"] == "wrong"


def test_a_machine_is_nobody(serve):
    assert serve().login("DC1$", PASSWORD)["reason"] == "wrong"


def test_groups_are_nested_by_the_rule_in_chain_alone(serve):
    """Without it only direct members count."""
    people = serve(chain=False)
    assert people.login("anna", PASSWORD)["moderator"] is False
    assert people.login("bernd", PASSWORD)["moderator"] is True


def test_a_group_with_every_character_that_means_something(serve):
    people = serve(moderators_group=f"CN=Video (all)\\, *moderators* \\\\ \\#1,OU=Groups,{BASE}")
    assert people.login("jörg(ext)", PASSWORD)["moderator"] is True
    assert people.login("bernd", PASSWORD)["moderator"] is False


def test_login_by_the_second_name(serve):
    people = serve(login_attribute="userPrincipalName", login_suffix="@example-ad.test")
    assert entered(people.login("anna.arnold", PASSWORD)) == ("anna.arnold", True)
    assert entered(people.login("anna.arnold@example-ad.test", PASSWORD))[0] == "anna.arnold"
    assert entered(people.ask(current="anna.arnold")) == ("anna.arnold", True)
    assert people.login("anna", PASSWORD)["reason"] == "wrong"


# The way there.


def test_preflight(domain, check):
    done = check("anna")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok: ") == len(domain.addresses) + 1
    assert "anna logs in as anna, a moderator" in done.stdout


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
def test_preflight_finds(check, changes, login, words):
    done = check(login, **changes)
    assert done.returncode == 1, done.stdout
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert errors
    assert all(words in error and "administrator" in error for error in errors), errors


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_wrong_ca(domain, serve, check, foreign_ca, scheme):
    servers = [f"{scheme}://{address}" for address in domain.addresses]
    done = check(ca_file=foreign_ca, servers=servers)
    assert done.returncode == 1
    assert done.stdout.count("its certificate is not trusted") == len(servers), done.stdout
    assert serve(ca_file=foreign_ca, servers=servers).login("anna", PASSWORD)["reason"] == "unavailable"


def test_starttls(domain, serve, check):
    servers = [f"ldap://{address}" for address in domain.addresses]
    assert check(servers=servers).returncode == 0
    assert entered(serve(servers=servers).login("anna", PASSWORD))


# Controllers come and go.


@pytest.mark.parametrize(("gone", "back"), [("stop", "start"), ("pause", "unpause")])
def test_one_controller_is_enough(domain, serve, check, gone, back):
    people = serve(rest=1)
    with domain.without("dc1", gone, back):
        begin = time.monotonic()
        assert people.login("anna", PASSWORD)["moderator"] is True
        assert time.monotonic() - begin < SECONDS
        done = check()
        assert done.returncode == 2, done.stdout
        assert done.stdout.count("unreachable: ") == 1
    with domain.without("dc2", gone, back):
        assert people.login("anna", PASSWORD)["moderator"] is True


def test_no_controller_answers(domain, serve):
    """Nobody logs in, nobody waits long, and when they are back all is well without a restart."""
    people = serve(rest=1)
    with domain.without("dc1", "pause", "unpause"), domain.without("dc2", "pause", "unpause"):
        begin = time.monotonic()
        answer = people.login("anna", PASSWORD)
        assert answer["reason"] == "unavailable", json.dumps(answer)
        assert time.monotonic() - begin < SECONDS + 1
    assert entered(people.login("anna", PASSWORD))


def test_200_logins_at_the_same_time(serve, record_property):
    """Nobody is refused. `make bench` reads what it took."""
    people = serve(seconds=60, server_seconds=30)
    with ThreadPoolExecutor(200) as crowd:
        answers = list(crowd.map(lambda _: timed(lambda: people.login("anna", PASSWORD)), range(200)))
    assert [answer for answer, _ in answers if answer["reason"]] == []
    times = sorted(seconds for _, seconds in answers)
    record_property("median", f"{times[100]:.2f}")
    record_property("p99", f"{times[197]:.2f}")
    record_property("errors", 0)
