"""All servers of a directory: which one is asked, and what is remembered of those that failed."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

import ldap

from .. import User
from .accounts import check_password, check_typed, find, is_moderator, login_of
from .connection import Connection, tls_context
from .errors import LoginRefusedError, ServerError, UnavailableError, words
from .settings import Settings

log = logging.getLogger(__name__)


class Directory:
    """The servers of one customer; several threads ask it at the same time."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings. Raises OSError when the CA certificates cannot be read."""
        self.settings, self._context = settings, tls_context(settings.ca_file)
        self._resting: dict[str, float] = {}
        self._held: dict[str, float] = {}

    def login(self, login: str, password: str, deadline: float) -> User:
        """Return the user with that password. Raises LoginRefusedError, UnavailableError."""
        if not password or "\0" in password:
            raise LoginRefusedError("no password")  # a server takes an empty one for an anonymous bind and says yes
        check_typed(login)

        def steps(connection: Connection) -> User:
            account = find(connection, login)
            moderator = is_moderator(connection, account)
            check_password(connection, account, password)
            return User(account.name, moderator)

        return self._ask(steps, deadline)

    def look_up(self, name: str, deadline: float) -> User:
        """Return the user of that name as it is now. Raises LoginRefusedError, UnavailableError."""

        def steps(connection: Connection) -> User:
            account = find(connection, login_of(name), self.settings.current_filter)
            if account.name != name:
                raise LoginRefusedError("unknown account")
            return User(account.name, is_moderator(connection, account))

        return self._ask(steps, deadline)

    def connect(self, url: str, deadline: float) -> Connection:
        """Return a connection to one of the servers. Raises ServerError."""
        return Connection(url, self.settings, self._context, deadline)

    def _ask(self, steps: Callable[[Connection], User], deadline: float) -> User:
        """Return what the first server that can be asked says. Raises LoginRefusedError, UnavailableError."""
        whys = []
        for url in self._order():
            try:
                with self._noting_failures(url), self.connect(url, deadline) as connection:
                    connection.open()
                    return steps(connection)
            except ServerError as error:
                whys.append(f"{url}: {error}")
            if time.monotonic() >= deadline:
                break
        raise UnavailableError("; ".join(whys) or "every server refused the bind account a moment ago")

    def _order(self) -> list[str]:
        """Return the servers as they are configured, those that failed lately last.

        One that refused the bind account is left in peace, or that account would be locked before it is mended.
        """
        now = time.monotonic()
        servers = [url for url in self.settings.servers if self._held.get(url, 0) <= now]
        return sorted(servers, key=lambda url: max(self._resting.get(url, 0), now))

    @contextlib.contextmanager
    def _noting_failures(self, url: str) -> Iterator[None]:
        """Let a server that fails rest; log when it begins and when it ends to fail. Raises ServerError for both."""
        try:
            yield
        except LoginRefusedError:
            self._note_answer(url)
            raise
        except (ServerError, ldap.LDAPError) as error:
            failure = error if isinstance(error, ServerError) else ServerError(words(error), fix="")
            if failure.hold:
                self._held[url] = time.monotonic() + self.settings.rest
            if url not in self._resting:
                log.warning("unavailable: %s: %s", url, failure)
            self._resting[url] = time.monotonic() + self.settings.rest
            raise failure from error
        else:
            self._note_answer(url)

    def _note_answer(self, url: str) -> None:
        if self._resting.pop(url, 0):
            log.warning("%s is back", url)
