"""A running baresip, controlled over its socket (module ctrl_tcp)."""

import asyncio
import json
import re
import subprocess

from .baresip_config import CALLER, MEETING

Message = dict[str, str]


NOT_A_MESSAGE = (
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    ValueError,
    OSError,
    AttributeError,
    RecursionError,
)


class ProcessLostError(Exception):
    """The process, or the connection to it, has ended."""


def baresip_version() -> tuple[int, int]:
    """Return the installed version, major and minor. Raises OSError or RuntimeError where there is none."""
    shown = subprocess.run(["baresip", "-h"], capture_output=True, text=True, check=False)
    found = re.search(r"v(\d{1,4})\.(\d{1,4})", shown.stdout + shown.stderr)
    if not found:
        raise RuntimeError("baresip -h shows no version")
    return int(found[1]), int(found[2])


class Baresip:
    """The connection to a baresip that listens at a port of 127.0.0.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: tuple[int, int]) -> None:
        """Take an open connection; version is the installed one."""
        self._reader, self._writer, self._version = reader, writer, version

    async def read(self) -> Message:
        """Return the texts of the next message, JSON in a netstring. Raises ProcessLostError."""
        try:
            length = int((await self._reader.readuntil(b":"))[:-1])
            message = json.loads((await self._reader.readexactly(length + 1))[:-1])
            return {name: value if isinstance(value, str) else "" for name, value in message.items()}
        except NOT_A_MESSAGE as error:
            raise ProcessLostError from error

    def play(self, source: str) -> None:
        """Switch what the caller hears: an audio source of baresip such as aufile,FILE."""
        self._command("uafind", CALLER)
        self._command("ausrc", source)

    def dial(self, address: str) -> None:
        """Call an address with the account of the meeting."""
        self._command("uafind", MEETING)
        # In version 1.1 the account is named by its number.
        self._command("dial", f"{address} 1" if self._version >= (1, 1) else address)

    def hang_up(self, account: str, call: str) -> None:
        """End a call of an account, or its only one where call (an id) is empty."""
        self._command("uafind", account)
        if call:
            self._command("callfind", call)
        self._command("hangup")

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    def _command(self, command: str, parameters: str | None = None) -> None:
        message = {"command": command} | ({} if parameters is None else {"params": parameters})
        data = json.dumps(message).encode()
        self._writer.write(b"%d:%s," % (len(data), data))
