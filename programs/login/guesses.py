"""Limits of guessing, and turns: whose password is checked, and when. Everything is kept in memory only."""

import asyncio
import collections
import contextlib
import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import AsyncIterator

from .settings import Settings

Budget = tuple[str, str]  # the person, and the visitor if he has logged in as that person before


class TooManyGuessesError(Exception):
    """No more passwords of this person are checked for a while."""


class TooManyLoginsError(Exception):
    """Too many logins wait for their turn."""


def visitor_of(address: str) -> str:
    """Return whom an address belongs to: an IPv4 address, or a /64 of IPv6; empty for no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and not ip.ipv4_mapped:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(getattr(ip, "ipv4_mapped", None) or ip)


class Attempt:
    """One check of a password; who checks says how it ended."""

    right: bool | None = None  # None: nobody could be asked, which is no guess


class Guesses:
    """Counts wrong passwords of each person: those of visitors known to that person apart from those of strangers."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits from the settings."""
        self._settings = settings
        self._salt = secrets.token_bytes(16)
        self._wrong: dict[Budget, list[float]] = {}
        self._checked: collections.Counter[Budget] = collections.Counter()
        self._known: collections.OrderedDict[bytes, float] = collections.OrderedDict()
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def attempt(self, person: str, visitor: str) -> AsyncIterator[Attempt]:
        """Surround a check. Raises TooManyGuessesError; passwords that are being checked count until they are."""
        mark = hmac.digest(self._salt, f"{person}\n{visitor}".encode(), hashlib.sha256)
        known = bool(visitor) and self._known.get(mark, 0) > time.monotonic()
        budget = (person, visitor if known else "")
        limit = self._settings.known_guesses if known else self._settings.guesses
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_decided(budget, limit))
            if len(self._recent(budget)) >= limit:
                raise TooManyGuessesError
            self._checked[budget] += 1
        attempt = Attempt()
        try:
            yield attempt
        finally:
            self._checked -= collections.Counter([budget])
            if attempt.right:
                self._wrong.pop(budget, None)
                self._remember(mark, visitor)
            elif attempt.right is False:
                self._record(budget)
            async with self._changed:
                self._changed.notify_all()

    def _is_decided(self, budget: Budget, limit: int) -> bool:
        """Return whether it is certain if one more may be checked, however those end that are being checked."""
        wrong = len(self._recent(budget))
        return wrong >= limit or wrong + self._checked[budget] < limit

    def _recent(self, budget: Budget) -> list[float]:
        oldest = time.monotonic() - self._settings.guesses_seconds
        return [at for at in self._wrong.get(budget, []) if at > oldest]

    def _record(self, budget: Budget) -> None:
        for each in [each for each in self._wrong if not self._recent(each)]:
            del self._wrong[each]
        self._wrong[budget] = [*self._recent(budget), time.monotonic()]

    def _remember(self, mark: bytes, visitor: str) -> None:
        """Note that the visitor is known; of too many those go that came back least lately."""
        if visitor:
            self._known.pop(mark, None)
            self._known[mark] = time.monotonic() + self._settings.known_seconds
            if len(self._known) > self._settings.known:
                self._known.popitem(last=False)


class Turns:
    """Who is next: each visitor in turn, and none has all the workers."""

    def __init__(self, settings: Settings) -> None:
        """Take the number of workers, and of logins that may wait, from the settings."""
        self._free, self._waiting = settings.workers, settings.waiting
        self._share = max(1, settings.workers * 3 // 4)
        self._running: collections.Counter[str] = collections.Counter()
        self._queues: dict[str, collections.deque[asyncio.Future[None]]] = {}  # first the one whose turn it is

    @contextlib.asynccontextmanager
    async def turn(self, visitor: str) -> AsyncIterator[None]:
        """Wait for the visitor's turn. Raises TooManyLoginsError: of too many, the longest queue's last is refused."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(visitor, collections.deque()).append(mine)
        self._advance()
        self._shorten()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._over(visitor)
            raise
        finally:
            self._drop(visitor, mine)
        try:
            yield
        finally:
            self._over(visitor)

    def _shorten(self) -> None:
        if sum(map(len, self._queues.values())) > self._waiting:
            longest = max(self._queues, key=lambda each: len(self._queues[each]))
            last = self._queues[longest][-1]
            self._drop(longest, last)
            last.set_exception(TooManyLoginsError())

    def _drop(self, visitor: str, waiter: asyncio.Future[None]) -> None:
        queue = self._queues.get(visitor, collections.deque())
        with contextlib.suppress(ValueError):
            queue.remove(waiter)
        if not queue:
            self._queues.pop(visitor, None)

    def _advance(self) -> None:
        while self._free:
            visitor = next((each for each in self._queues if self._running[each] < self._share), None)
            if visitor is None:
                return
            queue = self._queues.pop(visitor)
            waiter = queue.popleft()
            if queue:
                self._queues[visitor] = queue  # behind everybody else
            if waiter.done():  # cancelled
                continue
            self._free -= 1
            self._running[visitor] += 1
            waiter.set_result(None)

    def _over(self, visitor: str) -> None:
        self._free += 1
        self._running -= collections.Counter([visitor])
        self._advance()
