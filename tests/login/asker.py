"""Asks a back end of the login service: python3 asker.py KIND FILE, the socket as file descriptor 3.

Each connection carries one line of JSON: {"login", "password", "address"} for a login, {"current": NAME} for a look-up;
at a provider {"start": ROOM, "browser"}, {"finish": FIELDS, "browser"} and {"logout": TEXT}. The answer has what the
back end says (user, moderator; or reason), and what it logged meanwhile (said).
"""

import asyncio
import contextvars
import json
import logging
import socket
import sys
from pathlib import Path

from login.backends import ProviderError, Target, User, create

SAID = contextvars.ContextVar("SAID", default=None)


class Recorder(logging.Handler):
    """Keeps what is logged for the question that it is logged for."""

    def emit(self, record):
        if (said := SAID.get()) is not None:
            said.append(record.getMessage())


async def asked(backend, question):
    """What the back end says: a user and the target, an address, or a refusal."""
    if "start" in question:
        try:
            return await backend.start(Target(question["start"]), question["browser"])
        except ProviderError as error:
            return f"unavailable: {error}"
    if "finish" in question:
        return await backend.finish(question["finish"], question["browser"])
    if "logout" in question:
        return await backend.logout(User("anna", logout=question["logout"]))
    if "current" in question:
        return await backend.current(question["current"])
    return await backend.check(question["login"], question["password"], question["address"])


async def answer(backend, question):
    said = []
    SAID.set(said)
    result, target = await asked(backend, question), Target()
    if isinstance(result, tuple):
        result, target = result
    told = {"user": "", "moderator": False, "reason": "", "room": target.room, "said": said}
    if isinstance(result, User):
        told |= {"user": result.login, "moderator": result.moderator, "only": result.room, "logout": result.logout}
    elif isinstance(result, str):
        told["address"] = result
    else:
        told["reason"] = result.reason
    return told


async def main(kind, file):
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger().addHandler(Recorder())
    backend = create(kind, json.loads(Path(file).read_text()))

    async def connected(reader, writer):
        writer.write(json.dumps(await answer(backend, json.loads(await reader.readline()))).encode() + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(connected, sock=socket.socket(fileno=3), limit=1_000_000, backlog=1024)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
