"""Which PIN is which conference: what is given, kept, forgotten and refused."""

import collections
import contextlib
import functools
import http.client
import json
import random
import re
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from machine import wait
from mapper import DOMAIN, KEY, ROOT, jid

from programs import conference_mapper
from programs.conference_mapper import pins as daemon_pins
from programs.conference_mapper.settings import Settings

HOUR = 3600
VERIFICATION = ROOT / "tests/conference/remote_pins.py"
ROOM, UNWANTED = "wednesday-7f3a", "unwanted-9c2e"


def hour() -> int:
    return int(time.time()) // HOUR


def damm(digits: str) -> bool:
    return daemon_pins.damm(digits) == 0


@functools.cache
def wrong(number: int = 0) -> int:
    """A PIN of the right form that nobody has, but by a chance of one in millions."""
    first = wrong(number - 1) + 1 if number else 120000000
    return next(pin for pin in range(first, 999999999) if daemon_pins.is_pin(str(pin)))


# --- what is given


def test_the_numbers_are_what_the_page_expects(mapper):
    expected = [
        {"countryCode": "DE", "formattedNumber": "+49 30 123456", "tollFree": False},
        {"countryCode": "AT", "formattedNumber": "+43 1 654321", "tollFree": True},
    ]
    assert mapper.ask("/dial-in/numbers").json == expected
    answer = mapper.ask(f"/dial-in/numbers?conference={jid(ROOM)}")
    assert answer.json == expected
    assert answer.headers["Content-Type"].startswith("application/json")
    assert mapper.sql("SELECT * FROM pins") == []


def test_a_room_has_one_pin_and_a_pin_one_room(mapper):
    answer = mapper.pin(jid(ROOM))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    pin = answer.json["id"]
    assert answer.json == {"message": "This is the PIN of the conference.", "id": pin, "conference": jid(ROOM)}
    assert re.fullmatch("[1-9][0-9]{8}", str(pin))
    assert mapper.new(ROOM) == pin
    assert mapper.new("thursday") != pin
    assert mapper.room(pin).json == {"id": pin, "conference": jid(ROOM)}


@pytest.mark.parametrize(
    ("asked", "conference"),
    [
        # As it stands in the page's address, and as prosody's address has it.
        ("Raum%20Eins@conference.{}", "raum%20eins@conference.{}"),
        ("raum%2520eins@conference.{}", "raum%20eins@conference.{}"),
        ("R%C3%84T@conference.{}", "r%c3%a4t@conference.{}"),
        ("ra%CC%88t@conference.{}", "r%c3%a4t@conference.{}"),
        ("a+b@conference.{}", "a%2bb@conference.{}"),
        ("100%25@conference.{}", "100%25@conference.{}"),
        ("Rat@CONFERENCE.{}", "rat@conference.{}"),
        # Of a tenant.
        ("rat@conference.Team.{}", "rat@conference.team.{}"),
        ("[team]rat@conference.{}", "rat@conference.team.{}"),
        ("%5Bteam%5Drat@conference.{}", "rat@conference.team.{}"),
    ],
)
def test_a_room_has_one_name(common, asked, conference):
    answer = common.pin(asked.format(DOMAIN))
    assert answer.json["conference"] == conference.format(DOMAIN)
    assert common.room(answer.json["id"]).json["conference"] == conference.format(DOMAIN)
    assert common.pin(conference.replace("%", "%25").format(DOMAIN)).json["id"] == answer.json["id"]


