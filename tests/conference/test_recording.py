"""A moderator has a meeting recorded, everybody is told, and the recording arrives; nobody else can ask for it."""

import asyncio
import base64
import json
import re
import time
from xml.etree import ElementTree as ET

import outside
import pytest
import xmpp
from test_bridges import fetch
from test_logs import unlike_itself
from test_stream import GONE, LIVE, until, viewer
from xmpp import Participant, Refused, element

pytestmark = pytest.mark.needs("prosody", "jicofo")

JIBRI = "http://jitsi.org/protocol/jibri"
FOLDER = "/var/lib/recording"
SOUND = "unix:/run/jibri-sound/native"
SECONDS = 3  # that are recorded
SILENCE = -60  # dB; the tone is at -18, a recording of a sink nobody plays to at -91
# A picture that fills the display: a sixteenth of its width and a ninth of its height at each corner.
CORNERS = {"red": (0, 0), "lime": (15, 0), "blue": (0, 8), "yellow": (15, 8)}
COLOURS = {"red": (1, 0, 0), "lime": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0)}
PLAYED = ["verify-picture.service", "verify-tone.service"]
PAINT, SING = (f"systemd-run --quiet --collect --unit={unit} --property=RuntimeMaxSec=120 " for unit in PLAYED)
PAINT += "--setenv=DISPLAY=:0 --setenv=SDL_RENDER_DRIVER=software ffplay -v error -an -fs -alwaysontop -f lavfi -i '{}'"
SING += (
    f"--setenv=PULSE_SERVER={SOUND} sh -c "
    "'ffmpeg -v error -f lavfi -i sine -ac 2 -ar 44100 -f s16le - | pacat --rate=44100 --channels=2'"
)
STARTS = 60  # seconds until a recorder that was started answers
BEGINS, ENDS = 90, 60  # seconds for a browser to enter and a recording to begin, and for both to end
LOOK = (
    "on the recorder: systemctl status jibri jibri-xorg jibri-sound jibri-duty; journalctl -u jibri; journalctl -u "
    "recording-delivery; on {meet}: curl -s 127.0.0.1:8888/stats"
)


def detector(meet) -> dict:
    return json.loads(fetch(meet, "http://127.0.0.1:8888/stats")[1])["jibri_detector"]


def health(recorder) -> dict:
    """What a recorder says of itself, once it does: after a deployment it may just be starting."""
    deadline = time.monotonic() + STARTS
    while True:
        try:
            return json.loads(fetch(recorder, "http://127.0.0.1:2222/jibri/api/v1.0/health")[1])["status"]
        except AssertionError:  # nobody listens there
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


def painting() -> str:
    boxes = [f"drawbox=iw*{x}/16:ih*{y}/9:iw/16:ih/9:{colour}:fill" for colour, (x, y) in CORNERS.items()]
    return ",".join(["color=black:size=320x180:rate=5", *boxes])


def corners(recorder, source: str) -> list[list[str]]:
    """For each picture of what ffmpeg reads there: the corners that show what is painted in them."""
    width, height = 32, 18
    seen = base64.b64decode(
        recorder.check_output(
            f"ffmpeg -v error -nostdin {source} -vf scale={width}:{height}:flags=neighbor -f rawvideo -pix_fmt rgb24 - "
            "| base64 --wrap=0"
        )
    )

    def colour(picture: bytes, x: int, y: int) -> tuple:
        place = 3 * ((height - 1 if y else 0) * width + (width - 1 if x else 0))
        return tuple(int(value > 127) for value in picture[place : place + 3])

    pictures = [seen[begin : begin + 3 * width * height] for begin in range(0, len(seen), 3 * width * height)]
    return [
        [name for name, place in CORNERS.items() if colour(picture, *place) == COLOURS[name]] for picture in pictures
    ]


async def ask(person: Participant, room: str, action: str, **about: str) -> ET.Element:
    return await person.request(f"{room}/focus", element(f"{{{JIBRI}}}jibri", action=action, **about))


async def told(person: Participant, room: str, wanted: str, seconds: int) -> None:
    """Waits until everybody in the room is told that a recording is that, on or off."""

    def status(xml: ET.Element) -> str:
        news = xml.find(f"{{{JIBRI}}}jibri-recording-status") if xml.get("from") == f"{room}/focus" else None
        return "" if news is None else news.get("status")

    async with asyncio.timeout(seconds):
        while True:
            try:
                seen = status(await person.expect(lambda xml: status(xml) in ("on", "off")))
            except TimeoutError:
                continue
            assert seen == wanted, f"the recording is {seen}"
            return


