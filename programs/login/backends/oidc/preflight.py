"""The preflight of an OpenID provider: what a login needs, asked without a person; a sentence for each error."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ..findings import ASK, ERROR, OK, Finding
from ..http import Answer, Client, RequestError, finding_of
from ..jwt_checks import public_keys
from .discovery import Metadata, document_errors
from .exchange import ask_for_tokens, authorization_url, error_code, known_code
from .settings import Settings

CLIENT = "client {0.client_id} (jitsi_directory.client_id)"


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is found. Raises OSError when the CA certificates cannot be read."""

    async def ask() -> list[Finding]:
        client = Client(settings.ca_file, settings.seconds)
        try:
            return [finding async for finding in _findings(settings, client)]
        finally:
            await client.close()

    yield from asyncio.run(ask())


async def _findings(settings: Settings, client: Client) -> AsyncIterator[Finding]:
    try:
        answer = await client.get(settings.discovery_url)
        document = answer.json()
    except RequestError as error:
        yield _discovery_finding(error, settings)
        return
    skew = answer.clock_skew()
    if abs(skew) > settings.leeway:
        yield Finding(
            ERROR, f"the provider's clock and this machine's differ by {abs(skew):.0f} s: correct the wrong one."
        )
    errors = list(document_errors(document, settings))
    for each in errors:
        yield Finding(ERROR, f"{each}: {ASK} for what belongs there.")
    if errors:
        return
    yield Finding(OK, f"{settings.discovery_url} says what a login needs")
    for step in (_keys_finding, _client_finding, _secret_finding, _claims_finding):
        try:
            yield await step(settings, client, document)
        except RequestError as error:
            yield finding_of(error)


def _discovery_finding(error: RequestError, settings: Settings) -> Finding:
    if error.status:
        return Finding(
            ERROR,
            f"{settings.discovery_url} is not there (status {error.status}): {ASK} for the issuer "
            "(jitsi_directory.issuer).",
        )
    return finding_of(error)


async def _keys_finding(settings: Settings, client: Client, document: Mapping[str, Any]) -> Finding:
    address = Metadata.of(document).jwks_uri
    keys = public_keys((await client.get(address)).json(), address)
    return Finding(OK, f"{address} has {len(keys)} public keys for signatures")


async def _client_finding(settings: Settings, client: Client, document: Mapping[str, Any]) -> Finding:
    """Ask for the page to log in, as a browser would."""
    texts = [secrets.token_urlsafe(32) for _ in range(3)]
    answer = await client.get(authorization_url(Metadata.of(document), settings, *texts))
    code = _code_in_redirect(answer, settings)
    name = CLIENT.format(settings)
    if code:
        return Finding(ERROR, f"the provider refuses logins of {name}: {code}: {ASK} to allow them.")
    if answer.status >= 400:
        return Finding(
            ERROR,
            f"the provider refuses {name} or its redirect address (status {answer.status}): {ASK} to register the "
            f"client with the redirect address {settings.redirect_url}.",
        )
    return Finding(OK, f"the provider shows its page to log in to {name} with redirect address {settings.redirect_url}")


def _code_in_redirect(answer: Answer, settings: Settings) -> str:
    """Return the error with which the provider sends a browser back to us at once."""
    location = answer.headers.get("Location", "")
    if not location.startswith(settings.redirect_url):
        return ""
    parts = urlsplit(location)
    code = parse_qs(parts.query or parts.fragment).get("error", [""])[0]
    return known_code(code) or "without an error code"


async def _secret_finding(settings: Settings, client: Client, document: Mapping[str, Any]) -> Finding:
    """Ask for tokens with a code that is none: who is refused for the code alone has the right secret."""
    texts = [secrets.token_urlsafe(32) for _ in range(2)]
    answer = await ask_for_tokens(client, Metadata.of(document), settings, *texts)
    code, name = error_code(answer), CLIENT.format(settings)
    if code in ("invalid_client", "unauthorized_client") or answer.status == 401:
        return Finding(ERROR, f"the provider refuses {name} without looking at the code ({code}): {_fix(settings)}.")
    if code != "invalid_grant":
        return Finding(ERROR, f"the provider answers a wrong code of {name} with {code}: {ASK} what this means.")
    return Finding(
        OK, f"the provider knows {name} by its secret" if settings.client_secret else f"{name} needs no secret"
    )


def _fix(settings: Settings) -> str:
    if not settings.client_secret:
        return f"{ASK} whether it is a public client, or for its secret (jitsi_oidc_client_secret)"
    if re.fullmatch(r"[\w.~-]*", settings.client_id + settings.client_secret, re.ASCII):
        return f"{ASK} for its secret (jitsi_oidc_client_secret)"
    # Some do not decode what RFC 6749 has clients encode.
    return (
        f"{ASK} for its secret (jitsi_oidc_client_secret); one of letters and digits alone is understood by every "
        "provider"
    )


async def _claims_finding(settings: Settings, client: Client, document: Mapping[str, Any]) -> Finding:
    """Many providers list fewer claims and scopes than they know: only a login shows whether a claim is there."""
    claims = [path.partition(".")[0] for path in (settings.login_claim, settings.moderator_claim) if path]
    wanted = {"claim": ("claims_supported", claims), "scope": ("scopes_supported", settings.scopes)}
    missing = [
        f"{kind} {name}"
        for kind, (list_name, names) in wanted.items()
        for name in names
        if isinstance(known := document.get(list_name), list) and name not in known
    ]
    if missing:
        return Finding(
            OK,
            f"the provider does not list {', '.join(missing)}; if logins fail or nobody becomes a moderator, {ASK} "
            "to send the claim to this client, and for the scope that has it (jitsi_directory.scopes).",
        )
    return Finding(OK, f"the claims that count are {', '.join(claims)}")
