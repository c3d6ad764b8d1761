"""The telephone: who calls and knows a PIN gets into its room, and nobody else does."""

import asyncio
import contextlib
import json
import shlex
import time
from pathlib import Path
from urllib.parse import quote

import outside
import pytest
import xmpp
from test_bridges import fetch

pytestmark = pytest.mark.needs("nginx", "prosody", "jicofo", "kamailio", "dial-in-ivr", "jigasi")

CALL = Path(__file__).parent / "remote_call.py"
PINS = Path(__file__).parent / "remote_pins.py"
PATIENCE = 60  # seconds from a call to the room and back
LOOK = (
    "on the gateway: check-trunk; systemctl status kamailio dial-in-ivr jigasi; tail /var/log/jitsi/jigasi.log; "
    "on {meet}: systemctl status jitsi-conference-mapper; curl -s 127.0.0.1:8888/stats"
)


def pin(customer, room: str) -> dict:
    answer = outside.get(customer, f"/dial-in/pin?conference={quote(room)}")
    assert answer.status == 200, f"/dial-in/pin answers {answer.status}"
    return json.loads(answer.text)


def another(number: str) -> str:
    """The PIN with its first digit mistyped."""
    return next(digit for digit in "123456789" if digit not in number[:2]) + number[1:]


@pytest.mark.notice("callers cannot join meetings, or are sent to busy gateways", LOOK)
def test_gateway_count(customer, meet):
    """Jicofo counts as many gateways as planned"""
    planned, deadline = len(customer.group("gateways")), time.monotonic() + 60
    while True:
        seen = json.loads(fetch(meet, "http://127.0.0.1:8888/stats")[1])["jigasi_detector"]["sip_count"]
        if seen == planned or time.monotonic() > deadline:
            break
        time.sleep(1)  # a gateway that was started shows itself within seconds
    assert seen == planned, f"{planned} planned, jicofo knows {seen}"


@pytest.mark.notice("no caller gets through", "on {gateway}: check-trunk; the provider; jitsi_trunk")
def test_trunk(login, gateway):
    """The trunk answers every gateway"""
    done = login(gateway).run("/usr/local/sbin/check-trunk")
    assert done.rc == 0, done.stdout.strip() or done.stderr.strip()


@pytest.mark.notice("callers hear the busy signal although few calls are in progress", LOOK)
def test_lines(customer, login, gateway):
    """Every gateway has jitsi_dial_in_lines channels"""
    shell = login(gateway)
    # The menu steers each one over a connection that is there as long as both live.
    first = json.loads(shell.check_output("cat /etc/dial-in-ivr/settings.json"))["first_control_port"]
    theirs = f"src 127.0.0.1 and sport >= :{first} and sport < :{first + customer.lines}"
    deadline = time.monotonic() + 30
    while True:
        alive = int(shell.check_output("ss -Htn state established %s | wc -l", theirs))
        if alive == customer.lines or time.monotonic() > deadline:
            break
        time.sleep(1)  # a dial-in IVR that was started has them within seconds
    assert alive == customer.lines, f"{customer.lines} set, {alive} running"


@pytest.mark.notice("invitations lack the number or the PIN", LOOK)
def test_invitation(customer):
    """Invitations contain the customer's numbers, and each room keeps its PIN"""
    answer = outside.get(customer, "/dial-in/numbers")
    assert answer.status == 200, f"/dial-in/numbers answers {answer.status}"
    assert [number["formattedNumber"] for number in json.loads(answer.text)] == customer.numbers
    room, other = (customer.room(customer.new_name()) for _ in range(2))
    first, second, third = pin(customer, room), pin(customer, room), pin(customer, other)
    assert first["conference"] == room
    assert first["id"] == second["id"], "the PIN of a room changes"
    assert first["id"] != third["id"], "two rooms have the same PIN"


@pytest.mark.guard("anybody can find out which rooms exist", "on {meet}: location /dial-in/room in nginx.conf")
def test_pins_are_not_for_everybody(customer):
    """From outside, the room of a PIN is not revealed, with the gateways' key or without"""
    number = pin(customer, customer.room(customer.new_name()))["id"]
    key = {"Authorization": f"Bearer {customer.secrets['conference-mapper']}"}
    for headers in ({}, key):
        answer = outside.ask(customer, f"/dial-in/room?id={number}", **outside.consent(customer), **headers)
        assert answer.status in (403, 404), f"/dial-in/room answers {answer.status}"
    if customer.consent:
        assert outside.ask(customer, f"/dial-in/pin?conference={quote(customer.room('x'))}").status == 403