async def record(customer, moderator: str, room: str, play) -> tuple[str, str]:
    """The session of a recording that a moderator had made, and what a guest was answered who asked for one.

    While it is made, play(session) sees to it that there is something to hear."""
    trust = outside.trust(customer)
    async with (
        xmpp.session(customer, "websocket", trust, moderator, room=room) as host,
        xmpp.session(customer, "bosh", trust) as guest,
    ):
        await xmpp.meet(customer, room, host, guest)
        try:
            await ask(guest, room, "start", recording_mode="file")
            refusal = ""
        except Refused as refused:
            refusal = refused.condition
        begun = asyncio.ensure_future(told(guest, room, "on", BEGINS))
        await asyncio.sleep(0)
        answer = await ask(host, room, "start", recording_mode="file")
        await begun
        session = answer.find(f"{{{JIBRI}}}jibri").get("session_id")
        await asyncio.to_thread(play, session)
        ended = asyncio.ensure_future(told(guest, room, "off", ENDS))
        await asyncio.sleep(0)
        await ask(host, room, "stop")
        await ended
    return session, refusal


@pytest.fixture(scope="module")
def recording(customer, meet, login, moderator) -> dict[str, str]:
    """A recording that was made: its session, the room's name, what a guest was told who asked for one."""
    if not detector(meet)["available"]:
        pytest.skip("no recorder is free at the moment")
    name = customer.meeting_name()

    def play(session: str) -> None:
        """A tone and a picture where the recorder's browser plays, on the one that records this meeting alone."""
        recorders = [login(host) for host in customer.group("recorders")]
        [recorder] = [one for one in recorders if one.file(f"{FOLDER}/recordings/{session}").is_directory]
        try:
            recorder.check_output(PAINT.format(painting()))
            # From the beginning, as the picture: of a recorder that is busy the end of a recording may be missing.
            recorder.check_output(SING)
            until(
                lambda: corners(recorder, "-f x11grab -framerate 1 -i :0 -frames:v 1") == [list(CORNERS)],
                "nothing can be painted on the recorder's display",
            )
            recorder.check_output(f"sleep {SECONDS}")
        finally:
            recorder.run(f"systemctl stop {' '.join(PLAYED)}")

    session, refusal = asyncio.run(record(customer, moderator, customer.room(name), play))
    return {"session": session, "room": name, "refusal": refusal}


@pytest.mark.notice("moderators are told that all recorders are busy", LOOK)
def test_recorders_are_healthy(customer, login, meet):
    """Every recorder is healthy, and jicofo can use the idle ones"""
    recorders = {host.name: login(host) for host in customer.group("recorders")}

    def states() -> dict[str, dict]:
        return {name: health(recorder) for name, recorder in recorders.items()}

    ill = [name for name, state in states().items() if state["health"]["healthStatus"] != "HEALTHY"]
    assert not ill, f"{', '.join(ill)}: unhealthy, which lasts until Jibri is restarted (journalctl -u jibri-duty)"
    until(
        lambda: detector(meet)["available"] == sum(state["busyStatus"] == "IDLE" for state in states().values()),
        f"jicofo can use {detector(meet)['available']} of {len(recorders)} recorders",
    )


@pytest.mark.notice("moderators are told that there is no recorder, or that all are busy", LOOK)
def test_recorder_count(customer, meet):
    """Jicofo counts as many recorders as planned"""
    planned, deadline = len(customer.group("recorders")), time.monotonic() + 90
    while (seen := detector(meet)["count"]) != planned and time.monotonic() < deadline:
        time.sleep(1)  # a recorder that was put on duty shows itself within a minute
    assert seen == planned, f"{planned} planned, jicofo knows {seen}"


@pytest.mark.notice("a recording is lost", LOOK)
def test_recording(customer, login, recording):
    """A moderator's recording is announced to everybody and delivered with audio and the whole picture"""
    places = []
    for host in customer.group("recorders"):
        recorder = login(host)
        recorder.run("systemctl start recording-delivery.service")  # instead of waiting for the next minute
        places += [(recorder, path) for path in recorder.check_output(
            f"find {FOLDER} -path '*/{recording['session']}/*' -type f"
        ).splitlines()]  # fmt: skip
    if customer.recordings["kind"] != "local":
        assert places == [], f"{len(places)} files were not delivered"
        return
    [(recorder, path)] = [(recorder, path) for recorder, path in places if re.search(r"\.mp4(\.age)?$", path)]
    try:
        assert path.startswith(f"{FOLDER}/stored/"), f"the recording is in {path.split('/')[4]}"
        if not customer.recordings["sealed"]:
            # Not by its name, which sudo would write down.
            file = f"{FOLDER}/stored/{recording['session']}/*.mp4"
            pictures = corners(recorder, f"-i {file} -r 2")
            assert list(CORNERS) in pictures, (
                f"the recording shows only these corners of the display: {max(pictures, key=len)}"
            )
            streams = recorder.check_output(f"ffprobe -v error -show_entries stream=codec_type -of csv=p=0 {file}")
            assert sorted(streams.split()) == ["audio", "video"], f"the recording has {streams.split()}"
            said = recorder.check_output(
                f"ffmpeg -nostdin -i {file} -af volumedetect -vn -f null - 2>&1 | grep volume:"
            )
            loudest = float(re.search(r"max_volume: (\S+) dB", said)[1])
            assert loudest > SILENCE, f"the recording is silent ({loudest} dB)"
    finally:
        recorder.check_output(f"rm -r '{FOLDER}/stored/{recording['session']}'")


