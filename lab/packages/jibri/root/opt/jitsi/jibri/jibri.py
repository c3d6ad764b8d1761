#!/usr/bin/python3
"""STAND-IN for Jibri, not Jitsi's own: a recorder that records its display for real, without the meeting on it.

It reads Jibri's settings, reports to jicofo, opens the room's page with the machine's browser to see that it is let in,
enters the room unseen, has ffmpeg record display :0 with the configured sound, and hands the recording to the finalize
script or sends it to an address that is allowed. Left out: what is seen in the meeting, SIP, statistics.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import sys
import time

from browser import Browser, BrowserError
from standin import log as logs
from standin import web
from standin.settings import Settings, SettingsError, java_properties
from standin.xmpp import Client, XmppError, bare, xml

HOME = os.path.dirname(os.path.abspath(__file__))
JIBRI = "http://jitsi.org/protocol/jibri"
HEALTH = "http://jitsi.org/protocol/health"
EX_CONFIG = 255  # as the real one: starting again does not help
REJOIN_SECONDS = 2
FIRST_PICTURE_SECONDS = 20
YOUTUBE = "rtmp://a.rtmp.youtube.com/live2"
STREAM_SECONDS = 3  # without a complaint of ffmpeg, and the stream is on
EMPTY_SECONDS = 30  # the real one's default: a call nobody is in any more


class Failed(Exception):
    """A recording cannot be made; the message is for the log."""


class Broken(Failed):
    """Nor can another one: the recorder is unhealthy until it is started anew."""


class Session:
    """One recording, from jicofo's request to the finalize script's end."""

    def __init__(self, recorder, environment, room, number, stream, tell):
        self.stream = stream and (stream if stream.startswith(("rtmp://", "rtmps://")) else f"{YOUTUBE}/{stream}")
        self.recorder, self.environment, self.tell = recorder, environment, tell
        self.room, self.number = room, re.sub(r"[^A-Za-z0-9_-]", "_", number)
        self.over = asyncio.Event()
        self.call = self.ffmpeg = None
        self.people = []

    @property
    def name(self):
        return self.room.partition("@")[0]

    async def run(self):
        """Records until somebody stops it or everybody has left."""
        failed = True
        try:
            self._judge()
            await self._enter()
            await (self._send() if self.stream else self._record())
            self.tell("on")
            ended = asyncio.create_task(self.ffmpeg.wait())
            asked = asyncio.create_task(self.over.wait())
            await asyncio.wait({ended, asked, asyncio.create_task(self._alone())}, return_when="FIRST_COMPLETED")
            failed = ended.done()
        except (Failed, XmppError, OSError) as error:
            self.recorder.log.error("recording failed: %s", error)
            self.recorder.healthy = self.recorder.healthy and not isinstance(error, Broken)
        finally:
            await self._finish()
        self.tell("off", failed)

    def _judge(self):
        allowed = self.recorder.settings.get("jibri.streaming.rtmp-allow-list", [".*"])
        if self.stream and not any(re.fullmatch(pattern, self.stream) for pattern in allowed):
            raise Failed("streams may not go there")

    async def _enter(self):
        await self._open_page()
        need = self.environment.need
        self.call = Client(
            self.recorder.log, host=self.environment.host, port=self.environment.port, domain=need("call-login.domain"),
            username=need("call-login.username"), password=need("call-login.password"), verify=self.environment.verify,
        )  # fmt: skip
        entered = asyncio.get_running_loop().create_future()

        async def enter():
            try:
                room = await self.call.join(self.room, secrets.token_hex(4))
                if not entered.done():
                    entered.set_result(room)
            except XmppError as error:
                if not entered.done():
                    entered.set_exception(error)

        self.call.on_login = enter
        self.running = asyncio.create_task(self.call.run())
        try:
            self.muc = await asyncio.wait_for(entered, 30)
        except TimeoutError:
            raise Failed("the room is not entered") from None

    async def _open_page(self):
        """The page as this machine's browser sees it must be the conference's, not one that asks something."""
        need = self.environment.need
        login = {
            "xmpp_username_override": f"{need('call-login.username')}@{need('call-login.domain')}",
            "xmpp_password_override": need("call-login.password"),
        }

        def look():
            with Browser(self.recorder.properties) as browser:
                return browser.open(f"https://{need('xmpp-domain')}/{self.name}", **login)

        try:
            text = await asyncio.to_thread(look)
        except BrowserError as error:
            raise Failed(str(error)) from None
        if "var config" not in text:
            raise Failed("the page is not the conference's: are recorders asked for their consent?")

    async def _record(self):
        folder = os.path.join(self.recorder.folder, self.number)
        try:
            os.makedirs(folder)
        except OSError as error:
            raise Broken(f"the folder for the recording cannot be made: {error.strerror}") from None
        self.folder, self.file = folder, os.path.join(folder, f"{self.name}_{time.strftime('%Y-%m-%d-%H-%M-%S')}.mp4")
        await self._start([self.file])
        deadline = time.monotonic() + FIRST_PICTURE_SECONDS
        while not (os.path.exists(self.file) and os.path.getsize(self.file)):
            if self.ffmpeg.returncode is not None:
                raise Failed(f"ffmpeg: {(await self.ffmpeg.stderr.read()).decode().strip()[-300:]}")
            if time.monotonic() > deadline:
                raise Failed("ffmpeg writes nothing")
            await asyncio.sleep(0.1)

    async def _send(self):
        """As the real one, on the command line, where whoever is on the machine sees the key."""
        await self._start(["-g", "60", "-maxrate", "2976k", "-bufsize", "5952k", "-f", "flv", self.stream])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ffmpeg.wait(), STREAM_SECONDS)
            raise Failed("ffmpeg cannot send the stream")

    async def _start(self, where):
        get = self.recorder.settings.get
        words = ["ffmpeg", "-y", "-v", "error", "-f", "x11grab", "-draw_mouse", "0"]
        words += ["-r", str(get("jibri.ffmpeg.framerate", 30)), "-s", get("jibri.ffmpeg.resolution", "1920x1080")]
        words += ["-thread_queue_size", "4096", "-i", ":0.0+0,0", "-f", get("jibri.ffmpeg.audio-source", "alsa")]
        words += ["-thread_queue_size", "4096", "-i", get("jibri.ffmpeg.audio-device", "plug:bsnoop")]
        words += ["-acodec", "aac", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", *where]
        try:
            self.ffmpeg = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise Broken(f"ffmpeg does not start: {error.strerror}") from None

    def _others(self):
        return [person for person in self.muc.occupants.values() if person.nick != "focus"]

    async def _alone(self):
        """Ends when nobody has been in the room for a while."""
        empty_since = None
        while True:
            others = self._others()
            self.people = [{"user": {"id": person.nick}} for person in others] or self.people
            empty_since = None if others else empty_since or time.monotonic()
            if empty_since and time.monotonic() - empty_since > EMPTY_SECONDS:
                return
            await asyncio.sleep(1)

    async def _finish(self):
        if self.ffmpeg and self.ffmpeg.returncode is None:
            self.ffmpeg.send_signal(signal.SIGINT)
            await self.ffmpeg.wait()
        if self.call:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running
        if self.ffmpeg and not self.stream and os.path.exists(self.file):
            with open(os.path.join(self.folder, "metadata.json"), "w", encoding="utf-8") as text:
                url = f"https://{self.environment.need('xmpp-domain')}/{self.name}"
                json.dump({"meeting_url": url, "participants": self.people, "share": True}, text)
            process = await asyncio.create_subprocess_exec(
                self.recorder.settings.need("jibri.recording.finalize-script"), self.folder
            )
            if await process.wait():
                self.recorder.log.error("the finalize script failed")


class Environment:
    """One of jibri.api.xmpp.environments."""

    def __init__(self, settings, values):
        self.path, self.values = settings.path, values
        host, _, port = self.need("xmpp-server-hosts")[0].partition(":")
        self.host, self.port = host, int(port or 5222)
        self.verify = str(values.get("trust-all-xmpp-certs", True)).lower() != "true"

    def need(self, path):
        value = self.values
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if not value:
            raise SettingsError(f"{self.path}: {path} of an environment is missing")
        return value


class Recorder:
    """The daemon: a login per environment, the state of duty, one session at a time."""

    def __init__(self, settings, properties, log):
        self.settings, self.properties, self.log, self.healthy = settings, properties, log, True
        self.folder = settings.get("jibri.recording.recordings-directory", "/tmp/recordings")  # noqa: S108 - the real one's default
        self.session, self.leaving = None, False
        environments = settings.group("jibri.api.xmpp.environments") or []
        self.clients = [self._client(Environment(settings, values)) for values in environments]
        self.rooms = {}

    def _client(self, environment):
        need = environment.need
        client = Client(
            self.log, host=environment.host, port=environment.port, domain=need("control-login.domain"),
            username=need("control-login.username"), password=need("control-login.password"), verify=environment.verify,
        )  # fmt: skip
        brewery, nick = f"{need('control-muc.room-name')}@{need('control-muc.domain')}", need("control-muc.nickname")

        async def enter():
            while client.connected:
                try:
                    self.rooms[client] = await client.join(brewery, nick, self.presence())
                    return
                except XmppError as error:
                    self.log.error("cannot enter the brewery as %s: %s", nick, error)
                    await asyncio.sleep(REJOIN_SECONDS)

        client.on_login = enter
        client.on_loss = self.stop
        client.handle(JIBRI, "jibri", lambda iq: self._asked(client, environment, iq))
        return client

    # -- state

    @property
    def busy(self):
        return self.session is not None

    def presence(self):
        busy = xml("busy-status", {"xmlns": JIBRI, "status": "busy" if self.busy or self.leaving else "idle"})
        health = xml("health-status", {"xmlns": HEALTH, "status": "healthy" if self.healthy else "unhealthy"})
        return xml("jibri-status", {"xmlns": JIBRI}, busy, health)

    def _announce(self):
        for room in self.rooms.values():
            room.update(self.presence())

    # -- what jicofo asks for

    async def _asked(self, client, environment, iq):
        asked = iq[0].attrib
        if asked.get("action") == "stop":
            await self._stopped()
            return xml("jibri", {"xmlns": JIBRI, "status": "off"})
        if asked.get("action") != "start" or asked.get("recording_mode") not in ("file", "stream"):
            return xml("jibri", {"xmlns": JIBRI, "status": "off", "failure_reason": "error", "should_retry": "false"})
        if self.busy or self.leaving:
            return xml("jibri", {"xmlns": JIBRI, "status": "off", "failure_reason": "busy", "should_retry": "true"})

        def tell(status, failed=False):
            reason = {"failure_reason": "error", "should_retry": "true"} if failed else {}
            news = xml("jibri", {"xmlns": JIBRI, "status": status, **reason})
            client.spawn(client.request("set", iq.get("from"), news))

        room, number = bare(asked.get("room", "")), asked.get("session_id", "")
        self.session = Session(self, environment, room, number, asked.get("streamid"), tell)
        self.running = asyncio.create_task(self._run())
        self._announce()
        return xml("jibri", {"xmlns": JIBRI, "status": "pending"})

    async def _run(self):
        await self.session.run()
        self.session = None
        self._announce()
        if self.leaving:
            self.gone.set()

    def stop(self):
        if self.session:
            self.session.over.set()

    async def _stopped(self):
        if self.session:
            self.stop()
            await asyncio.shield(self.running)

    # -- HTTP

    def _leave(self, _):
        """At once, or when the recording is over."""
        self.leaving = True
        self._announce()
        if not self.busy:
            self.gone.set()
        return 200

    def _stop(self, _):
        self.stop()
        return 200

    def health(self, _):
        word = "HEALTHY" if self.healthy else "UNHEALTHY"
        about = {} if self.healthy else {"JibriManager": {"healthStatus": word, "detail": ""}}
        state = {"busyStatus": "BUSY" if self.busy else "IDLE", "health": {"healthStatus": word, "details": about}}
        return 200, {"status": state}

    async def run(self):
        get = self.settings.get
        self.gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: (self.stop(), self._leave("")))
        external, internal = "/jibri/api/v1.0", "/jibri/api/internal/v1.0"
        await web.serve(
            get("jibri.api.http.external-api-host", "127.0.0.1"), get("jibri.api.http.external-api-port", 2222),
            {("GET", f"{external}/health"): self.health, ("POST", f"{external}/stopService"): self._stop},
        )  # fmt: skip
        await web.serve(
            get("jibri.api.http.internal-api-host", "127.0.0.1"), get("jibri.api.http.internal-api-port", 3333),
            {("POST", f"{internal}/{what}"): self._leave for what in ("gracefulShutdown", "notifyConfigChanged")},
        )  # fmt: skip
        if not self.clients:
            self.log.warning("jibri.api.xmpp.environments is empty: no focus will know this recorder")
        tasks = [asyncio.create_task(client.run()) for client in self.clients]
        await self.gone.wait()
        for task in tasks:
            task.cancel()


def main():
    try:
        properties = java_properties(os.environ)
        log = logs.setup("Jibri", properties.get("java.util.logging.config.file"))
        recorder = Recorder(Settings(properties["config.file"], os.path.join(HOME, "keys")), properties, log)
    except SettingsError as error:
        print(f"Jibri STAND-IN: refused to start: {error}", file=sys.stderr)
        return EX_CONFIG
    asyncio.run(recorder.run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
