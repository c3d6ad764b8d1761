"""The keys a caller presses, until they are a PIN."""

import asyncio
from collections.abc import Callable

from .settings import Settings

PIN_LENGTH = 9
MAX_KEYS = 50  # of one attempt


class Digits:
    """Reads PINs from a queue of keys."""

    def __init__(self, settings: Settings) -> None:
        """Begin without a key pressed."""
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self._settings = settings
        self._last = ""  # the previous digit, unless another key was pressed since

    async def pin(self, begun: Callable[[], None]) -> str | None:
        """Return the next PIN, or None when no key is pressed; begun() is called at its first digit."""
        digits = before = ""
        for _ in range(MAX_KEYS):
            key = await self._next_key(self._settings.next_digit if digits else self._settings.first_digit)
            if key is None and not digits:
                return None
            key = "#" if key is None else key
            if not digits and key.isdigit():
                before = self._last
                begun()
            self._last = key if key.isdigit() else ""
            digits = digits + self._last if key != "*" else ""
            if digits and (key == "#" or len(digits) == PIN_LENGTH):
                return before + digits if len(digits) == PIN_LENGTH - 1 else digits
        return None

    async def _next_key(self, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                return await self.queue.get()
        except TimeoutError:
            return None