def test_a_tenants_room_is_another_room(common):
    assert len({common.new("rat"), common.new("[team]rat"), common.new("[crew]rat")}) == 3


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "",
            "conference",
            "conference=",
            f"conference={UNWANTED}",
            f"conference=@conference.{DOMAIN}",
            "conference=@",
        ),
        *(
            f"room={jid(UNWANTED)}",
            f"conference={UNWANTED}@conference.elsewhere.example",
            f"conference={UNWANTED}@{DOMAIN}",
        ),
        f"conference={UNWANTED}@internal.auth.{DOMAIN}",
        f"conference={UNWANTED}@conference.a.b.{DOMAIN}",
        f"conference={UNWANTED}@conference..{DOMAIN}",
        f"conference={UNWANTED}@conference.{DOMAIN}.elsewhere.example",
        f"conference={UNWANTED}@xconference.{DOMAIN}",
        f"conference={UNWANTED}@conference.te%20am.{DOMAIN}",
        f"conference=[]{UNWANTED}@conference.{DOMAIN}",
        f"conference=[a][b]{UNWANTED}@conference.{DOMAIN}",
        f"conference=a@{UNWANTED}@conference.{DOMAIN}",
        *(
            f"conference={UNWANTED}%{code}b@conference.{DOMAIN}"
            for code in ("00", "0a", "0d", "1b", "22", "26", "27", "2f")
        ),
        *(
            f"conference={UNWANTED}%{code}b@conference.{DOMAIN}"
            for code in ("3a", "3c", "3e", "3f", "40", "7f", "ff", "c3")
        ),
        f"conference={UNWANTED}%250ab@conference.{DOMAIN}",
        f"conference=%E2%80%AE{UNWANTED}@conference.{DOMAIN}",
        f"conference=%20@conference.{DOMAIN}",
        f"conference={UNWANTED}{'a' * 500}@conference.{DOMAIN}",
        f"conference={UNWANTED}{'%C3%A4' * 84}@conference.{DOMAIN}",
        f"conference={UNWANTED}@conference.{'t' * 64}.{DOMAIN}",
        f"conference={UNWANTED}@conference{DOMAIN}",
        f"conference=[{UNWANTED}@conference.{DOMAIN}",
        f"conference=[{UNWANTED}]@conference.{DOMAIN}",
        f"conference=[{']' * 3000}%0A{UNWANTED}@conference.{DOMAIN}",
        f"conference={UNWANTED}{'%CC%81%CC%96' * 250}@conference.{DOMAIN}",
    ],
)
def test_what_is_no_room_of_this_server_gets_no_pin(common, asked):
    answer = common.ask(f"/dial-in/pin?{asked}")
    assert answer.status == 400
    assert answer.json["conference"] is False
    assert answer.json["message"].endswith(".")
    assert common.sql("SELECT * FROM pins WHERE room LIKE ?", f"%{UNWANTED}%") == []


def test_the_longest_name_of_a_room_is_taken(common):
    assert common.new("a" * 500)
    # As the page asks: with the page's address behind it, both as long as they may be.
    assert common.pin(jid("%C3%A4" * 83)).status == 200


@pytest.mark.parametrize("ask", [("/dial-in/numbers?x=" + "a" * 4096, {}), ("/dial-in/numbers", {"X": "a" * 4096})])
def test_a_question_that_is_too_long_is_not_read(common, ask):
    path, headers = ask
    assert common.ask(path, **headers).status == 400


@pytest.mark.parametrize("path", ["/", "/dial-in", "/dial-in/", "/dial-in/pin/x", "/dial-in/../dial-in/pinx", "/%00"])
def test_other_addresses_are_none(common, path):
    assert common.ask(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["numbers", "pin", "room"])
def test_nothing_but_questions_is_taken(common, method, path):
    assert common.ask(f"/dial-in/{path}?conference={jid(UNWANTED)}", method).status == 405
    assert common.sql("SELECT * FROM pins WHERE room LIKE ?", f"%{UNWANTED}%") == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
        b"GET\r\n\r\n",
        f"GET /dial-in/pin?conference={jid(ROOM)} HTTP/9.9\r\n\r\n".encode(),
        f"GET /dial-in/pin?conference={'a' * 70000}@conference.{DOMAIN} HTTP/1.1\r\n\r\n".encode(),
        b"GET /dial-in/pin HTTP/1.1\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
        f"GET /dial-in/pin?conference={ROOM}\x00 HTTP/1.1\r\n\r\n".encode(),
    ],
)
def test_what_is_no_http_does_no_harm(common, sent):
    with socket.create_connection(("127.0.0.1", common.port), 10) as connection:
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    assert common.new(ROOM)


# --- two at the same time


