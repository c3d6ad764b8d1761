"""The daemon of role directory and real LDAP servers (slapd of Debian 12 and of Debian 13)."""

import collections
import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from directories import BASE, BIND_DN, DAY, PASSWORD, PROGRAM, Authority
from machine import wait

SECONDS = 4  # a login takes no longer (Site.settings)


def timed(action):
    begin = time.monotonic()
    return action(), time.monotonic() - begin


# Who gets in, as whom.


@pytest.mark.parametrize(
    ("user", "password", "name", "moderator"),
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
def test_who_gets_in(daemon, user, password, name, moderator):
    assert daemon.login(user, password) == {"result": "yes", "name": name, "moderator": moderator, "why": ""}


@pytest.mark.parametrize(
    ("user", "password", "why"),
    [
        ("anna", "bernd-secret", "wrong password"),
        ("anna", "", "no password"),
        ("anna", "anna-secret\0", "no password"),
        ("anna", "\0", "no password"),
        ("nobody", "nobody-secret", "unknown account"),
        ("", "anna-secret", "no login name"),
        ("a" * 300, "anna-secret", "no login name"),
        ("locked", "locked-secret", "account locked"),
        ("reset", "reset-secret", "password must be changed first"),
        ("expired", "expired-secret", "password expired"),
    ],
)
def test_who_does_not(daemon, user, password, why):
    answer = daemon.login(user, password)
    assert (answer["result"], answer["moderator"], answer["why"]) == ("no", False, why)


@pytest.mark.parametrize(
    "user",
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
def test_a_filter_for_a_name_finds_nobody(daemon, user):
    answer = daemon.login(user, PASSWORD.format("anna"))
    assert (answer["result"], answer["why"]) == ("no", "unknown account")


def test_the_filter_decides_who_may(serve):
    daemon = serve(user_filter="(!(uid=carla))")
    assert daemon.login("anna")["result"] == "yes"
    assert daemon.login("carla")["why"] == "unknown account"


def test_two_people_with_one_login_do_not_get_in(serve):
    daemon = serve(login_attribute="mail")
    assert daemon.login("twin@acme.example", "emil-secret")["why"] == "several entries have this login"


def test_login_by_address_without_its_end(serve):
    daemon = serve(login_attribute="mail", login_suffix="@acme.example")
    assert daemon.login("anna") == {"result": "yes", "name": "anna", "moderator": True, "why": ""}
    assert daemon.login("Anna@acme.example", "anna-secret")["name"] == "anna"
    assert daemon.login("anna@other.example", "anna-secret")["result"] == "no"
    assert serve(login_attribute="mail").login("anna@acme.example", "anna-secret")["name"] == "anna\\40acme.example"


@pytest.mark.parametrize("group", ["", f"cn=nowhere,{BASE}"])
def test_without_the_group_nobody_is_a_moderator(serve, group):
    answer = serve(moderators_group=group).login("anna")
    assert (answer["result"], answer["moderator"]) == ("yes", False)


def test_passwords_are_guessed_a_few_times_only(serve):
    """Then the directory is not asked any more, so that nobody can lock an account in it; others do not notice."""
    daemon = serve(guesses=2, guesses_seconds=2)
    assert [daemon.login("anna", str(number))["why"] for number in range(2)] == ["wrong password"] * 2
    assert "not asked any more" in daemon.login("Anna", "anna-secret")["why"]
    assert daemon.login("carla")["result"] == "yes"
    wait(lambda: daemon.login("anna")["result"] == "yes", "anna stays out", 10)


def test_parallel_guesses_are_no_more_than_others(site, serve):
    """A guess counts before the directory is asked, or 32 who guess at once would lock the account there."""
    daemon = serve(guesses=5, waiting=500, seconds=20)
    with ThreadPoolExecutor(60) as strangers:
        answers = list(strangers.map(lambda n: daemon.login("anna", str(n), f"198.51.100.{n % 50}"), range(200)))
    whys = collections.Counter(answer["why"].partition(":")[0] for answer in answers)
    assert whys == {"wrong password": 5, "5 wrong passwords within 10 minutes": 195}


def test_right_passwords_at_the_same_time_are_no_guesses(serve):
    daemon = serve(guesses=2)
    with ThreadPoolExecutor(20) as people:
        assert {each["result"] for each in people.map(lambda _: daemon.login("anna"), range(20))} == {"yes"}


def test_strangers_guesses_keep_nobody_out_whose_address_is_known(serve):
    """The person is known where they logged in before, and guesses there count for that address alone."""
    home, neighbour, stranger = "192.0.2.7", "192.0.2.8", "198.51.100.9"
    daemon = serve(guesses=2, known_guesses=2)
    assert daemon.login("anna", address=home)["result"] == "yes"
    for number in range(4):
        assert daemon.login("anna", str(number), stranger)["result"] == "no"
    assert "not asked any more" in daemon.login("anna", address=neighbour)["why"]
    for _ in range(3):
        assert daemon.login("anna", address=home)["result"] == "yes"
    # Where anna is known nobody else is, and nobody may guess there without end.
    assert daemon.login("carla", address=stranger)["result"] == "yes"
    assert "not asked any more" in daemon.login("anna", address=stranger)["why"]
    assert [daemon.login("anna", "wrong", home)["why"] for _ in range(2)] == ["wrong password"] * 2
    assert "not asked any more" in daemon.login("anna", address=home)["why"]


@pytest.mark.parametrize(
    ("known", "same", "other"),
    [
        ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8"),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::1", "2001:db8:1:3::5"),
    ],
)
def test_what_one_visitor_is(serve, known, same, other):
    daemon = serve(guesses=1)
    assert daemon.login("anna", address=known)["result"] == "yes"
    assert daemon.login("anna", "wrong", "198.51.100.9")["result"] == "no"
    assert [daemon.login("anna", address=address)["result"] for address in (same, other)] == ["yes", "no"]


def test_without_addresses_nobody_is_known(serve):
    """As one who is not told apart: else everybody would be known."""
    daemon = serve(guesses=1)
    assert daemon.login("anna")["result"] == "yes"
    assert daemon.login("anna", "wrong")["result"] == "no"
    assert daemon.login("anna")["result"] == "no"


def test_a_burst_of_one_visitor_delays_that_one_only(site, serve):
    """More than fit: who else comes is asked for next, and only the burst is told that there are too many."""
    daemon = serve(workers=4, waiting=40, seconds=20, server_seconds=10)
    site.first.freeze()
    site.second.freeze()
    with ThreadPoolExecutor(80) as people:
        burst = [people.submit(daemon.login, "carla", None, "198.51.100.9") for _ in range(60)]
        wait(lambda: sum(each.done() for each in burst) >= 60 - 3 - 40, "too many are let wait")
        others = [people.submit(daemon.login, "anna", None, f"192.0.2.{number}") for number in range(10)]
        wait(lambda: sum(each.done() for each in burst) >= 60 - 3 - 40 + 9, "nobody makes room for others")
        site.first.thaw()
        site.second.thaw()
        assert {each.result()["result"] for each in others} == {"yes"}
        assert {each.result()["result"] for each in burst} == {"yes", "away"}
        assert sum("too many" in each.result()["why"] for each in burst) == 60 - 3 - 40 + 9


# What the journal gets.


def test_the_journal_has_reasons_and_neither_passwords_nor_what_strangers_type(daemon):
    daemon.login("anna", "a-wrong-one")
    daemon.login("carla", "carla-secret")
    daemon.login("hunter2", "typed-into-the-wrong-field")
    daemon.send(b"no JSON, hunter2\n")
    written = daemon.stop()
    assert "anna: wrong password" in written.replace("'", "")
    assert "a login: unknown account" in written
    for secret in ("a-wrong-one", "carla", "hunter2", "typed-into"):
        assert secret not in written


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{}\n", b'{"user": "anna"}\n', b"x" * 100_000 + b"\n", b"\xff\n"])
def test_nonsense_gets_no_answer_and_does_no_harm(daemon, line):
    with contextlib.suppress(ConnectionError):
        assert daemon.send(line) == b""
    assert daemon.login("anna")["result"] == "yes"


# TLS.


@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_tls_both_ways(site, serve, scheme):
    servers = [f"{scheme}://{name}" for name in site.servers]
    assert serve(servers=servers).login("anna")["result"] == "yes"
    assert site.check(servers=servers).returncode == 0


@pytest.fixture(params=["ldaps", "ldap"])
def refused_certificate(request, site, serve):
    """The daemon does not talk to the first server as it is now, and the preflight says why."""

    def look(reason, **changes):
        changes["servers"] = [f"{request.param}://{changes.pop('name', site.first.name)}"]
        assert serve(**changes).login("anna")["result"] == "away"
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
        assert serve(ca_file="/srv/foreign.crt").login("anna")["result"] == "away"
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
    assert serve(servers=["ldap://plain.acme.example"]).login("anna")["result"] == "away"
    assert "StartTLS is refused" in site.check(servers=["ldap://plain.acme.example"]).stdout
    plain.terminate()
    heard = bytes.fromhex("".join(plain.stdout.read().split()))
    assert b"1.3.6.1.4.1.1466.20037" in heard
    assert b"secret" not in heard
    assert b"cn=jitsi" not in heard


# Servers come and go.


@contextlib.contextmanager
def without(server, away):
    """A while in which a server is stopped or frozen."""
    getattr(server, away)()
    try:
        yield
    finally:
        {"stop": server.start, "freeze": server.thaw}[away]()


@pytest.mark.parametrize("away", ["stop", "freeze"])
def test_the_second_server_answers_for_the_first(site, daemon, away):
    with without(site.first, away):
        answer, seconds = timed(lambda: daemon.login("anna"))
        assert answer["moderator"] is True
        assert seconds < SECONDS
        # That the first one is away is remembered: nobody waits for it again.
        assert timed(lambda: daemon.login("anna"))[1] < 1
    with without(site.second, "stop"):
        wait(lambda: daemon.login("anna")["result"] == "yes", "the first server is forgotten")


@pytest.mark.parametrize("away", ["stop", "freeze"])
def test_nobody_answers(site, daemon, away):
    """Nobody logs in, nobody waits long, and when they are back all is well without a restart."""
    with without(site.first, away), without(site.second, away):
        for _ in range(2):
            answer, seconds = timed(lambda: daemon.login("anna"))
            assert answer["result"] == "away"
            assert seconds < SECONDS + 1
    assert daemon.login("anna")["result"] == "yes"


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
    answer, seconds = timed(lambda: serve(servers=["ldaps://mute.acme.example"]).login("anna"))
    assert answer["result"] == "away"
    assert seconds < SECONDS + 1
    mute.terminate()


def test_many_wait_for_few(site, serve):
    """Far more logins than workers: all get in; and with servers that hang all are told so in time."""
    daemon = serve(workers=4, seconds=20)
    with ThreadPoolExecutor(60) as people:
        assert {each["result"] for each in people.map(lambda _: daemon.login("anna"), range(60))} == {"yes"}
    daemon = serve(workers=2, waiting=10)
    with without(site.first, "freeze"), without(site.second, "freeze"), ThreadPoolExecutor(30) as people:
        begin = time.monotonic()
        answers = list(people.map(lambda _: daemon.login("anna"), range(30)))
        assert time.monotonic() - begin < 5 * SECONDS  # one after another they would take fifteen times as long
    assert {each["result"] for each in answers} == {"away"}
    # One visitor has three quarters of the workers at most: here one, and ten wait.
    assert sum("too many" in each["why"] for each in answers) == 19
    wait(lambda: daemon.login("anna")["result"] == "yes", "it does not recover")


def test_a_refused_bind_account_is_not_tried_again_and_again(site, serve):
    """Its own lock would last longer than the wrong password in the settings."""
    daemon = serve(**{"password": "wrong", "rest": 3600})
    assert "the bind account is refused" in daemon.login("anna")["why"]
    assert "a moment ago" in daemon.login("anna")["why"]


# The preflight: each fault is a sentence that says what to ask.


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
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault: ")]
    assert faults
    assert all(words in fault and "ask the directory's administrator" in fault for fault in faults), faults


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
    ("settings", "words"),
    [("{", "Expecting"), ('{"servers": []}', "missing"), ('{"sarvers": []}', "sarvers"), ("[]", "mapping")],
)
def test_settings_that_are_none(site, settings, words):
    site.machine.put("/srv/broken.json", settings)
    done = site.machine.sh(f"{PROGRAM} --parse /srv/broken.json", check=False)
    assert done.returncode == 64
    assert words in done.stderr


def test_settings_that_are_good(site):
    site.machine.put("/srv/good.json", json.dumps(site.settings()))
    assert site.machine.sh(f"{PROGRAM} --parse /srv/good.json").stdout == ""
