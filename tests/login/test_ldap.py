"""Logins by the LDAP back end at real LDAP servers (slapd of Debian 12 and of Debian 13): who gets in, as whom."""

import contextlib
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from directories import BASE, BIND_DN, DAY, GROUP, PASSWORD, Authority
from ldap_site import SECONDS, Site, without
from machine import SUITES, Machine, root_filesystems, wait


@pytest.fixture(scope="module", params=SUITES)
def site(request, tmp_path_factory):
    machine = Machine(root_filesystems()[request.param], tmp_path_factory.mktemp(request.param))
    with contextlib.closing(machine):
        yield Site(machine)


@pytest.fixture
def serve(site):
    """serve(**changes): what asks the back end with settings that differ; one at a time."""
    running = []

    def start(**changes):
        for asker in running:
            asker.stop()
        running.append(site.start(**changes))
        return running[-1]

    yield start
    for asker in running:
        asker.stop()


@pytest.fixture
def people(serve):
    return serve()


def timed(action):
    begin = time.monotonic()
    return action(), time.monotonic() - begin


def entered(answer) -> tuple[str, bool]:
    assert answer["reason"] == "", answer
    return answer["user"], answer["moderator"]


# Who gets in, as whom.


@pytest.mark.parametrize(
    ("login", "password", "name", "moderator"),
    [
        pytest.param("anna", "anna-secret", "anna", True, id="a moderator"),
        pytest.param("carla", "carla-secret", "carla", False, id="somebody else"),
        pytest.param("ANNA ", "anna-secret", "anna", True, id="another spelling"),
        pytest.param("b.bauer", "Bernd-secret", "bernd", True, id="another of his logins"),
        pytest.param("JÖRG", "jörg-secret", "jörg", False, id="a name with other letters"),
        pytest.param("dora", "dora-secret", "dora", True, id="moderator by memberOf"),
        pytest.param(
            "odd (o'hara), *",
            "odd (o'hara), *-secret",
            "odd\\20(o\\27hara),\\20*",
            True,
            id="a name with characters that filters, DNs and XMPP reserve",
        ),
    ],
)
def test_who_gets_in(people, login, password, name, moderator):
    assert entered(people.login(login, password)) == (name, moderator)
    assert entered(people.ask(current=name)) == (name, moderator), "who is logged in is found again without a password"


@pytest.mark.parametrize(
    ("login", "password", "told", "logged"),
    [
        ("anna", "bernd-secret", "wrong", "wrong password"),
        ("anna", "", "wrong", "no password"),
        ("anna", "anna-secret\0", "wrong", "no password"),
        ("anna", "\0", "wrong", "no password"),
        ("nobody", "nobody-secret", "wrong", "unknown account"),
        ("", "anna-secret", "wrong", "no login name"),
        ("a" * 300, "anna-secret", "wrong", "no login name"),
        ("locked", "locked-secret", "locked", "account locked"),
        ("reset", "reset-secret", "change", "password must be changed first"),
        ("expired", "expired-secret", "expired", "password expired"),
        ("expired", "a-wrong-one", "wrong", "wrong password"),
    ],
)
def test_who_does_not(people, login, password, told, logged):
    assert people.reason(login, password) == (told, json.dumps([f"refused: {logged}"]))


@pytest.mark.parametrize(
    "login",
    [
        "*",
        "ann*",
        "*)(uid=*",
        "anna)(|(uid=*",
        "anna)(objectClass=*))(&(uid=anna",
        "an\\6ea",
        "an\\na",
        "anna\0",
        "(",
        "\\",
    ],
)
def test_a_filter_for_a_name_finds_nobody(people, login):
    assert people.reason(login, PASSWORD.format("anna")) == ("wrong", '["refused: unknown account"]')


def test_the_filter_decides_who_may(serve):
    people = serve(user_filter="(!(uid=carla))")
    assert entered(people.login("anna"))
    assert "unknown account" in people.reason("carla")[1]
    assert people.ask(current="carla")["reason"] == "wrong"


