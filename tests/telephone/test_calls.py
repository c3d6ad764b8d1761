"""Calls from the trunk into meetings, and those that do not get there."""

import contextlib
import hashlib
import http.client
import json
import re
import time
from urllib.parse import quote

import pytest
from conftest import make_authority
from gateway import DOMAIN, KEY, OTHER_PIN, PIN, PRIVATE, PUBLIC, ROOM, STRANGER, TONES, TRUNK, WRONG_PIN
from machine import wait
from network import inside
from phone import RATE, Call, strength, tone

from toolkit.formats.program_archive import archive_of

NUMBER = f"sip:4930901820@{PUBLIC}"
# So that nothing is waited for that a test does not want to see.
TIMINGS = {"first_digit": 4, "next_digit": 1.5, "ring": 7, "max_wait": 60}


@pytest.fixture(scope="module")
def gateway(place, rendered, authority):
    place.write(rendered(), authority.read_text(), **TIMINGS)
    place.start()
    yield place
    place.stop()


@pytest.fixture(scope="module")
def trunk(gateway):
    phone = gateway.outside(port=5060)
    yield phone
    phone.close()


@pytest.fixture(scope="module")
def password(rendered):
    return re.search(r'pv_www_authenticate\("\$td", "(.*?)"', rendered()["sip_server/kamailio.cfg"])[1]


@pytest.fixture
def jigasi(gateway, password):
    phone = gateway.phone(port=5080)
    try:
        assert phone.register("jigasi", password) == 200
        yield phone
        assert phone.register("jigasi", password, seconds=0) == 200
    finally:
        phone.close()


@pytest.fixture
def call(trunk, mapper):
    """call(**how): a call that was answered and hears the welcome; every one ends with the test."""
    calls = []

    def begin(**how):
        calls.append(trunk.call(NUMBER, **how))
        assert calls[-1].wait_answer() == 200
        assert calls[-1].hears(TONES["welcome"])
        return calls[-1]

    yield begin
    for made in calls:
        if not made.ended.is_set():
            made.hang_up()
    mapper.status = 200


def enter(caller, jigasi, pin=PIN):
    """The call that arrives at Jigasi when the caller presses a PIN."""
    caller.press(pin)
    return jigasi.incoming.get(timeout=10)


def assert_joined(caller, meeting, first=500, second=1300):
    meeting.sound, caller.sound = tone(first), tone(second)
    assert caller.hears(first)
    assert meeting.hears(second)


# --- into the meeting


def test_operator_sees_how_many_calls_there_are(call, jigasi, gateway):
    def ongoing():
        return int(re.search(r"ongoing: (\d+)", gateway.rpc("dlg.stats_active").stdout)[1])

    wait(lambda: ongoing() == 0, lambda: gateway.rpc("dlg.stats_active").stdout)
    caller = call()
    assert ongoing() == 1
    enter(caller, jigasi)
    wait(lambda: ongoing() == 2, lambda: gateway.rpc("dlg.stats_active").stdout)


def test_right_pin_leads_into_its_room(call, jigasi, mapper):
    caller = call()
    meeting = enter(caller, jigasi)
    assert meeting.offer.all("Jitsi-Conference-Room") == [ROOM]
    assert [name for name, _ in meeting.offer.headers if name.lower().startswith("jitsi-")] == ["Jitsi-Conference-Room"]
    assert mapper.asked[-1]["id"] == PIN
    assert_joined(caller, meeting)


def test_sound_passes_as_it_is(call, jigasi):
    """High tones and low ones, as loud as they were; between gaps, which a busy machine makes."""
    caller = call()
    meeting = enter(caller, jigasi)
    for frequency in (400, 1000, 2000, 3000):
        meeting.sound = caller.sound = tone(frequency)
        for end in (caller, meeting):
            assert end.hears(frequency, least=0.9, loud=range(4000, 7500)), frequency


def test_meeting_does_not_learn_who_calls(call, jigasi):
    caller = call(caller="sip:+491701234567@trunk.example")
    assert "1701234567" not in enter(caller, jigasi).offer.raw


