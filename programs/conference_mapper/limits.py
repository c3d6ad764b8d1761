"""Rate limits: new PINs, and wrong PINs per caller and in total. They are kept in memory only."""

import collections
import logging
import time

from .errors import RequestRefusedError
from .settings import Settings

MAX_CALLERS = 4096  # whose wrong PINs are remembered at the same time

log = logging.getLogger(__name__)


class RateLimit:
    """At most so many events within a window of seconds; remembers the times of the last events."""

    def __init__(self, events: int, seconds: float) -> None:
        """Allow that many events in that many seconds."""
        self._events, self._seconds = events, seconds
        self._times: collections.deque[float] = collections.deque(maxlen=events)

    def retry_after(self) -> float:
        """Return the seconds until one more event is allowed, 0 for now."""
        if len(self._times) < self._events:
            return 0
        return max(0, self._times[0] + self._seconds - time.monotonic())

    def record(self) -> None:
        """Count an event."""
        self._times.append(time.monotonic())

    def expired(self) -> bool:
        """Return whether the last event has left the window."""
        return not self._times or self._times[-1] < time.monotonic() - self._seconds


class WrongPins:
    """Counts wrong PINs, per caller (a hash; empty for a withheld number) and in total."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits from the settings."""
        self._settings = settings
        self._total = RateLimit(settings.guesses, settings.guesses_seconds)
        self._callers: collections.OrderedDict[str, RateLimit] = collections.OrderedDict()
        self._next_warning_at = 0.0

    def check(self, caller: str) -> None:
        """Raise RequestRefusedError (429) while the caller, or all callers, have no guess left."""
        wait = self._callers[caller].retry_after() if caller in self._callers else 0
        if wait:
            raise RequestRefusedError(429, "Too many wrong PINs from this caller.", wait)
        wait = self._total.retry_after()
        if wait:
            if time.monotonic() > self._next_warning_at:
                log.warning("too many wrong PINs: all callers are refused for %.0f seconds", wait)
                self._next_warning_at = time.monotonic() + wait
            raise RequestRefusedError(429, "Too many wrong PINs.", wait)

    def record(self, caller: str, could_hit: bool) -> None:
        """Count a wrong PIN; could_hit says whether its check digit was right, so that it was a guess."""
        if could_hit:
            self._total.record()
        if not caller:
            return
        limit = self._callers.pop(caller, None)
        limit = limit or RateLimit(self._settings.caller_guesses, self._settings.caller_seconds)
        limit.record()
        self._callers[caller] = limit  # last: the first is the caller whose last wrong PIN is the oldest
        while len(self._callers) > MAX_CALLERS or next(iter(self._callers.values())).expired():
            self._callers.popitem(last=False)
