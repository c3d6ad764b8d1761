"""The HTTP interface of the conference mapper, on 127.0.0.1."""

import asyncio
import functools
import hmac
import logging
import os
import re
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from .errors import RequestRefusedError
from .limits import WrongPins
from .pins import is_pin
from .rooms import canonical_conference, query_arguments
from .settings import Settings
from .store import PinStore

# Bytes of a request line, which holds the room's name encoded twice and the page's address, and of each header.
MAX_LINE, MAX_HEADER = 4096, 2048
MAX_CALLER_LENGTH = 128

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: object, status: int = 200, **headers: str) -> web.Response:
    """Return a JSON response that no cache keeps."""
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"} | headers)


class DialInApi:
    """The three requests; the package's docstring has their parameters and answers."""

    def __init__(self, settings: Settings, store: PinStore) -> None:
        """Serve the PINs of a store."""
        self._domain, self._store, self._wrong_pins = settings.domain, store, WrongPins(settings)
        self._authorization = f"Bearer {settings.key}".encode()
        self._numbers = [
            {
                "countryCode": each["country"],
                "formattedNumber": each["number"],
                "tollFree": bool(each.get("toll_free", False)),
            }
            for each in settings.numbers
        ]

    async def numbers(self, _request: web.Request) -> web.StreamResponse:
        """Answer the numbers to call."""
        return answer(self._numbers)

    async def pin(self, request: web.Request) -> web.StreamResponse:
        """Answer the PIN of a conference."""
        room = canonical_conference(query_arguments(request.raw_path).get("conference", ""), self._domain)
        pin = self._store.pin_of(room)
        return answer({"message": "This is the PIN of the conference.", "id": pin, "conference": room})

    async def room(self, request: web.Request) -> web.StreamResponse:
        """Answer the conference of a PIN, to gateways only."""
        authorization = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(authorization, self._authorization):
            raise RequestRefusedError(401, "Only gateways may ask this.")
        arguments = query_arguments(request.raw_path)
        caller, text = arguments.get("caller", ""), arguments.get("id", "")
        if not re.fullmatch(rf"[\w.+/=-]{{0,{MAX_CALLER_LENGTH}}}", caller, re.ASCII):
            raise RequestRefusedError(400, "This is not a caller.")
        self._wrong_pins.check(caller)
        could_hit = is_pin(text)
        room = self._store.room_of(int(text)) if could_hit else None
        if room is None:
            self._wrong_pins.record(caller, could_hit)
        return answer({"id": int(text) if could_hit else False, "conference": room or False})


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as JSON; of an unexpected one the client learns no details."""
    try:
        return await handler(request)
    except RequestRefusedError as refused:
        headers = {"Retry-After": str(int(refused.retry_after) + 1)} if refused.retry_after else {}
        return _error(refused.status, str(refused), **headers)
    except web.HTTPException as error:
        return _error(error.status, error.reason)
    except sqlite3.Error as error:
        log.error("the database fails: %s", error)
        return _error(503, "The PINs are unavailable at the moment.")


def _error(status: int, message: str, **headers: str) -> web.Response:
    return answer({"message": message, "conference": False}, status, **headers)


async def delete_expired_regularly(store: PinStore, seconds: float) -> None:
    """Delete expired PINs every so many seconds, whether there are requests or not."""
    while True:
        await asyncio.sleep(seconds)
        try:
            store.delete_expired()
        except sqlite3.Error as error:
            log.error("expired PINs cannot be deleted: %s", error)


def notify_systemd(state: str) -> None:
    """Send a state such as READY=1 to systemd, if it has started this process."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            notify.sendall(state.encode())


async def _while_serving(store: PinStore, seconds: float, _app: web.Application) -> AsyncIterator[None]:
    sweeper = asyncio.create_task(delete_expired_regularly(store, seconds))
    yield
    sweeper.cancel()
    store.close()


def application(settings: Settings, store: PinStore) -> web.Application:
    """Return the application that serves the store and closes it at its end."""
    api = DialInApi(settings, store)
    app = web.Application(middlewares=[errors_as_json], client_max_size=1024)
    for name, handler in {"numbers": api.numbers, "pin": api.pin, "room": api.room}.items():
        app.router.add_get(f"/dial-in/{name}", handler)
    app.cleanup_ctx.append(functools.partial(_while_serving, store, settings.sweep_seconds))
    return app


async def serve(settings: Settings, store: PinStore) -> None:
    """Serve until a signal raises web.GracefulExit; systemd is notified once requests are accepted."""
    runner = web.AppRunner(
        application(settings, store),
        access_log=None,
        handle_signals=True,
        max_line_size=MAX_LINE,
        max_field_size=MAX_HEADER,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.port).start()
        notify_systemd("READY=1")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
