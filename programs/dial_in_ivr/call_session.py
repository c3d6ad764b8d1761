"""The dialogue with one caller: PIN, attempts, waiting for the meeting."""

import asyncio
import hashlib
import re
from typing import NamedTuple, Protocol

from .baresip_config import TO_CALLER
from .digits import Digits
from .prompts import prompt_file, speech_seconds
from .settings import Settings

MAX_ATTEMPTS = 3
TOO_MANY_WRONG_PINS, UNKNOWN_PIN, UNAVAILABLE = 429, 404, 480  # SIP statuses
# How trunks spell a withheld number; an empty user is one, too.
WITHHELD = {"", "anonymous", "unavailable", "unknown", "restricted", "withheld"}


class MeetingEvent(NamedTuple):
    """What happened to the call into the meeting; status is its SIP status, 0 where there is none."""

    established: bool
    status: int


class CallControl(Protocol):
    """What a session needs of its channel."""

    settings: Settings

    def play(self, source: str) -> None:
        """Switch what the caller hears."""

    async def dial(self, pin: str, session: "CallSession") -> MeetingEvent:
        """Dial a PIN; the event is established, or not with the reason, or with status 0 when nobody answered."""


def caller_fingerprint(uri: str, salt: bytes) -> str:
    """Return 16 hexadecimal digits that identify a caller, or an empty text for a withheld number."""
    scheme, _, rest = uri.partition(":")
    user, _, host = rest.rpartition("@") if scheme != "tel" else (rest, "", "")
    user, host = re.split("[:;]", user)[0].lower(), re.split("[:;?]", host)[0].lower()
    if user in WITHHELD or host == "anonymous.invalid":
        return ""
    return hashlib.sha256(salt + uri.encode()).hexdigest()[:16]


class CallSession:
    """One caller on one channel."""

    def __init__(self, channel: CallControl, call: str, caller: str) -> None:
        """Serve a call (baresip's id) of a caller (a fingerprint, or empty)."""
        self.call, self.caller = call, caller
        self.digits = Digits(channel.settings)
        self.meeting_events: asyncio.Queue[MeetingEvent] = asyncio.Queue()
        self._channel, self._settings = channel, channel.settings

    async def run(self) -> None:
        """Lead the dialogue, from the welcome, which is playing already, to the end of the call."""
        for attempt in range(MAX_ATTEMPTS):
            pin = await self.digits.pin(begun=self._silence)
            if pin is None:
                break
            status = await self._enter(pin)
            if status == 0:
                return
            if status == TOO_MANY_WRONG_PINS:
                break
            if status != UNKNOWN_PIN:
                await self._play_to_end("unavailable")
                return
            if attempt < MAX_ATTEMPTS - 1:
                self._play("wrong")
        await self._play_to_end("goodbye")

    async def _enter(self, pin: str) -> int:
        """Connect the caller with the meeting until one leaves. Returns 0, or the SIP status that prevented it."""
        await self._play_to_end("connecting")
        deadline = asyncio.get_running_loop().time() + self._settings.max_wait
        while True:
            self._silence()
            event = await self._channel.dial(pin, self)
            if event.established:
                await self.meeting_events.get()
                return 0
            if event.status or asyncio.get_running_loop().time() > deadline:
                return event.status or UNAVAILABLE
            await self._play_to_end("waiting")

    def _play(self, name: str) -> None:
        self._channel.play(f"aufile,{prompt_file(self._settings, name)}")

    async def _play_to_end(self, name: str) -> None:
        self._play(name)
        await asyncio.sleep(speech_seconds(self._settings, name))

    def _silence(self) -> None:
        self._channel.play(f"aubridge,{TO_CALLER}")