def test_mapper_knows_a_caller_again_but_not_who_he_is(call, jigasi, mapper):
    for number in ("sip:+491701@trunk.example", "tel:+491702"):
        for _ in range(2):
            caller = call(caller=number)
            enter(caller, jigasi)
            caller.hang_up()
    first, again, other, yet = (asked["caller"] for asked in mapper.asked[-4:])
    assert first == again != other == yet
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert hashlib.sha256(b"sip:+491701@trunk.example").hexdigest()[:16] != first


@pytest.mark.parametrize(
    "caller",
    [
        "sip:anonymous@anonymous.invalid",
        "sip:Anonymous@trunk.example;user=phone",
        "sip:+491701@anonymous.invalid:5060",
        "sip:unavailable@trunk.example",
        "sip:trunk.example",
    ],
)
def test_whoever_withholds_the_number_is_nobody_to_the_mapper(call, jigasi, mapper, caller):
    enter(call(caller=caller), jigasi)
    assert mapper.asked[-1] == {"id": PIN}


def test_caller_hangs_up(call, jigasi):
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    assert caller.hang_up() == 200
    assert meeting.ended.wait(5)


def test_meeting_ends(call, jigasi):
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    assert meeting.hang_up() == 200
    assert caller.ended.wait(5)


def test_caller_hangs_up_while_it_rings(call, jigasi):
    jigasi.policy = lambda invite: "ring"
    caller = call()
    caller.press(PIN)
    wait(lambda: [m for m in jigasi.seen if m.method == "INVITE"], "no INVITE at Jigasi")
    assert caller.hang_up() == 200
    wait(lambda: [m for m in jigasi.seen if m.method == "CANCEL"], "no CANCEL at Jigasi")


def test_digits_after_the_pin_do_no_harm(call, jigasi):
    caller = call()
    meeting = enter(caller, jigasi, PIN + "#")
    assert_joined(caller, meeting)


def test_pin_while_the_welcome_is_spoken(trunk, jigasi, mapper):
    caller = trunk.call(NUMBER)
    assert caller.wait_answer() == 200
    caller.press(PIN)
    assert_joined(caller, jigasi.incoming.get(timeout=10))
    caller.hang_up()


def test_two_rooms_do_not_hear_each_other(call, jigasi):
    first, second = call(), call()
    one = enter(first, jigasi)
    other = enter(second, jigasi, OTHER_PIN)
    assert one.offer.get("Jitsi-Conference-Room") != other.offer.get("Jitsi-Conference-Room")
    one.sound, first.sound, other.sound, second.sound = tone(500), tone(1300), tone(600), tone(1900)
    heard = ((first, 500), (one, 1300), (second, 600), (other, 1900))
    for end, frequency in heard:
        assert end.hears(frequency)
        sound = end.listen(1)
        assert [f for _, f in heard if strength(sound, f) > 0.05] == [frequency]


# --- not into the meeting