def test_two_who_ask_for_a_new_room_at_once_get_one_pin(serve):
    mapper = serve(new_pins=1000)
    together = threading.Barrier(16)

    def ask(room: int) -> int:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", mapper.port, timeout=20)) as connection:
            connection.connect()
            together.wait(20)
            connection.request("GET", f"/dial-in/pin?conference={jid(f'room-{room}')}")
            return mapper.room(json.loads(connection.getresponse().read())["id"]).json["id"]

    with ThreadPoolExecutor(16) as people:
        for room in range(20):
            assert len(set(people.map(ask, [room] * 16))) == 1
    assert len(mapper.sql("SELECT * FROM pins")) == 20


# --- what is kept, and for how long


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_pins_outlive_the_daemon(mapper, how):
    pins = {f"room-{number}": mapper.new(f"room-{number}") for number in range(20)}
    assert mapper.stop(how) == (0 if how == signal.SIGTERM else -how)
    mapper.start()
    assert {room: mapper.new(room) for room in pins} == pins
    assert all(mapper.room(pin).json["conference"] == jid(room) for room, pin in pins.items())


def test_a_pin_that_was_shown_outlives_a_kill_at_any_moment(serve):
    """Killed while many ask: whatever somebody was told holds."""
    mapper = serve(new_pins=10_000)
    for turn in range(5):
        told, stop = {}, threading.Event()

        def ask(number: int, turn=turn, told=told, stop=stop) -> None:
            room = 0
            while not stop.is_set():
                name = f"room-{turn}-{number}-{room}"
                with contextlib.suppress(OSError, http.client.HTTPException):
                    told[name] = mapper.pin(jid(name)).json["id"]
                room += 1

        with ThreadPoolExecutor(4) as people:
            asking = [people.submit(ask, number) for number in range(4)]
            wait(lambda told=told: len(told) > 40, "no PINs")
            mapper.stop(signal.SIGKILL)
            stop.set()
            assert [each.result() for each in asking] == [None] * 4
        mapper.start()
        assert {name: mapper.new(name) for name in told} == told


def test_what_is_kept_is_room_pin_hour_and_whether_it_was_dialled(mapper):
    pin = mapper.new(ROOM)
    assert mapper.sql("SELECT dialled FROM pins") == [(0,)]
    mapper.room(pin, "caller-5d1f")
    assert mapper.new(ROOM) == pin
    assert mapper.sql("SELECT sql FROM sqlite_master WHERE type = 'table'")[0][0].count(",") == 3
    [(kept, room, used, dialled)] = mapper.sql("SELECT * FROM pins")
    assert (kept, room, dialled) == (pin, jid(ROOM), 1)
    assert used in (hour(), hour() - 1)
    assert b"caller-5d1f" not in mapper.bytes()


@pytest.mark.parametrize("use", ["asked for", "dialled"])
def test_use_keeps_a_pin_alive(serve, use):
    mapper = serve(days=2, sweep_seconds=0.1)
    pin = mapper.new(ROOM)
    for _ in range(3):
        mapper.sql("UPDATE pins SET used = ?", hour() - 40)  # of 48
        answer = mapper.pin(jid(ROOM)) if use == "asked for" else mapper.room(pin)
        assert (answer.json["id"], answer.json["conference"]) == (pin, jid(ROOM))
        assert mapper.sql("SELECT used FROM pins")[0][0] >= hour() - 1


@pytest.mark.parametrize("who", ["the one at the start", "the one that always runs", "a caller", "the page"])
def test_a_pin_nobody_used_is_gone_after_its_days(serve, who):
    mapper = serve(days=2, sweep_seconds=0.1 if who == "the one that always runs" else HOUR)
    pin, other = mapper.new(ROOM), mapper.new("thursday")
    mapper.sql("UPDATE pins SET used = ? WHERE pin = ?", hour() - 48, pin)
    mapper.sql("UPDATE pins SET used = ? WHERE pin = ?", hour() - 46, other)
    if who == "the one at the start":
        mapper.stop()
        mapper.start()
    elif who == "a caller":
        assert mapper.room(pin).json["conference"] is False
    elif who == "the page":
        assert mapper.new(ROOM) != pin
    if who != "a caller":
        wait(lambda: not mapper.sql("SELECT * FROM pins WHERE pin = ?", pin), "it is still there", 10)
    assert mapper.room(pin).json["conference"] is False
    assert mapper.room(other).json["conference"] == jid("thursday")


