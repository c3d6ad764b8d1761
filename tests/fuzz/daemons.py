"""Programs of ours as targets: what strangers send them, without the network, and without the programs they ask."""

import asyncio
import contextlib
import functools
import json
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from programs.conference_mapper.errors import RequestRefusedError
from programs.conference_mapper.rooms import canonical_conference
from programs.conference_mapper.server import DialInApi, errors_as_json
from programs.conference_mapper.settings import Settings as MapperSettings
from programs.conference_mapper.store import PinStore
from programs.dial_in_ivr import call_session, channel
from programs.dial_in_ivr.baresip import Baresip, ProcessLostError
from programs.recording_delivery import alerts, sessions, storage
from programs.recording_delivery.errors import DeliveryError
from programs.recording_delivery.settings import Settings as DeliverySettings

ROOT = Path(__file__).parents[2]
DOMAIN = "meet.acme.example"
TALKS = 20  # of the loop: tasks that wait for nothing are done by then


@functools.cache
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def parts(data: bytes, number: int) -> list[bytes]:
    """The data in so many parts, divided by line feeds; the last has the rest."""
    return (data.split(b"\n", number - 1) + [b""] * number)[:number]


# The conference mapper.


@functools.cache
def mapper() -> DialInApi:
    settings = MapperSettings(DOMAIN, 14, [], "key", new_pins=10**9, max_pins=50, guesses=10**9)
    return DialInApi(settings, PinStore(":memory:", settings))


def ask_mapper(data: bytes) -> None:
    """The query, as nginx or a gateway hands it over, and the authorization behind a line feed."""
    query, header = (part.decode("utf-8", "surrogateescape") for part in parts(data, 2))
    for name, handler in (("pin", mapper().pin), ("room", mapper().room)):
        request = SimpleNamespace(raw_path=f"/dial-in/{name}?{query}", headers={"Authorization": header})
        answer = loop().run_until_complete(errors_as_json(request, handler))
        assert answer.status in (200, 400, 401, 404, 429), answer.status
        json.loads(answer.text)
    with contextlib.suppress(RequestRefusedError):
        room = canonical_conference(query, DOMAIN)
        assert canonical_conference(room, DOMAIN) == room, f"{room} has two addresses"


# The dial-in menu.


class Writer:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


async def _call(data: bytes) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    timing = {"first_digit": 0, "next_digit": 0, "ring": 0, "max_wait": 0}
    settings = SimpleNamespace(language="en", narrowband=True, texts={}, prompts="/nowhere", **timing)
    line = channel.Channel(settings, 1, Path("/nowhere"), b"salt", (1, 1))
    line._baresip = baresip = Baresip(reader, Writer(), (1, 1))
    tasks = set()
    with contextlib.suppress(ProcessLostError):
        while True:
            line._on_message(await baresip.read())
            tasks.add(line._task)
            for _ in range(TALKS):
                await asyncio.sleep(0)
    await line._on_process_exit()
    for result in await asyncio.gather(*tasks - {None}, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def _nothing(*_: object) -> None:
    pass


def call_menu(data: bytes) -> None:
    """What baresip sends while callers press keys: netstrings of JSON."""
    patches = [
        mock.patch.object(channel, "send_orphan_bye", _nothing),
        mock.patch.object(call_session, "speech_seconds", return_value=0),
        mock.patch.object(call_session, "prompt_file", return_value=Path("/nowhere")),
    ]
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        loop().run_until_complete(_call(data))
    call_session.caller_fingerprint(data.decode(errors="replace"), b"salt")


# The delivery of recordings.


@functools.cache
def delivery_settings() -> DeliverySettings:
    target = {"kind": "s3", "endpoint": "https://s3.example", "bucket": "b", "access_key": "a"}
    folder = Path(tempfile.mkdtemp())
    (folder / "session").mkdir()
    (folder / "session/recording.mp4").touch()
    return DeliverySettings(folder, target, "p", "", [], 14, 0, "", "jri", [])


class Listing:
    """In place of rclone: lists what the data says."""

    def __init__(self, data: bytes) -> None:
        self.text, self.removed = data.decode(), []

    def __call__(self, *words: str, **_: object) -> str:
        if words[0] == "rmdir":
            self.removed.append(words[1])
        return self.text if words[0] == "lsf" else ""


def deliver(data: bytes) -> None:
    """What ffprobe says of a recording, what rclone lists in the storage, and what was notified before."""
    settings = delivery_settings()
    with mock.patch.object(sessions, "run", return_value=data), contextlib.suppress(DeliveryError):
        sessions.inspect(settings.folder / "session")
    with contextlib.suppress(UnicodeDecodeError):
        kept = storage.Storage(settings)
        kept._rclone = listing = Listing(data)
        kept.prune(14)
        assert [path for path in listing.removed if not re.fullmatch(f"storage:b/{sessions.SESSION}", path)] == []
    (settings.folder / "notified.json").write_bytes(data)
    assert all(isinstance(name, str) for name in alerts._names_in(settings.folder / "notified.json"))