def test_wrong_pin_is_asked_for_again_and_then_no_more(call, jigasi, mapper):
    caller = call()
    before = len(mapper.asked)
    for _ in range(2):
        caller.press(WRONG_PIN)
        assert caller.hears(TONES["wrong"])
    caller.press(WRONG_PIN)
    assert caller.hears(TONES["connecting"])
    begun = len(caller.heard)
    assert caller.hears(TONES["goodbye"])
    parts = [caller.heard[at : at + RATE // 5] for at in range(begun, len(caller.heard), RATE // 5)]
    assert not [part for part in parts if strength(part, TONES["wrong"]) > 0.5]
    assert caller.ended.wait(5)
    assert [asked["id"] for asked in mapper.asked[before:]] == [WRONG_PIN] * 3
    assert jigasi.incoming.empty()


def test_right_pin_after_a_wrong_one(call, jigasi):
    caller = call()
    caller.press(WRONG_PIN)
    assert caller.hears(TONES["wrong"])
    assert_joined(caller, enter(caller, jigasi))


def test_first_digit_that_was_the_last_before(call, jigasi):
    """The same digit twice in a row, which baresip 1.1 takes for one."""
    caller = call()
    caller.press(WRONG_PIN[:-1] + PIN[0])
    assert caller.hears(TONES["wrong"])
    assert_joined(caller, enter(caller, jigasi))


def test_short_pin_ends_with_a_key_or_with_time(call, jigasi, mapper):
    caller = call()
    caller.press("12#")
    assert caller.hears(TONES["wrong"])
    caller.press("13")
    assert caller.hears(TONES["connecting"])
    assert caller.hears(TONES["wrong"])
    assert [asked["id"] for asked in mapper.asked[-2:]] == ["12", "13"]


def test_no_digit_at_all(call):
    caller = call()
    begun = time.monotonic()
    assert caller.hears(TONES["goodbye"])
    assert caller.ended.wait(5)
    assert TIMINGS["first_digit"] - 1 < time.monotonic() - begun < TIMINGS["first_digit"] + 6


def test_flood_of_guesses(call, mapper, jigasi):
    mapper.status = 429
    caller = call()
    caller.press(PIN)
    assert caller.hears(TONES["goodbye"])
    assert caller.ended.wait(5)
    assert jigasi.incoming.empty()


@pytest.mark.parametrize("how", ["answers 503", "answers 403", "answers nothing", "is not there"])
def test_mapper_away(how, call, mapper, jigasi):
    stuck = contextlib.nullcontext()
    if how == "is not there":
        mapper.stop()
    elif how == "answers nothing":
        stuck = mapper.stuck()
    else:
        mapper.status = int(how.split()[1])
    with stuck:
        caller = call()
        caller.press(PIN)
        assert caller.hears(TONES["unavailable"])
        assert caller.ended.wait(5)
    if how == "is not there":
        mapper.start()
    mapper.status = 200
    assert_joined(caller := call(), enter(caller, jigasi))


def test_mapper_with_a_foreign_certificate(call, jigasi, mapper, tmp_path):
    """The key is not shown to whom the CA does not vouch for."""
    mapper.stop()
    good, mapper.certificate = mapper.certificate, make_authority(tmp_path / "foreign.pem")
    mapper.start()
    before = len(mapper.asked)
    caller = call()
    caller.press(PIN)
    assert caller.hears(TONES["unavailable"])
    mapper.stop()
    mapper.certificate = good
    mapper.start()
    assert len(mapper.asked) == before


def test_no_jigasi_and_one_that_comes_back(call, gateway, password):
    caller = call()
    caller.press(PIN)
    assert caller.hears(TONES["unavailable"])
    assert caller.ended.wait(5)
    phone = gateway.phone(port=5080)
    try:
        assert phone.register("jigasi", password) == 200
        assert_joined(caller := call(), enter(caller, phone))
        assert phone.register("jigasi", password, seconds=0) == 200
    finally:
        phone.close()


def test_jigasi_refuses(call, jigasi):
    jigasi.policy = lambda invite: 503
    caller = call()
    caller.press(PIN)
    assert caller.hears(TONES["unavailable"])
    assert caller.ended.wait(5)


def test_meeting_has_not_begun(call, jigasi):
    """The caller is told to wait, and gets in when it begins."""
    jigasi.policy = lambda invite: "ring"
    caller = call()
    caller.press(PIN)
    assert caller.hears(TONES["waiting"], seconds=TIMINGS["ring"] + 5)
    jigasi.policy = lambda invite: ["PCMA"]
    assert_joined(caller, jigasi.incoming.get(timeout=10))


@pytest.fixture
def real_mapper(gateway, mapper):
    """The daemon itself behind the page, which the tests' mapper is then: real_mapper(path), as the page asks it."""
    settings = {"domain": DOMAIN, "days": 14, "numbers": [], "key": KEY, "caller_guesses": 1}
    gateway.machine.put("/etc/mapper.json", json.dumps(settings))
    program = gateway.machine.root / "usr/local/sbin/jitsi-conference-mapper"
    program.write_bytes(archive_of("conference_mapper"))
    command = "python3 /usr/local/sbin/jitsi-conference-mapper /etc/mapper.json /tmp"
    daemon = gateway.machine.daemon("nobody", "nogroup", f"exec {command} > /dev/null 2>&1")

    def ask(path, headers=None):
        with inside(gateway.machine):
            connection = http.client.HTTPConnection("127.0.0.1", 8095, timeout=5)
            connection.connect()
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def there():
        with contextlib.suppress(OSError):
            return ask("/dial-in/numbers")

    wait(there, "the mapper does not answer")
    mapper.behind = ask
    yield ask
    mapper.behind = None
    gateway.machine.stop(daemon)


def test_with_the_daemon_that_knows_the_pins(call, jigasi, real_mapper):
    status, answer = real_mapper(f"/dial-in/pin?conference={quote(ROOM)}")
    assert status == 200
    pin = str(json.loads(answer)["id"])
    caller = call()
    meeting = enter(caller, jigasi, pin)
    assert meeting.offer.all("Jitsi-Conference-Room") == [ROOM]
    caller.hang_up()
    caller = call()
    caller.press(WRONG_PIN)
    assert caller.hears(TONES["wrong"])
    # To this caller nobody listens any more, and to another one does.
    caller.press(pin)
    assert caller.hears(TONES["goodbye"])
    caller = call(caller="sip:+4917099@trunk.example")
    assert_joined(caller, enter(caller, jigasi, pin))
    # Of those whose number is withheld each has all tries.
    for _ in range(2):
        caller = call(caller="sip:anonymous@anonymous.invalid")
        caller.press(WRONG_PIN)
        assert caller.hears(TONES["wrong"])
        assert_joined(caller, enter(caller, jigasi, pin))
        caller.hang_up()


# --- what else the trunk does with a call


@pytest.mark.parametrize("who", ["caller", "meeting"])
def test_nobody_sends_a_call_elsewhere(call, jigasi, trunk, gateway, who):
    victim = gateway.outside(STRANGER, 5060)
    caller = call()
    meeting = enter(caller, jigasi)
    seen = len(trunk.seen)
    end = {"caller": caller, "meeting": meeting}[who]
    assert end.ask("REFER", extra=[("Refer-To", f"<sip:1@{STRANGER}>")]).status == 603
    assert_joined(caller, meeting)
    assert victim.seen == []
    assert not [message for message in trunk.seen[seen:] if message.method == "INVITE"]
    victim.close()


@pytest.mark.parametrize(("wish", "answer"), [("sendonly", "recvonly"), ("inactive", "inactive")])
def test_call_that_is_held_and_taken_up_again(call, jigasi, wish, answer):
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    held = caller.ask("INVITE", caller.sdp(["PCMA"]).replace("sendrecv", wish))
    assert held.status == 200
    assert re.search(f"^a={answer}\r$", held.body, re.M)
    assert caller.ask("INVITE", caller.sdp(["PCMA"])).status == 200
    assert_joined(caller, meeting, first=700, second=1100)


def test_call_through_a_server_that_wants_to_see_all_of_it(call, jigasi, gateway):
    """It has said so in a Record-Route, and listens elsewhere than it calls from."""
    border = gateway.outside("192.0.2.11", 5070)
    caller = call(extra=[("Record-Route", "<sip:192.0.2.11:5070;lr>")])
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    assert meeting.hang_up() == 200
    bye = wait(lambda: [message for message in border.seen if message.method == "BYE"], "no BYE at the border")[0]
    border.reply(bye, 200, "OK")
    border.close()


# --- lines


def test_all_lines_busy(call, trunk):
    first, *_ = [call(caller=f"sip:+49170000000{number}@trunk.example") for number in range(3)]
    assert trunk.call(NUMBER).wait_answer() == 486
    first.hang_up()
    call()


@pytest.mark.parametrize(
    ("caller", "same"),
    [
        ("sip:+491700000001@trunk.example", "sip:+491700000001@trunk.example;user=phone"),
        ("sip:anonymous@anonymous.invalid", "sip:+491701@anonymous.invalid"),
        ("sip:anonymous@trunk.example", "sip:Anonymous@trunk.example"),
    ],
)
def test_one_number_leaves_lines_to_others(call, trunk, caller, same):
    """Two of three"""
    first, _ = call(caller=caller), call(caller=same)
    for _ in range(2):
        assert trunk.call(NUMBER, caller=caller).wait_answer() == 486
    call(caller="sip:+491700000002@trunk.example").hang_up()
    first.hang_up()
    call(caller=caller)


def test_codec_nobody_speaks(trunk):
    assert trunk.call(NUMBER, ["opus"]).wait_answer() == 488


def test_line_that_is_killed(call, jigasi, gateway):
    """Both ends of its call are told, and it comes back."""
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    # The daemon's own children: processes of other places are seen from here as well.
    gateway.machine.sh(f"pkill -9 -P {gateway.daemons['menu'].pid} -x baresip")
    assert caller.ended.wait(5)
    assert meeting.ended.wait(5)
    wait(lambda: gateway.lines() == gateway.count(), lambda: gateway.machine.log("dial-in-ivr.out"))
    ended = r"(channel [123]: baresip ended \(-9\), next start in \d+ s\n)+"
    assert re.fullmatch(ended, gateway.machine.log("dial-in-ivr.out"))
    assert_joined(caller := call(), enter(caller, jigasi))


def test_menu_that_is_stopped_hangs_up(call, jigasi, gateway):
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    gateway.end("menu")
    assert caller.ended.wait(5)
    assert meeting.ended.wait(5)
    gateway.start_menu()


def test_menu_that_stops_when_nobody_answers_it(call, jigasi, gateway, password):
    """As when the whole host stops: it waits for no answer to its last word, and no line is left."""
    enter(call(), jigasi)
    gateway.end("kamailio")
    menu = gateway.daemons["menu"].pid
    lines = gateway.machine.sh(f"pgrep -P {menu} -x baresip").stdout.split()
    gateway.end("menu")
    assert len(lines) == gateway.count()
    assert gateway.machine.sh(f"ps -o comm= {' '.join(lines)}", check=False).stdout == ""
    gateway.start()
    assert jigasi.register("jigasi", password) == 200


def test_sip_server_that_starts_anew(call, jigasi, gateway, password):
    """Sound goes on, and who hangs up afterwards is heard."""
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    gateway.end("kamailio")
    gateway.start_kamailio()
    assert_joined(caller, meeting, first=700, second=1100)
    assert caller.hang_up() == 200
    assert meeting.ended.wait(5)
    assert jigasi.register("jigasi", password) == 200


# --- what the world sees


def test_outside_nothing_of_the_inside_is_seen(call, jigasi, trunk):
    begun = len(trunk.seen)
    caller = call()
    meeting = enter(caller, jigasi)
    assert_joined(caller, meeting)
    assert meeting.hang_up() == 200
    assert caller.ended.wait(5)
    # The gateway's own questions belong to no call; Kamailio puts its private address into their Call-ID.
    seen = [message for message in trunk.seen[begun:] if "OPTIONS" not in message.get("CSeq")]
    assert {message.status or message.method for message in seen} >= {100, 200, "BYE"}
    for message in seen:
        for word in ("127.0.0.1", PRIVATE, "Jitsi", "baresip", "amailio", ROOM, ":1600"):
            assert word not in message.raw, message.raw
    assert f"c=IN IP4 {PUBLIC}" in caller.answer.body


def test_room_by_the_trunk_is_worth_nothing(call, jigasi, gateway):
    caller = call(extra=[("Jitsi-Conference-Room", "secret@x"), ("Jitsi-Auth-Token", "x")])
    meeting = enter(caller, jigasi)
    assert meeting.offer.all("Jitsi-Conference-Room") == [ROOM]
    assert "Auth-Token" not in meeting.offer.raw
    # Nor would be one that a line let through.
    line = gateway.phone(port=16002)
    line.call(f"sip:{PIN}@127.0.0.1:5060;caller=abc", extra=[("Jitsi-Auth-Token", "x")])
    assert "Auth-Token" not in jigasi.incoming.get(timeout=5).offer.raw
    line.close()


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "BYE"])
def test_strangers_get_no_answer(gateway, method, trunk):
    stranger = gateway.outside(STRANGER)
    call = Call(stranger, f"strange-{method}", "<sip:x@y.example>;tag=1", f"<{NUMBER}>", NUMBER)
    call.request(method, call.sdp(["PCMA"]) if method == "INVITE" else "")
    # Whoever is answered is so at once: a call of the trunk that is answered meanwhile shows that there was time.
    other = trunk.call(NUMBER)
    assert other.wait_answer() == 200
    other.hang_up()
    assert stranger.seen == []
    call.close()
    stranger.close()