@pytest.mark.parametrize("who", ["the one at the start", "the one that always runs"])
def test_a_pin_that_was_used_while_the_clock_was_ahead_lives_no_longer(serve, who):
    mapper = serve(days=2, sweep_seconds=0.1 if who == "the one that always runs" else HOUR)
    pin, other = mapper.new(ROOM), mapper.new("thursday")
    mapper.sql("UPDATE pins SET used = ? WHERE pin = ?", hour() + 1000, pin)
    mapper.sql("UPDATE pins SET used = ? WHERE pin = ?", hour() - 40, other)
    if who == "the one at the start":
        mapper.stop()
        mapper.start()
    wait(lambda: mapper.sql("SELECT used FROM pins WHERE pin = ?", pin)[0][0] <= hour(), "it is still ahead", 10)
    assert mapper.sql("SELECT used FROM pins WHERE pin = ?", other)[0][0] < hour() - 38
    assert mapper.room(pin).json["conference"] == jid(ROOM)


def test_pins_of_the_first_files_are_known(serve):
    """They had no note whether a PIN was dialled."""
    mapper = serve()
    mapper.stop()
    mapper.sql("DROP TABLE pins")
    mapper.sql("CREATE TABLE pins (pin INTEGER PRIMARY KEY, room TEXT NOT NULL UNIQUE, used INTEGER NOT NULL)")
    pin = int(wrong())
    mapper.sql("INSERT INTO pins VALUES (?, ?, ?)", pin, jid(ROOM), hour() - 5)
    for _ in range(2):
        mapper.start()
        assert mapper.new(ROOM) == pin
        assert mapper.new("thursday") != pin
        assert mapper.room(pin).json["conference"] == jid(ROOM)
        mapper.stop()


def test_of_a_forgotten_room_nothing_is_left_on_the_disk(serve):
    """Neither in the file nor in its journal, and the file gets smaller."""
    mapper = serve(new_pins=1000, sweep_seconds=0.1)
    for number in range(300):
        mapper.new(f"{ROOM}-{number}")
    keep = mapper.new("thursday")
    assert mapper.bytes().count(ROOM.encode()) >= 300
    mapper.sql("UPDATE pins SET used = ? WHERE pin <> ?", hour() - 14 * 24, keep)
    wait(lambda: len(mapper.sql("SELECT * FROM pins")) == 1, "they are still there", 10)
    wait(lambda: ROOM.encode() not in mapper.bytes(), "names are left", 10)
    assert mapper.database.stat().st_size < 20_000
    wait(lambda: mapper.database.with_name("pins.sqlite-wal").stat().st_size == 0, "the journal stays", 10)
    assert mapper.room(keep).json["conference"] == jid("thursday")


def test_the_verification_of_a_server_sees_what_is_kept_for_too_long(serve):
    """The settings, which lie elsewhere on a server, are a file that does not belong there."""
    mapper = serve(days=2)

    def faults() -> list[str]:
        words = [*mapper.command, "/usr/bin/python3", "-c", VERIFICATION.read_text(), mapper.inside, 2]
        return json.loads(subprocess.run([*map(str, words)], capture_output=True, text=True, check=True).stdout)

    other = f"settings.json lies in {mapper.inside}"
    pin = mapper.new(ROOM)
    assert faults() == [other]
    for used, seen in ((hour() - 48, []), (hour() - 50, ["PINs older than 2 days: 1"])):
        mapper.sql("UPDATE pins SET used = ? WHERE pin = ?", used, pin)
        assert faults() == [*seen, other]
    mapper.sql("UPDATE pins SET used = ?", hour() + 2)
    assert faults() == ["PINs used in hours that have not come: 1", other]
    # To look takes nothing away.
    assert mapper.room(pin).json["conference"] == jid(ROOM)


