"""Who somebody is: by a password, or by the cookie of a session."""

import asyncio
import dataclasses
import logging
import time

from .backends import PasswordBackend, RedirectBackend, Refused, User
from .guesses import Guesses, TooManyGuessesError, TooManyLoginsError, Turns, visitor_of
from .sessions import Session, Sessions, key_of
from .settings import Settings

LONGEST_LOGIN = 256
# A back end that refuses for these reasons has not judged the password, or has found it right.
NO_GUESSES = ("unavailable", "expired", "change", "disabled")

log = logging.getLogger(__name__)


class People:
    """Asks back end and sessions, and limits guesses."""

    def __init__(self, settings: Settings, sessions: Sessions, backend: PasswordBackend | RedirectBackend) -> None:
        """Ask this back end."""
        self._settings, self._sessions, self._backend = settings, sessions, backend
        self._guesses, self._turns = Guesses(settings), Turns(settings)

    async def session(self, cookie: str) -> Session | None:
        """Return the session of a cookie. The back end is asked from time to time whether the person is still there."""
        if not cookie:
            return None
        return await self._checked(key_of(cookie), self._settings.check_seconds, self._settings.check_wait)

    async def current(self, keys: list[str], *, fresh: bool) -> dict[str, bool]:
        """Return the sessions of these keys that are still good, and whether each is a moderator's.

        fresh asks the back end of everybody, however lately it was asked.
        """
        age = 0 if fresh else self._settings.check_seconds
        checks = (self._checked(key, age, self._settings.login_seconds) for key in keys)
        return {session.key: session.user.moderator for session in await asyncio.gather(*checks) if session}

    async def _checked(self, key: str, age: float, wait: float) -> Session | None:
        session = self._sessions.find(key)
        if session is None or isinstance(self._backend, RedirectBackend):
            return session
        if time.time() - session.checked < age:
            return session
        now = await self._current(session.user, wait)
        if now is None:
            self._sessions.end(session.key)
            return None
        self._sessions.note_check(session.key, moderator=now.moderator)
        return dataclasses.replace(session, user=now)

    async def check(self, login: str, password: str, address: str) -> User | Refused:
        """Check a password. Nobody waits for longer than login_seconds."""
        if not login.strip() or len(login) > LONGEST_LOGIN or not login.isprintable() or not password.strip("\0"):
            return Refused("wrong")
        try:
            async with asyncio.timeout(self._settings.login_seconds):
                answer = await self._check_in_turn(login.strip(), password, address)
        except TooManyGuessesError:
            answer = Refused("guesses")
        except TooManyLoginsError:
            answer = Refused("busy")
        except TimeoutError:
            answer = Refused("unavailable")
        if isinstance(answer, Refused):
            log.info("login refused: %s", answer.reason)
        return answer

    async def _check_in_turn(self, login: str, password: str, address: str) -> User | Refused:
        assert not isinstance(self._backend, RedirectBackend)
        person, visitor = self._backend.person(login), visitor_of(address)
        async with self._turns.turn(visitor), self._guesses.attempt(person, visitor) as attempt:
            answer = await self._backend.check(login, password, address)
            if not isinstance(answer, Refused):
                attempt.right = True
            elif answer.reason not in NO_GUESSES:
                attempt.right = False
            return answer

    async def _current(self, user: User, wait: float) -> User | None:
        """Return what the back end says of a person now; as before while it cannot be asked."""
        assert not isinstance(self._backend, RedirectBackend)
        try:
            async with asyncio.timeout(wait):
                now = await self._backend.current(user.login)
        except TimeoutError:
            return user
        if isinstance(now, Refused):
            return user if now.reason == "unavailable" else None
        return now if now.stamp == user.stamp else None
