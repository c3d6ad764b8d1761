"""A connection to a server, always inside TLS, its certificate checked against ca_file and its name.

Nothing switches that off. TLS is Python's, for libldap's may wait for a silent server for ever; libldap itself only has
one end of a pair of sockets.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Self
from urllib.parse import urlsplit

import ldap

from .errors import ServerError, connection_error, refusal, words
from .settings import Settings

Entry = dict[str, list[bytes]]  # attribute -> its values

START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
START_TLS_AGREED = b"\x0a\x01\x00"  # the result's code is success


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Return what checks every server's certificate: these CAs, and its name. Raises OSError: no such file."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The same on every Debian: an authority below the root is enough, and old ones lack identifiers.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class Connection:
    """One connection to one server; every question ends before the deadline (of time.monotonic)."""

    def __init__(self, url: str, settings: Settings, context: ssl.SSLContext, deadline: float) -> None:
        """Connect. Raises ServerError."""
        self.settings, self.deadline = settings, deadline
        outside = self._connect(url, context)
        inside, theirs = socket.socketpair()
        threading.Thread(target=_relay, args=(outside, inside, settings.server_seconds), daemon=True).start()
        self._server = ldap.initialize("ldap://", fileno=theirs.detach())
        self._server.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
        self._server.set_option(ldap.OPT_REFERRALS, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ldap.LDAPError):
            self._server.unbind_ext()

    def bind(self, dn: str, password: str, *controls: object) -> list[Any]:
        """Log in; return the controls of the answer. Raises ldap.LDAPError."""
        return self._ask(self._server.simple_bind, dn, password, serverctrls=list(controls))[1]

    def search(
        self, base: str, scope: int, text: str, attributes: Iterable[str] = ("1.1",), limit: int = 0
    ) -> list[tuple[str, Entry]]:
        """Return DN and attributes of the entries that match. Raises ldap.LDAPError."""
        found = self._ask(self._server.search_ext, base, scope, text, list(attributes), sizelimit=limit)[0]
        return [(dn, entry) for dn, entry in found if dn]  # without a DN: a reference to another server

    def open(self) -> None:
        """Log in with the bind account. Raises ServerError."""
        account = self.settings.bind_dn
        try:
            self.bind(account, self.settings.password)
        except ldap.INVALID_CREDENTIALS as error:
            raise ServerError(
                f"the bind account is refused ({refusal(error)})",
                f"whether {account} is in order, and for its password (jitsi_directory_password)",
                hold=True,
            ) from error
        except (ldap.TIMEOUT, ldap.SERVER_DOWN) as error:
            message = f"it does not answer in time ({words(error)})"
            raise ServerError(message, "why the directory is slow", lasting=False) from error
        except ldap.LDAPError as error:
            message = f"the bind account cannot log in ({words(error)})"
            raise ServerError(message, f"whether {account} may bind there") from error

    def _ask(self, question: Callable[..., int], *arguments: Any, **options: Any) -> tuple[list[Any], list[Any]]:
        number = question(*arguments, **options)
        _kind, data, _number, controls = self._server.result3(number, timeout=self._time_left())
        return data, controls

    def _time_left(self) -> float:
        left = min(self.settings.server_seconds, self.deadline - time.monotonic())
        if left <= 0:
            raise ServerError("no time left", "why the directory is slow", lasting=False)
        return left

    def _connect(self, url: str, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Return a connection in TLS, at once or after StartTLS."""
        parts = urlsplit(url)
        port = parts.port or (636 if parts.scheme == "ldaps" else 389)
        plain = None
        try:
            plain = socket.create_connection((str(parts.hostname), port), timeout=self._time_left())
            if parts.scheme == "ldap":
                plain.sendall(START_TLS)
                # The rest of the answer is discarded: what came before TLS may be forged.
                if START_TLS_AGREED not in plain.recv(4096):
                    raise ServerError("StartTLS is refused", "for StartTLS there, or for an ldaps:// address")
            plain.settimeout(self._time_left())
            return context.wrap_socket(plain, server_hostname=parts.hostname)
        except BaseException as error:
            if plain:
                plain.close()
            if isinstance(error, OSError):
                raise connection_error(error, port) from error
            raise


def _relay(outside: ssl.SSLSocket, inside: socket.socket, patience: float) -> None:
    """Carry bytes between a server and libldap until one of them hangs up."""
    with contextlib.suppress(OSError), outside, inside:
        while True:
            ready = [outside] if outside.pending() else select.select([outside, inside], [], [])[0]
            if inside in ready:
                data = inside.recv(65536)
                if not data:
                    return
                outside.settimeout(patience)
                outside.sendall(data)
            if outside in ready:
                outside.setblocking(False)  # what came may be TLS' own business, or half a record
                with contextlib.suppress(ssl.SSLWantReadError):
                    data = outside.recv(65536)
                    if not data:
                        return
                    inside.sendall(data)