@pytest.mark.parametrize("uri", [f"sip:{PIN}@{PUBLIC};caller=abc", f"sip:0190123456@{TRUNK}", "sip:1@198.51.100.66"])
@pytest.mark.parametrize("route", [(), ("<sip:198.51.100.66;lr>",), (f"<sip:{PUBLIC};lr>", "<sip:198.51.100.66;lr>")])
def test_nobody_calls_out(trunk, gateway, jigasi, uri, route):
    """A new call of the trunk gets the menu, whatever it asks for; nobody else is called."""
    victim = gateway.outside(STRANGER, 5060)
    caller = trunk.new_call(uri)
    caller.route = route
    seen = len(trunk.seen)
    caller.invite(caller.sdp(["PCMA"]))
    if caller.wait_answer(5) == 200:
        assert caller.hears(TONES["welcome"])
        caller.hang_up()
    assert victim.seen == []
    assert not [message for message in trunk.seen[seen:] if message.method == "INVITE"]
    assert jigasi.incoming.empty()
    victim.close()


@pytest.mark.parametrize(
    "target",
    [
        "sip:1@198.51.100.66",
        f"sip:1@{TRUNK}:5060",
        "sip:jigasi@127.0.0.1:5080",
        "sip:x@127.0.0.1:4501",
        f"sip:1@{PRIVATE}:5080",
    ],
)
def test_nobody_calls_out_within_a_call(trunk, gateway, jigasi, target):
    """As if it belonged to a call: not from the trunk to anything but lines."""
    victim = gateway.outside(STRANGER, 5060)
    caller = trunk.new_call(target)
    caller.remote += ";tag=anything"
    seen = len(trunk.seen)
    caller.invite(caller.sdp(["PCMA"]), [("Route", f"<sip:{PUBLIC};lr>")])
    other = trunk.call(NUMBER)
    assert other.wait_answer() == 200
    other.hang_up()
    assert victim.seen == []
    assert not [message for message in trunk.seen[seen:] if message.method == "INVITE"]
    assert jigasi.incoming.empty()
    assert not [message for message in jigasi.seen if message.method == "INVITE"]
    caller.close()
    victim.close()