def test_only_its_user_reads_the_pins(mapper):
    mapper.new(ROOM)
    files = list(mapper.folder.glob("pins.sqlite*"))
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_the_journal_names_nothing(serve):
    mapper = serve(guesses=3, caller_guesses=2, new_pins=1, max_pins=1)
    pin = mapper.new(ROOM)
    caller = "caller-5d1f"
    mapper.pin(jid("another-8c2e"))
    mapper.pin(f"nonsense-{ROOM}")
    for number in range(6):
        mapper.room(wrong(number), f"{caller}-{number}")
    mapper.room(pin, caller, "wrong-key")
    for line in (f"GET /{ROOM}?{pin} HTTP/9.9", f"{ROOM} {pin}", f"GET /dial-in/room?id={pin} HTTP/1.1\r\n{caller}"):
        with socket.create_connection(("127.0.0.1", mapper.port), 10) as connection:
            connection.sendall(f"{line}\r\n\r\n".encode())
            connection.recv(1000)
    mapper.stop()
    journal = mapper.journal.read_text()
    assert "too many wrong PINs" in journal
    assert not [word for word in (ROOM, "another-8c2e", caller, str(pin), KEY, "127.0.0.1") if word in journal]
    assert len(journal.splitlines()) == 1


def test_a_full_disk_loses_nothing_says_so_and_is_over_when_there_is_room(serve, machine):
    ballast = machine.root / "srv/small/ballast"
    ballast.write_bytes(b"x" * 2**16)
    mapper = serve("/srv/small", new_pins=10_000)
    pins = {}
    for number in range(5000):
        answer = mapper.pin(jid(f"room-{number}-{'x' * 200}"))
        if answer.status != 200:
            break
        pins[f"room-{number}-{'x' * 200}"] = answer.json["id"]
    assert (answer.status, answer.json["message"]) == (503, "The PINs are unavailable at the moment.")
    assert len(pins) > 20
    assert all(mapper.room(pin).json["conference"] == jid(room) for room, pin in pins.items())
    assert {room: mapper.new(room) for room in pins} == pins
    assert "database or disk is full" in mapper.journal.read_text()
    assert "room-" not in mapper.journal.read_text()
    ballast.unlink()
    pins["thursday"] = mapper.new("thursday")
    mapper.stop(signal.SIGKILL)
    mapper.start()
    assert {room: mapper.new(room) for room in pins} == pins


# --- who may ask for rooms


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], f"{KEY}x", KEY.upper(), "ä"])
def test_without_the_key_no_room_is_told(common, key):
    pin = common.new(ROOM)
    answer = common.room(pin, key=key)
    assert answer.status == 401
    assert jid(ROOM) not in answer.text


@pytest.mark.parametrize("scheme", ["", "Basic ", "bearer", "Bearer  "])
def test_the_key_is_shown_as_a_bearers(common, scheme):
    pin = common.new(ROOM)
    assert common.ask(f"/dial-in/room?id={pin}", Authorization=f"{scheme}{KEY}").status == 401


def test_a_wrong_key_is_no_guess(serve):
    mapper = serve(guesses=2, caller_guesses=2)
    pin = mapper.new(ROOM)
    for number in range(5):
        mapper.room(wrong(number), "caller", "wrong-key")
    assert mapper.room(pin, "caller").json["conference"] == jid(ROOM)


# --- wrong PINs


def mistakes(pin: str):
    """Every wrong digit, and every two neighbours swapped."""
    for place, digit in enumerate(pin):
        yield from (pin[:place] + other + pin[place + 1 :] for other in "0123456789" if other != digit)
        if place and digit != pin[place - 1]:
            yield pin[: place - 1] + digit + pin[place - 1] + pin[place + 1 :]


def test_every_mistake_people_make_is_noticed(serve):
    """All of them, for PINs as they are given; the daemon says so without a guess being counted."""
    mapper = serve(new_pins=1000, guesses=1)
    pins = [str(mapper.new(f"room-{number}")) for number in range(60)]
    assert all(damm(pin) for pin in pins)
    assert [wrong for pin in pins for wrong in mistakes(pin) if damm(wrong)] == []
    for pin in pins[:5]:
        for mistake in mistakes(pin):
            assert mapper.room(mistake).json["conference"] is False
        assert mapper.room(pin).json["conference"]


