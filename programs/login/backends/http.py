"""Requests to an identity provider: HTTPS, the certificate checked, within a time, and errors as sentences."""

import asyncio
import datetime
import email.utils
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from . import ProviderError
from .findings import ASK, ERROR, UNREACHABLE, Finding

LONGEST_ANSWER = 1024 * 1024  # bytes


class RequestError(ProviderError):
    """A request to a provider that failed.

    fix is what to ask its administrator. lasting is false for what may be different tomorrow or from elsewhere; status
    is that of the answer, 0 without one.
    """

    def __init__(self, message: str, fix: str, lasting: bool = True, status: int = 0) -> None:
        super().__init__(message)
        self.fix, self.lasting, self.status = fix, lasting, status


def finding_of(error: RequestError) -> Finding:
    """Return what the preflight says of a request that failed."""
    return Finding(ERROR if error.lasting else UNREACHABLE, f"{error}: {ASK} {error.fix}.")


class Answer:
    """What a provider answered."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.url, self.status, self.headers, self.body = url, status, headers, body

    def json(self) -> dict[str, Any]:
        """Return the JSON object of an answer. Raises RequestError for another status and for no object."""
        if self.status != 200:
            raise RequestError(
                f"{self.url} answers with status {self.status}", "for its right address", status=self.status
            )
        try:
            answer = json.loads(self.body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise RequestError(f"{self.url} answers with something that is no JSON object", "for its right address")
        return answer

    def clock_skew(self) -> float:
        """Return how many seconds the provider's clock is ahead of ours; 0 if it does not say."""
        try:
            theirs = email.utils.parsedate_to_datetime(self.headers.get("Date", ""))
        except ValueError:
            return 0
        # Without a time zone it is UTC, as every date of HTTP.
        return (theirs.replace(tzinfo=datetime.UTC) - datetime.datetime.now(datetime.UTC)).total_seconds()


class Client:
    """Makes requests; follows no redirects and keeps no cookies."""

    def __init__(self, ca_file: str, seconds: float) -> None:
        """Trust these CAs (the system's if empty). Raises OSError when they cannot be read."""
        self._context = ssl.create_default_context(cafile=ca_file or None)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, **options: Any) -> Answer:
        """Return the answer to a GET. Raises RequestError when there is none."""
        return await self._request("GET", url, **options)

    async def post(self, url: str, fields: Mapping[str, str], **options: Any) -> Answer:
        """Return the answer to a form. Raises RequestError when there is none."""
        return await self._request("POST", url, data=dict(fields), **options)

    async def close(self) -> None:
        """Close connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _request(self, method: str, url: str, **options: Any) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                connector=aiohttp.TCPConnector(ssl=self._context),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            async with self._session.request(method, url, allow_redirects=False, **options) as response:
                body = await response.content.read(LONGEST_ANSWER)
                return Answer(url, response.status, response.headers, body)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _request_error(url, error, self._seconds) from error


def _request_error(url: str, error: Exception, seconds: float) -> RequestError:
    """Return the sentence for a request without an answer."""
    if isinstance(error, asyncio.TimeoutError):
        return RequestError(f"{url} does not answer within {seconds:g} s", "why it is slow", lasting=False)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
        words = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)
        return RequestError(
            f"the certificate of {url} is not trusted ({words})",
            "for the CA certificate that issued it (jitsi_directory.ca_file), and which names and dates are in it",
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        words = error.os_error.strerror
        return RequestError(f"TLS with {url} fails ({words})", "which versions of TLS it speaks there")
    cause = getattr(error, "os_error", error)
    if isinstance(cause, socket.gaierror):
        return RequestError(f"the name in {url} has no address", "for its right name", lasting=False)
    reason = getattr(cause, "strerror", None) or type(cause).__name__
    fix = "whether it is up and lets this machine in"
    return RequestError(f"{url} does not answer ({reason})", fix, lasting=False)