@pytest.mark.guard(
    "names of rooms are kept longer than participants were told",
    "on {meet}: ls -l /var/lib/private/jitsi-conference-mapper; journalctl -u jitsi-conference-mapper",
)
def test_pins_are_forgotten(customer, meet):
    """Unused PINs are deleted after the set number of days, and no other files are beside the PINs"""
    folder, days = "/var/lib/private/jitsi-conference-mapper", str(customer.log_days)
    done = meet.run("python3 -c %s %s %s", PINS.read_text(), folder, days)
    assert done.rc == 0, done.stderr
    errors = json.loads(done.stdout)
    assert not errors, "; ".join(errors)


@contextlib.asynccontextmanager
async def call(shell, codec: str, entries: str):
    """A call on the gateway that presses the entries; what has happened so far. It hangs up at the end."""
    # The shell's own way to the server, with the call's standard input held open for as long as it shall last.
    words, arguments = shell.backend._build_ssh_command(f"python3 -c {shlex.quote(CALL.read_text())} {codec} {entries}")
    process = await asyncio.create_subprocess_shell(
        shell.backend.quote(" ".join(words), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    events: list[dict] = []

    async def listen() -> None:
        async for line in process.stdout:
            events.append(json.loads(line))

    listener = asyncio.ensure_future(listen())
    try:
        yield events
    finally:
        process.stdin.close()
        await listener
        await process.wait()


@pytest.fixture
def codec(customer) -> str:
    if customer.trunk["srtp"]:
        pytest.skip("calls are encrypted (jitsi_trunk.srtp): try by telephone")
    spoken = [codec for codec in customer.trunk["codecs"] if codec in ("PCMA", "PCMU")]
    if not spoken:
        pytest.skip("neither PCMA nor PCMU is enabled (jitsi_trunk.codecs): try by telephone")
    return spoken[0]


@pytest.mark.notice("callers with the right PIN cannot join", LOOK)
def test_a_caller_gets_in_by_the_pin_alone(customer, moderator, login, gateway, codec):
    """A caller who first mistypes the PIN joins the meeting, and leaves it by hanging up"""
    if customer.rules["lobby"] or customer.rules["password"]:
        pytest.skip("a moderator has to admit callers (jitsi_room_lobby, jitsi_room_password): try by telephone")
    room = customer.room(customer.meeting_name())
    number = str(pin(customer, room)["id"])

    async def meeting() -> None:
        async with xmpp.session(customer, "websocket", outside.trust(customer), moderator, room=room) as host:
            await host.enter(room)
            async with call(login(gateway), codec, f"{another(number)},{number}") as events:
                async with asyncio.timeout(PATIENCE):
                    await there(host, room, events, lambda: host.others(room))
                pressed = [event["event"] for event in events].count("pressed")
                assert pressed == 2, f"a caller is in the room after {pressed} of 2 PINs"
                assert host.role(room) == "moderator"
            async with asyncio.timeout(PATIENCE):
                await there(host, room, [], lambda: not host.others(room))

    asyncio.run(meeting())


async def there(host, room: str, events: list[dict], condition) -> None:
    """Waits for the condition on who is in the room; the call must not end meanwhile."""
    while not condition():
        over = [event for event in events if event["event"] in ("ended", "refused")]
        assert not over, f"the call was {over[0]['event']} {over[0].get('status', '')}".strip()
        with contextlib.suppress(TimeoutError):
            await host.until(condition)


@pytest.mark.guard("it can be read later who called whom", "on {gateway}: the log level of the daemon that wrote it")
def test_gateways_write_no_names(customer, login, gateway):
    """No log of a gateway names the caller or the room of the verification's call"""
    shell = login(gateway)
    shell.check_output("journalctl --sync")
    for text in ("verify-", "sip:verification"):
        pattern = f"[{text[0]}]{text[1:]}"
        files = shell.run("grep -rlaE -e %s /var/log --exclude-dir=journal", pattern).stdout.split()
        if shell.run("journalctl -q -o cat -u kamailio -u dial-in-ivr -u jigasi | grep -aqE -e %s", pattern).rc == 0:
            files.append("the journal")
        assert not files, f"{gateway.name}: {'; '.join(files)}"