def test_the_rule_notices_each_mistake_wherever_it_is():
    """Over all states and all pairs of digits, so for PINs nobody tried, too."""
    table = daemon_pins.DAMM
    assert all(sorted(row) == list(range(10)) for row in table)
    assert all(sorted(column) == list(range(10)) for column in zip(*table, strict=True))
    assert all(table[digit][digit] == 0 for digit in range(10))
    for state in range(10):
        for one in range(10):
            for two in range(one):
                assert table[table[state][one]][two] != table[table[state][two]][one]


@pytest.mark.parametrize(
    "pin", ["", "0", "x", "12345678", "1234567890", "000000000", "-12345678", "1e8", "١٢٣٤٥٦٧٨٩", "123456789 ", "%00"]
)
def test_what_is_no_pin_is_unknown(common, pin):
    answer = common.room(re.sub("[^!-~]", lambda each: "".join(f"%{byte:02x}" for byte in each[0].encode()), pin))
    assert (answer.status, answer.json["conference"]) == (200, False)


@pytest.mark.parametrize("caller", ["a" * 129, "a b", "a\n", "+49 30", "<x>", "ä"])
def test_what_is_no_hash_is_no_caller(common, caller):
    pin = common.new(ROOM)
    assert common.room(pin, caller).status == 400


def test_a_caller_who_guesses_is_stopped_and_others_are_not(serve):
    mapper = serve(caller_guesses=3, caller_seconds=5)
    pin = mapper.new(ROOM)
    assert [mapper.room(wrong(number), "guesser").status for number in range(3)] == [200] * 3
    stopped = mapper.room(pin, "guesser")
    assert (stopped.status, stopped.json["conference"]) == (429, False)
    assert 1 <= int(stopped.headers["Retry-After"]) <= 6
    assert mapper.room(pin, "honest").json["conference"] == jid(ROOM)
    assert mapper.room(pin).json["conference"] == jid(ROOM)
    # To go on trying does not make it longer.
    wait(lambda: mapper.room(pin, "guesser").json["conference"] == jid(ROOM), "the window does not end", 15)


def test_mistyped_pins_count_for_their_caller(serve):
    mapper = serve(caller_guesses=3)
    pin = mapper.new(ROOM)
    for mistake in list(mistakes(str(pin)))[:3]:
        mapper.room(mistake, "guesser")
    assert mapper.room(pin, "guesser").status == 429