def test_who_is_logged_in_may_have_to_match_a_filter_of_its_own(serve):
    people = serve(current_filter="(!(pwdAccountLockedTime=000001010000Z))")
    assert people.ask(current="locked")["reason"] == "wrong"
    assert entered(people.ask(current="anna"))


def test_two_people_with_one_login_do_not_get_in(serve):
    people = serve(login_attribute="mail")
    assert "several entries have this login" in people.reason("twin@acme.example", "emil-secret")[1]


def test_login_by_address_without_its_end(serve):
    people = serve(login_attribute="mail", login_suffix="@acme.example")
    assert entered(people.login("anna")) == ("anna", True)
    assert entered(people.login("Anna@acme.example", "anna-secret"))[0] == "anna"
    assert people.login("anna@other.example", "anna-secret")["reason"] == "wrong"
    assert entered(people.ask(current="anna")) == ("anna", True)
    people = serve(login_attribute="mail")
    assert entered(people.login("anna@acme.example", "anna-secret"))[0] == "anna\\40acme.example"
    assert entered(people.ask(current="anna\\40acme.example"))[0] == "anna\\40acme.example"


@pytest.mark.parametrize("group", ["", f"cn=nowhere,{BASE}"])
def test_without_the_group_nobody_is_a_moderator(serve, group):
    assert entered(serve(moderators_group=group).login("anna")) == ("anna", False)


def test_who_is_logged_in_and_leaves_the_group_or_the_directory_is_noticed(site, people):
    assert entered(people.ask(current="anna")) == ("anna", True)
    site.change(f"dn: {GROUP}\nchangetype: modify\ndelete: member\nmember: uid=anna,ou=people,{BASE}\n")
    try:
        assert entered(people.ask(current="anna")) == ("anna", False)
    finally:
        site.change(f"dn: {GROUP}\nchangetype: modify\nadd: member\nmember: uid=anna,ou=people,{BASE}\n")
    assert people.ask(current="nobody")["reason"] == "wrong"
    with without(site.first, "stop"), without(site.second, "stop"):
        assert people.ask(current="anna")["reason"] == "unavailable"


def test_the_log_has_reasons_and_neither_names_nor_passwords(people):
    people.login("anna", "a-wrong-one")
    people.login("carla", "carla-secret")
    people.login("hunter2", "typed-into-the-wrong-field")
    written = people.stop()
    assert written.splitlines() == ["refused: wrong password", "refused: unknown account"]


# TLS.


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_tls_both_ways(site, serve, scheme):
    servers = [f"{scheme}://{name}" for name in site.servers]
    assert entered(serve(servers=servers).login("anna"))
    assert site.check(servers=servers).returncode == 0


@pytest.fixture(params=["ldaps", "ldap"])
def refused_certificate(request, site, serve):
    """The back end does not talk to the first server as it is now, and the preflight says why."""

    def look(reason, **changes):
        changes["servers"] = [f"{request.param}://{changes.pop('name', site.first.name)}"]
        assert serve(**changes).login("anna")["reason"] == "unavailable"
        done = site.check(**changes)
        assert done.returncode == 1, done.stdout
        assert reason in done.stdout
        assert "ask the directory's administrator for the CA certificate" in done.stdout

    return look


def test_a_foreign_ca_of_the_same_name(site, refused_certificate):
    site.machine.put("/srv/foreign.crt", Authority().certificate)
    refused_certificate("its certificate is not trusted", ca_file="/srv/foreign.crt")


def test_a_ca_the_system_does_not_know(refused_certificate):
    refused_certificate("its certificate is not trusted", ca_file="/etc/ssl/certs/ca-certificates.crt")


def test_another_name_for_the_same_server(site, refused_certificate):
    refused_certificate("not valid for '127.0.0.11'", name=site.first.address)
    site.machine.sh(f"grep -q alias /etc/hosts || echo '{site.first.address} alias.acme.example' >> /etc/hosts")
    refused_certificate("not valid for 'alias.acme.example'", name="alias.acme.example")


