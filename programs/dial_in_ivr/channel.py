"""A channel: a process of baresip, started again whenever it ends, and the calls in it."""

import asyncio
import contextlib
import logging
import re
from pathlib import Path

from .baresip import Baresip, Message, ProcessLostError
from .baresip_config import CALLER, MEETING, configuration
from .call_session import UNAVAILABLE, CallSession, MeetingEvent, caller_fingerprint
from .settings import Settings
from .sip import SERVER, send_orphan_bye
from .timing import completes_within

HEALTHY_SECONDS = 60  # after which a process that ends is started again at once
MAX_PAUSE = 30.0  # seconds before another start

log = logging.getLogger(__name__)


class Channel:
    """Takes one call at a time."""

    def __init__(self, settings: Settings, number: int, folder: Path, salt: bytes, version: tuple[int, int]) -> None:
        """Prepare channel number (from 1); it writes below the folder, and the salt hides callers' numbers."""
        self.settings = settings
        self._number, self._folder, self._salt, self._version = number, folder / str(number), salt, version
        self._baresip: Baresip | None = None
        self._session: CallSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._meeting_call = ""  # the id of the call into the meeting, as soon as it is known
        self._meeting_ended = asyncio.Event()
        self._meeting_ended.set()

    # --- the process

    async def run(self) -> None:
        """Run baresip until cancelled."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for name, text in configuration(self.settings, self._number).items():
            (self._folder / name).write_text(text)
        pause, loop = 1.0, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            status = await self._run_once()
            pause = 1.0 if loop.time() - begun > HEALTHY_SECONDS else min(MAX_PAUSE, pause * 2)
            log.warning("channel %d: baresip ended (%s), next start in %d s", self._number, status, pause)
            await asyncio.sleep(pause)

    async def _run_once(self) -> int | None:
        """Run one process to its end. Returns its exit status."""
        null = asyncio.subprocess.DEVNULL
        command = ("baresip", "-f", str(self._folder))
        process = await asyncio.create_subprocess_exec(*command, stdin=null, stdout=null, stderr=null)
        try:
            await self._serve(process)
        except ProcessLostError:
            await completes_within(1, process.wait())
        finally:
            # baresip hangs up its calls when it is terminated.
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            if not await completes_within(3, process.wait()):
                process.kill()
                await process.wait()
            await self._on_process_exit()
        return process.returncode

    async def _serve(self, process: asyncio.subprocess.Process) -> None:
        """Handle messages until the process or the connection ends, which raises ProcessLostError."""
        reader, writer = await self._connection(process)
        self._baresip = Baresip(reader, writer, self._version)
        # A call that has come before the connection was not seen.
        self._hang_up(CALLER, "")
        try:
            while True:
                self._on_message(await self._baresip.read())
        finally:
            writer.close()

    async def _connection(
        self, process: asyncio.subprocess.Process
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self.settings.first_control_port + self._number - 1
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                if process.returncode is not None:
                    raise ProcessLostError from None
                await asyncio.sleep(0.1)

    async def _on_process_exit(self) -> None:
        """End the session, and have Kamailio tell the other ends of the calls."""
        lost = [call for call in (self._session.call if self._session else "", self._meeting_call) if call]
        self._baresip, self._meeting_call = None, ""
        self._meeting_ended.set()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for call in lost:
            await send_orphan_bye(call)

    # --- messages of baresip

    def _on_message(self, message: Message) -> None:
        if "response" in message:
            # Version 1.1 names the call it has dialled.
            if found := re.match(r"call id: (\S+)", message.get("data", "")):
                self._meeting_call = self._meeting_call or found[1]
            return
        kind, call = message.get("type", ""), message.get("id", "")
        if message.get("accountaor") == CALLER:
            self._on_caller(kind, call, message)
        elif message.get("accountaor") == MEETING:
            self._on_meeting(kind, call, message)

    def _on_caller(self, kind: str, call: str, message: Message) -> None:
        # A digit may arrive before the call is reported.
        if kind in ("CALL_ESTABLISHED", "CALL_DTMF_START") and not (self._session and self._session.call == call):
            self._session = CallSession(self, call, caller_fingerprint(message.get("peeruri", ""), self._salt))
            self._task = asyncio.create_task(self._run_session(self._session, self._task))
        if self._session and call == self._session.call:
            if kind == "CALL_DTMF_START":
                self._session.digits.queue.put_nowait(message.get("param", ""))
            elif kind == "CALL_CLOSED":
                self._session = None
                if self._task:
                    self._task.cancel()

    def _on_meeting(self, kind: str, call: str, message: Message) -> None:
        self._meeting_call = call or self._meeting_call
        if kind == "CALL_ESTABLISHED":
            self._notify(MeetingEvent(True, 0))
        elif kind == "CALL_CLOSED":
            status = re.match(r"[3-6]\d\d", message.get("param", ""))
            self._meeting_call = ""
            self._meeting_ended.set()
            self._notify(MeetingEvent(False, int(status[0]) if status else UNAVAILABLE))

    def _notify(self, event: MeetingEvent) -> None:
        if self._session:
            self._session.meeting_events.put_nowait(event)

    # --- calls

    async def _run_session(self, session: CallSession, before: asyncio.Task[None] | None) -> None:
        """Run a session once the one before has ended, and hang up both calls at its end."""
        if before:
            await asyncio.gather(before, return_exceptions=True)
        try:
            await session.run()
        finally:
            if self._session is session:
                self._session = None
                self._hang_up(CALLER, session.call)
            await asyncio.shield(self._leave())

    def play(self, source: str) -> None:
        """Switch what the caller hears."""
        if self._baresip:
            self._baresip.play(source)

    async def dial(self, pin: str, session: CallSession) -> MeetingEvent:
        """Dial a PIN: established, or not and why; with status 0 when nobody answered in time."""
        session.meeting_events = asyncio.Queue()
        self._meeting_ended.clear()
        caller = f";caller={session.caller}" if session.caller else ""
        if self._baresip:
            self._baresip.dial(f"sip:{pin}@{SERVER}{caller}")
        try:
            async with asyncio.timeout(self.settings.ring):
                return await session.meeting_events.get()
        except TimeoutError:
            await self._leave()
            return MeetingEvent(False, 0)

    def _hang_up(self, account: str, call: str) -> None:
        if self._baresip:
            self._baresip.hang_up(account, call)

    async def _leave(self) -> None:
        """End the call into the meeting, if there is one."""
        if self._meeting_ended.is_set():
            return
        self._hang_up(MEETING, self._meeting_call)
        if not await completes_within(10, self._meeting_ended.wait()) and self._baresip:
            # The call neither ends nor lives: without its connection the process is started again.
            self._baresip.close()
