"""The preflight: asks every server what a login needs, and says what is wrong, a sentence for each error."""

import time
from collections.abc import Iterator, Mapping

import ldap

from ..findings import ERROR, OK, UNREACHABLE, Finding
from .connection import Connection
from .directory import Directory
from .errors import LoginRefusedError, ServerError, UnavailableError, words
from .settings import Settings

ASK = "ask the directory's administrator"


def findings(settings: Settings, test_login: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield what is found at each server, then what the test login (user, password) meets. Raises OSError: ca_file."""
    directory, answers = Directory(settings), False
    for url in settings.servers:
        try:
            with directory.connect(url, time.monotonic() + 4 * settings.server_seconds) as connection:
                connection.open()
                answers = True
                yield Finding(OK, f"{url} answers inside TLS, its certificate is good, the bind account may log in")
                for error in _entry_errors(connection):
                    yield Finding(ERROR, f"{url}: {error}")
        except ServerError as error:
            yield Finding(ERROR if error.lasting else UNREACHABLE, f"{url}: {error}: {ASK} {error.fix}.")
        except ldap.LDAPError as error:
            yield Finding(ERROR, f"{url}: {words(error)}: {ASK} what this means.")
    if test_login and answers:
        yield _try_login(directory, test_login["user"], test_login["password"])


def _try_login(directory: Directory, login: str, password: str) -> Finding:
    try:
        user = directory.login(login, password, time.monotonic() + directory.settings.seconds)
    except (LoginRefusedError, UnavailableError) as error:
        return Finding(
            ERROR,
            f"the test login {login} is refused ({error}): {ASK} whether the account is in order, and for its password "
            "(jitsi_directory_test_password).",
        )
    role = "a moderator of the group" if user.moderator else "not in the moderators' group"
    return Finding(
        OK, f"{login} logs in as {user.login}, {role if directory.settings.moderators_group else 'no group'}"
    )


def _entry_errors(connection: Connection) -> Iterator[str]:
    """Yield what is wrong with what is searched for, a sentence each."""
    settings = connection.settings
    everybody = f"(&({settings.login_attribute}=*){settings.user_filter})"
    try:
        found = connection.search(settings.base, ldap.SCOPE_SUBTREE, everybody, limit=1)
    except ldap.SIZELIMIT_EXCEEDED:
        found = [("", {})]  # and more
    except ldap.NO_SUCH_OBJECT:
        yield (
            f"{settings.base} is not there or the bind account may not read it: {ASK} where the people are "
            "(jitsi_directory.base)."
        )
        return
    except ldap.FILTER_ERROR:
        yield f"{everybody} is no filter: correct jitsi_directory.user_filter."
        return
    if not found:
        yield (
            f"nobody below {settings.base} matches {everybody}: {ASK} what people log in with "
            "(jitsi_directory.login_attribute, user_filter) and whether the bind account may read it."
        )
    if settings.moderators_group and not _is_there(connection, settings.moderators_group):
        yield (
            f"{settings.moderators_group} is not there or the bind account may not read it: {ASK} for the DN of the "
            "moderators' group (jitsi_directory.moderators_group)."
        )


def _is_there(connection: Connection, group: str) -> bool:
    try:
        return bool(connection.search(group, ldap.SCOPE_BASE, "(objectClass=*)"))
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS, ldap.INVALID_DN_SYNTAX):
        return False