def test_an_expired_certificate(site, refused_certificate):
    site.first.present(site.authority.issue(site.first.name, left=-DAY))
    try:
        refused_certificate("expired")
    finally:
        site.first.present(site.authority.issue(site.first.name))


def test_nothing_on_the_machine_switches_the_check_off(site, serve):
    site.machine.put("/srv/foreign.crt", Authority().certificate)
    site.machine.sh("printf 'TLS_REQCERT never\\nTLS_CACERT /srv/ca.crt\\n' > /etc/ldap/ldap.conf")
    try:
        assert serve(ca_file="/srv/foreign.crt").login("anna")["reason"] == "unavailable"
    finally:
        site.machine.sh("rm /etc/ldap/ldap.conf")


def test_no_password_leaves_without_tls(site, serve):
    """A server that refuses StartTLS gets nothing more."""
    script = (
        "import socket\n"
        "listener = socket.create_server(('127.0.0.13', 389))\n"
        "while True:\n"
        "    client = listener.accept()[0]\n"
        "    asked = client.recv(1000)\n"
        r"    client.sendall(b'\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00')" + "\n"
        "    print((asked + client.recv(1000)).hex(), flush=True)\n"
    )
    site.machine.sh("echo '127.0.0.13 plain.acme.example' >> /etc/hosts")
    plain = site.machine.start("python3", "-c", script, text=True)
    wait(lambda: site.machine.sh("bash -c 'exec 3<>/dev/tcp/127.0.0.13/389'", check=False).returncode == 0, "no server")
    plain.stdout.readline()  # of the knock
    assert serve(servers=["ldap://plain.acme.example"]).login("anna")["reason"] == "unavailable"
    assert "StartTLS is refused" in site.check(servers=["ldap://plain.acme.example"]).stdout
    plain.terminate()
    heard = bytes.fromhex("".join(plain.stdout.read().split()))
    assert b"1.3.6.1.4.1.1466.20037" in heard
    assert b"secret" not in heard
    assert b"cn=jitsi" not in heard


# Servers come and go.


@pytest.mark.parametrize("away", ["stop", "freeze"])
def test_the_second_server_answers_for_the_first(site, people, away):
    with without(site.first, away):
        answer, seconds = timed(lambda: people.login("anna"))
        assert answer["moderator"] is True
        assert seconds < SECONDS
        # That the first one is unavailable is remembered: nobody waits for it again.
        assert timed(lambda: people.login("anna"))[1] < 1
    with without(site.second, "stop"):
        wait(lambda: people.login("anna")["user"] == "anna", "the first server is forgotten")


@pytest.mark.parametrize("away", ["stop", "freeze"])
def test_nobody_answers(site, people, away):
    """Nobody logs in, nobody waits long, and when they are back all is well without a restart."""
    with without(site.first, away), without(site.second, away):
        for _ in range(2):
            answer, seconds = timed(lambda: people.login("anna"))
            assert answer["reason"] == "unavailable"
            assert seconds < SECONDS + 1
    assert entered(people.login("anna"))


def test_a_server_that_speaks_tls_and_nothing_more(site, serve):
    site.machine.put("/srv/mute.pem", site.authority.issue("mute.acme.example"))
    site.machine.sh("echo '127.0.0.14 mute.acme.example' >> /etc/hosts")
    script = (
        "import socket, ssl\n"
        "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
        "context.load_cert_chain('/srv/mute.pem')\n"
        "listener = socket.create_server(('127.0.0.14', 636))\n"
        "print('ready', flush=True)\n"
        "kept = []\n"
        "while True: kept.append(context.wrap_socket(listener.accept()[0], server_side=True))\n"
    )
    mute = site.machine.start("python3", "-c", script)
    assert mute.stdout.readline() == b"ready\n"
    people = serve(servers=["ldaps://mute.acme.example"])
    answer, seconds = timed(lambda: people.login("anna"))
    assert answer["reason"] == "unavailable"
    assert seconds < SECONDS + 1
    people = serve(servers=["ldaps://mute.acme.example", f"ldaps://{site.second.name}"])
    assert entered(people.login("anna")), "there is time left for another server"
    mute.terminate()