def test_a_flood_of_guesses_is_stopped_and_honest_callers_are_back_after_it(serve):
    """Each guess by another caller, and by none: over all of them there is a budget."""
    mapper = serve(guesses=10, guesses_seconds=5)
    pin, began = mapper.new(ROOM), time.monotonic()
    seen = [mapper.room(wrong(number), f"caller-{number}" if number % 2 else "").status for number in range(200)]
    assert seen[:10] == [200] * 10
    assert seen.count(200) <= 10 * (1 + (time.monotonic() - began) // 5)
    assert 429 in seen
    wait(lambda: mapper.room(pin, "honest").status == 200, "honest callers stay out", 15)
    assert mapper.room(pin, "honest").json["conference"] == jid(ROOM)


def test_a_flood_of_mistyped_pins_stops_nobody_else(serve):
    mapper = serve(guesses=5)
    pin = mapper.new(ROOM)
    for number in range(100):
        mistake = next(wrong for wrong in range(123456780 + number, 123456790 + number) if not damm(str(wrong)))
        assert mapper.room(mistake, f"caller-{number}").json["conference"] is False
    assert mapper.room(pin, "honest").json["conference"] == jid(ROOM)


def pins_there_are() -> int:
    """Counted by where Damm's rule stands, and with which digit, after so many digits."""
    ways = collections.Counter({(daemon_pins.DAMM[0][digit], digit): 1 for digit in range(1, 10)})
    for _ in range(7):
        further = collections.Counter()
        for (state, last), number in ways.items():
            further.update({(daemon_pins.DAMM[state][digit], digit): number for digit in range(10) if digit != last})
        ways = further
    # The last digit is the one that leads back to zero.
    return sum(number for (state, last), number in ways.items() if daemon_pins.DAMM[state].index(0) != last)


def test_the_chance_of_a_guess_is_what_the_program_says():
    """The figures of its first lines, computed from what is in force."""
    settings = Settings(domain=DOMAIN, days=14, numbers=[], key=KEY)
    a_day = settings.guesses * 86400 / settings.guesses_seconds
    assert a_day == 480
    chance = {alive: pins_there_are() / (a_day * alive) for alive in (100, 1000, 10_000)}
    said = " ".join(conference_mapper.__doc__.split())
    assert {alive: int(inverse) for alive, inverse in chance.items()} == {100: 807, 1000: 80, 10_000: 8}
    assert f"{pins_there_are():,} numbers have nine digits" in said
    assert "1 in 807 for 100 conferences, 1 in 80 for 1,000, 1 in 8 for 10,000" in said
    assert settings.max_pins == 10_000
    assert (settings.caller_guesses, settings.caller_seconds) == (6, 600)
    assert settings.max_pins / settings.new_pins * settings.new_pins_seconds / 60 == pytest.approx(167, abs=0.5)
    page = (ROOT / "roles/web/templates/nginx.conf.j2").read_text()
    one_visitor = int(re.search(r"zone=pin:\S+ rate=(\d+)r/m", page)[1])
    assert one_visitor == settings.new_pins / 10 == 6
    assert settings.max_pins / one_visitor / 60 == pytest.approx(28, abs=0.5)


def test_pins_are_spread_over_all_there_are():
    pins = [daemon_pins.new_pin() for _ in range(20_000)]
    assert all(damm(str(pin)) and 10**8 <= pin < 10**9 for pin in pins)
    assert not any(re.search(r"(.)\1", str(pin)) for pin in pins)
    assert len(set(pins)) > 19_970
    first, last = ([str(pin)[place] for pin in pins] for place in (0, -1))
    assert all(1900 < first.count(digit) < 2550 for digit in "123456789")
    assert all(1750 < last.count(digit) < 2250 for digit in "0123456789")


# --- bounds


def test_new_pins_are_limited_by_the_minute(serve):
    mapper = serve(new_pins=5, new_pins_seconds=5)
    pins = [mapper.new(f"room-{number}") for number in range(5)]
    refused = mapper.pin(jid("room-5"))
    assert refused.status == 429
    assert refused.json["message"] == "Too many new conferences at once. Please try again in a minute."
    assert refused.headers["Retry-After"]
    assert [mapper.new(f"room-{number}") for number in range(5)] == pins
    wait(lambda: mapper.pin(jid("room-5")).status == 200, "no new PIN after the minute", 15)


def test_when_all_are_given_away_the_one_unused_for_longest_that_nobody_dialled_makes_room(serve):
    """Who has asked for all there are has shut nobody out, and who was dialled in to stays."""
    mapper = serve(max_pins=5, sweep_seconds=0.1)
    pins = {f"room-{number}": mapper.new(f"room-{number}") for number in range(5)}
    assert mapper.room(pins["room-0"]).status == 200
    for number, room in enumerate(pins):
        mapper.sql("UPDATE pins SET used = ? WHERE room = ?", hour() - 100 + number, jid(room))
    new = {room: mapper.new(room) for room in ("thursday", "friday")}
    assert [mapper.room(pins[room]).json["conference"] for room in ("room-1", "room-2")] == [False, False]
    kept = new | {room: pins[room] for room in ("room-0", "room-3", "room-4")}
    assert {room: mapper.room(pin).json["conference"] for room, pin in kept.items()} == {r: jid(r) for r in kept}
    wait(lambda: b"room-1@" not in mapper.bytes(), "its name is left", 10)
    assert mapper.journal.read_text().count("each new one replaces one that was never dialled") == 1


def test_pins_are_limited_in_all(serve):
    mapper = serve(max_pins=5)
    pins = [mapper.new(f"room-{number}") for number in range(5)]
    assert all(mapper.room(pin).status == 200 for pin in pins)
    for number in range(5, 20):
        refused = mapper.pin(jid(f"room-{number}"))
        assert (refused.status, refused.json["message"]) == (503, "All PINs are given away.")
    assert [mapper.new(f"room-{number}") for number in range(5)] == pins
    assert mapper.sql("SELECT count(*) FROM pins") == [(5,)]
    assert mapper.journal.read_text().count("no new one is given") == 1
    mapper.sql("UPDATE pins SET used = ? WHERE pin = ?", hour() - 14 * 24, pins[0])
    mapper.stop()
    mapper.start()
    assert mapper.new("room-5")


def test_wrong_asks_fill_neither_memory_nor_disk(serve):
    """Ten times as many callers as are remembered, and as many rooms that get no PIN."""
    mapper = serve(max_pins=50, new_pins=50, new_pins_seconds=HOUR, guesses=10**6)
    for number in range(50):
        mapper.new(f"room-{number}")
    headers = {"Authorization": f"Bearer {KEY}"}
    numbers = random.Random(5)  # noqa: S311  # no secrets: which PINs are asked for

    def flood(times: int) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", mapper.port, timeout=20)) as connection:
            for _ in range(times):
                caller = f"{numbers.getrandbits(400):0100x}"
                connection.request(
                    "GET", f"/dial-in/room?id={numbers.randrange(10**9)}&caller={caller}", headers=headers
                )
                connection.getresponse().read()
                connection.request("GET", f"/dial-in/pin?conference={jid(caller)}")
                assert connection.getresponse().read()

    flood(5000)  # as many callers as are remembered
    memory, disk = mapper.memory_kib(), len(mapper.bytes())
    flood(20_000)
    assert mapper.memory_kib() - memory < 1500
    assert len(mapper.bytes()) == disk


def test_as_many_pins_as_there_may_be_take_little_room(serve):
    """The figures of the program's first lines, with names of a usual length; and the longest are bounded as well."""
    mapper = serve(sweep_seconds=0.1)
    mapper.stop()
    for length, most in ((40, 2_500_000), (500, 13_000_000)):
        mapper.sql("DELETE FROM pins")
        mapper.sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "INSERT INTO pins SELECT 100000000 + i, substr(hex(zeroblob(250)) || i, -?) || ?, ?, 1 FROM n",
            length, f"@conference.{DOMAIN}", hour(),
        )  # fmt: skip
        mapper.sql("VACUUM")
        assert len(mapper.bytes()) < most
    mapper.start()
    assert mapper.pin(jid(ROOM)).status == 503