@pytest.mark.guard("guests can record meetings", LOOK)
def test_guests_record_nothing(recording):
    """A guest who asks for a recording is refused"""
    assert recording["refusal"] in ("not-allowed", "forbidden"), "a guest was not refused"


async def streamed(customer, moderator: str, address: str, look) -> str:
    """How a stream of a new room to the address ends, which look() sees while it is on."""
    trust, room = outside.trust(customer), customer.room(customer.meeting_name())
    async with (
        xmpp.session(customer, "websocket", trust, moderator, room=room) as host,
        xmpp.session(customer, "bosh", trust) as guest,
    ):
        await xmpp.meet(customer, room, host, guest)
        begun = asyncio.ensure_future(told(guest, room, "on", BEGINS))
        await asyncio.sleep(0)
        await ask(host, room, "start", recording_mode="stream", streamid=address)
        try:
            await begun
        except AssertionError:
            return "refused"
        await asyncio.to_thread(look)
        ended = asyncio.ensure_future(told(guest, room, "off", ENDS))
        await asyncio.sleep(0)
        await ask(host, room, "stop")
        await ended
    return "seen"


@pytest.fixture
def free_recorder(customer, meet):
    if not customer.stream_targets:
        pytest.skip("meetings cannot be streamed (jitsi_stream_targets is empty)")
    if not detector(meet)["available"]:
        pytest.skip("no recorder is free at the moment")


@pytest.mark.notice("moderators cannot stream a meeting to viewers", LOOK)
def test_rooms_are_streamed(customer, moderator, free_recorder):
    """A meeting that a moderator streams to the customer's streaming server is shown there"""
    if "own" not in customer.stream_targets:
        pytest.skip("meetings are streamed to other servers only (jitsi_stream_targets)")
    name = customer.group("streamers")[0].names[0]
    seen = viewer(customer, name)
    if outside.ask(customer, LIVE, name=name, **seen).status == 200:
        pytest.skip(f"{name} shows a stream at the moment: verify again after it")

    def look() -> None:
        until(lambda: outside.ask(customer, LIVE, name=name, **seen).status == 200, "the room is not shown")

    address = f"rtmps://{name}:1936/live/live?key={customer.secrets['streaming/key']}"
    assert asyncio.run(streamed(customer, moderator, address, look)) == "seen"
    until(
        lambda: outside.ask(customer, LIVE, name=name, **seen).status == 404, "the stream stays when it has ended", GONE
    )


@pytest.mark.guard(
    "meetings can be streamed to any server", "rtmp-allow-list in /etc/jitsi/jibri/jibri.conf on the recorder"
)
def test_rooms_are_streamed_nowhere_else(customer, moderator, free_recorder):
    """A meeting cannot be streamed to an address outside the settings"""
    address = "rtmp://192.0.2.1/live/verify"
    assert asyncio.run(streamed(customer, moderator, address, lambda: None)) == "refused", (
        f"streaming to {address} is possible"
    )


@pytest.mark.guard("it can be read later who met when", "on the recorder: the log level of the daemon that wrote it")
def test_recorders_write_no_names(customer, login, recording):
    """No log of a recorder names the room that was recorded"""
    if customer.has_fixed_rooms:
        pytest.skip("all rooms of this customer have known names (jitsi_room_names.fixed)")
    for host in customer.group("recorders"):
        recorder, pattern = login(host), unlike_itself(recording["room"])
        recorder.check_output("journalctl --sync")
        files = recorder.run("grep -rlaE -e %s /var/log --exclude-dir=journal", pattern).stdout.split()
        if recorder.run("journalctl -q -o cat | grep -aqE -e %s", pattern).rc == 0:
            files.append("the journal")
        assert not files, f"{host.name}: the room's name is in {', '.join(files)}"


@pytest.mark.notice("recordings show the consent page, or nothing", "consent_gate_exempt on {meet} (role consent_gate)")
def test_recorder_is_not_asked(customer, login):
    """Recorders get the conference page without the consent page"""
    if not customer.consent:
        pytest.skip("there is no consent page (jitsi_consent is none)")
    private = customer.group("meet")[0].private
    for host in customer.group("recorders"):
        page = login(host).check_output(
            f"curl -sk --max-time 10 --resolve {customer.domain}:443:{private} https://{customer.domain}/verify"
        )
        assert 'id="consent"' not in page, f"{host.name} gets the consent page"
        assert "var config" in page, f"{host.name} does not get the conference page"


@pytest.mark.notice("recordings do not arrive, or nobody can record", "journalctl -u recording-delivery -u jibri-duty")
def test_nothing_waits(customer, login):
    """No recorder holds undeliverable recordings or is drained because its disk is full"""
    for host in customer.group("recorders"):
        recorder = login(host)
        for unit in ("recording-delivery", "jibri-duty"):
            if recorder.run(f"systemctl is-failed {unit}.service").stdout.strip() == "failed":
                said = recorder.check_output(f"journalctl -q -o cat -n 20 -u {unit} | grep -v systemd | tail -n 3")
                pytest.fail(f"{host.name}: {said}")