def test_many_wait_for_few(site, serve):
    """Far more logins than workers: all get in; and with servers that hang all are told so in time."""
    people = serve(workers=4, seconds=20)
    with ThreadPoolExecutor(60) as crowd:
        assert {each["user"] for each in crowd.map(lambda _: people.login("anna"), range(60))} == {"anna"}
    people = serve(workers=2)
    with without(site.first, "freeze"), without(site.second, "freeze"), ThreadPoolExecutor(30) as crowd:
        begin = time.monotonic()
        answers = list(crowd.map(lambda _: people.login("anna"), range(30)))
        assert time.monotonic() - begin < 5 * SECONDS  # one after another they would take fifteen times as long
    assert {each["reason"] for each in answers} == {"unavailable"}
    wait(lambda: people.login("anna")["user"] == "anna", "it does not recover")


def test_200_logins_at_the_same_time(serve, record_property):
    """Nobody is refused. `make bench` reads what it took."""
    people = serve(seconds=60, server_seconds=30)
    with ThreadPoolExecutor(200) as crowd:
        answers = list(crowd.map(lambda _: timed(lambda: people.login("anna")), range(200)))
    assert [answer for answer, _ in answers if answer["reason"]] == []
    times = sorted(seconds for _, seconds in answers)
    record_property("median", f"{times[100]:.2f}")
    record_property("p99", f"{times[197]:.2f}")
    record_property("errors", 0)


def test_a_refused_bind_account_is_not_tried_again_and_again(site, serve):
    """Its own lock would last longer than the wrong password in the settings."""
    people = serve(password="wrong", rest=3600)  # noqa: S106  # that it is wrong is the point
    assert "the bind account is refused" in people.reason("anna")[1]
    assert "a moment ago" in people.reason("anna")[1]


# The preflight: each error is a sentence that says what to ask.


def test_preflight(site):
    done = site.check("anna")
    assert done.returncode == 0, done.stdout
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["ok", "ok", "ok"]
    assert "anna logs in as anna, a moderator" in done.stdout


@pytest.mark.parametrize(
    ("changes", "login", "words"),
    [
        ({"password": "wrong"}, "", f"whether {BIND_DN} is in order, and for its password (jitsi_directory_password)"),
        ({"bind_dn": f"cn=nobody,{BASE}"}, "", f"whether cn=nobody,{BASE} is in order"),
        ({"base": f"ou=nowhere,{BASE}"}, "", "where the people are (jitsi_directory.base)"),
        ({"user_filter": "(uid=nobody)"}, "", "what people log in with (jitsi_directory.login_attribute"),
        ({"moderators_group": f"cn=nowhere,{BASE}"}, "", "for the DN of the moderators' group"),
        ({}, "nobody", "the test login nobody is refused (unknown account)"),
        ({}, "locked", "the test login locked is refused (account locked)"),
    ],
)
def test_preflight_finds(site, changes, login, words):
    done = site.check(login, **changes)
    assert done.returncode == 1, done.stdout
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert errors
    assert all(words in error and "ask the directory's administrator" in error for error in errors), errors


def test_preflight_tells_who_is_unreachable(site):
    with without(site.first, "stop"):
        done = site.check("anna")
    assert done.returncode == 2
    assert done.stdout.startswith(f"unreachable: ldaps://{site.first.name}: it does not answer (Connection refused)")
    assert "anna logs in as anna" in done.stdout
    done, seconds = timed(lambda: site.check(servers=["ldaps://nowhere.invalid", "ldaps://192.0.2.1"]))
    assert done.returncode == 2
    assert "its name has no address" in done.stdout
    assert done.stdout.count("unreachable: ") == 2
    assert seconds < 15


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"servers": []}, "servers is empty"),
        ({"sarvers": []}, "sarvers"),
        ({"ca_file": "/srv/none.crt"}, "No such file"),
    ],
)
def test_settings_that_are_none(site, changes, words):
    done: subprocess.CompletedProcess = site.check(**changes)
    assert done.returncode == 64
    assert words in done.stderr
