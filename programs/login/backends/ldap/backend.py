"""The LDAP back end as the login service calls it: blocking questions in threads, within their time."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .. import Refused, User
from .accounts import person_of
from .directory import Directory
from .errors import LoginRefusedError, UnavailableError
from .settings import Settings

log = logging.getLogger(__name__)


class LdapBackend:
    """A PasswordBackend. Look-ups of who is logged in have threads of their own: they keep no login waiting."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings. Raises OSError when the CA certificates cannot be read."""
        self._settings, self._directory = settings, Directory(settings)
        self._logins = ThreadPoolExecutor(settings.workers)
        self._look_ups = ThreadPoolExecutor(max(1, settings.workers // 4))

    def person(self, login: str) -> str:
        """Return one text for all spellings of a login."""
        return person_of(login, self._settings)

    async def check(self, login: str, password: str, address: str) -> User | Refused:
        """Check a password."""
        return await self._answer(self._logins, lambda deadline: self._directory.login(login, password, deadline))

    async def current(self, login: str) -> User | Refused:
        """Look for a user who is logged in, without a password."""
        return await self._answer(self._look_ups, lambda deadline: self._directory.look_up(login, deadline))

    async def close(self) -> None:
        """End without waiting for servers that hang."""
        for pool in (self._logins, self._look_ups):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, pool: ThreadPoolExecutor, question: Callable[[float], User]) -> User | Refused:
        job = pool.submit(question, time.monotonic() + self._settings.seconds)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self._settings.seconds)
        except LoginRefusedError as error:
            log.info("refused: %s", error)
            return Refused(error.reason)
        except UnavailableError as error:
            log.warning("unavailable: %s", error)
        except TimeoutError:
            log.warning("unavailable: no answer within %g s", self._settings.seconds)
        return Refused("unavailable")