# --- settings


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("{}", "missing"),
        ("{", "JSON|Expecting"),
        ('{"domain": "a", "days": 1, "numbers": [], "key": ""}', "the key is empty"),
        ('{"domain": "a", "days": 1, "numbers": [], "key": "b", "salt": 1}', "salt"),
    ],
)
def test_settings_that_are_none_are_refused(machine, settings, complaint):
    machine.put("/srv/settings.json", settings)
    done = machine.sh("python3 /usr/local/sbin/jitsi-conference-mapper --parse /srv/settings.json", check=False)
    assert done.returncode == 64
    assert re.search(complaint, done.stderr)


def test_a_damaged_file_is_told_in_one_line(mapper):
    mapper.stop()
    mapper.database.write_bytes(b"no database " * 1000)
    with pytest.raises(AssertionError, match=r"the PINs in /srv/.* cannot be read: file is not a database"):
        mapper.start()


def test_systemd_learns_that_it_listens(serve, machine):
    """Only then: who is started after it can ask at once."""
    mapper = serve()
    mapper.stop()
    address = machine.root / "srv/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(address))
        notify.settimeout(10)
        mapper.command.append("NOTIFY_SOCKET=/srv/notify")
        mapper.start()
        assert notify.recv(100) == b"READY=1"
    address.unlink()
