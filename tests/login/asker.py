"""Asks a password back end of the login service: python3 asker.py KIND FILE, the socket as file descriptor 3.

Each connection carries one line of JSON: {"login", "password", "address"} for a login, {"current": NAME} for a look-up.
The answer has what the back end says (user, moderator; or reason), and what it logged meanwhile (said).
"""

import asyncio
import contextvars
import json
import logging
import socket
import sys
from pathlib import Path

from login.backends import User, create

SAID = contextvars.ContextVar("SAID", default=None)


class Recorder(logging.Handler):
    """Keeps what is logged for the question that it is logged for."""

    def emit(self, record):
        if (said := SAID.get()) is not None:
            said.append(record.getMessage())


async def answer(backend, question):
    said = []
    SAID.set(said)
    if "current" in question:
        result = await backend.current(question["current"])
    else:
        result = await backend.check(question["login"], question["password"], question["address"])
    if isinstance(result, User):
        return {"user": result.login, "moderator": result.moderator, "reason": "", "said": said}
    return {"user": "", "moderator": False, "reason": result.reason, "said": said}


async def main(kind, file):
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger().addHandler(Recorder())
    backend = create(kind, json.loads(Path(file).read_text()))

    async def connected(reader, writer):
        writer.write(json.dumps(await answer(backend, json.loads(await reader.readline()))).encode() + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(connected, sock=socket.socket(fileno=3))
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