def test_jigasi_calls_nobody(jigasi, trunk):
    """What it dials reaches a line of our own at most."""
    seen = len(trunk.seen)
    call = jigasi.call(f"sip:0190123456@{TRUNK}", caller="sip:jigasi@127.0.0.1")
    if call.wait_answer() == 200:
        assert call.hears(TONES["welcome"])
        call.hang_up()
    assert not [message for message in trunk.seen[seen:] if message.method == "INVITE"]


@pytest.mark.parametrize(("user", "secret"), [("jigasi", "wrong"), ("somebody", None)])
def test_who_is_not_jigasi_does_not_register(gateway, password, user, secret):
    phone = gateway.phone()
    assert phone.register(user, secret or password) in (0, 401)
    phone.close()


def test_trunk_does_not_register(trunk, password):
    assert trunk.register("jigasi", password) == 0


def test_flood_of_the_trunk_is_bounded(gateway):
    """Much more than calls need is not answered any more, for a while."""
    flooding = gateway.outside("192.0.2.77")
    for _ in range(400):
        call = flooding.new_call(NUMBER)
        call.request("OPTIONS")
        call.close()
    wait(lambda: len(flooding.seen) > 10, "nothing was answered")
    time.sleep(1)  # what has been asked is answered or never will be
    assert len(flooding.seen) < 300
    flooding.close()


# --- what is written


def test_no_log_names_callers_rooms_or_pins(call, jigasi, gateway):
    caller = call(caller="sip:+491701234567@trunk.example")
    enter(caller, jigasi)
    caller.hang_up()
    for log in ("kamailio.out", "dial-in-ivr.out"):
        for word in ("1701234567", PIN, "weekly", KEY, "call-"):
            assert word not in gateway.machine.log(log)


def test_check_trunk(gateway, trunk):
    wait(lambda: gateway.check_trunk().returncode == 0, lambda: gateway.check_trunk().stderr)
    assert gateway.check_trunk().stdout == f"The trunk {TRUNK} is there.\n"
