"""The requests of a login: the address at the provider, the code for tokens, and what else is asked about a person."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp

from .. import ProviderError
from ..handshake import challenge
from ..http import Answer, Client
from ..jwt_checks import TokenError
from .discovery import Metadata
from .settings import Settings


def authorization_url(metadata: Metadata, settings: Settings, state: str, nonce: str, verifier: str) -> str:
    """Return the address at which a person logs in at the provider."""
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": settings.redirect_url,
        "scope": " ".join(settings.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    return with_query(metadata.authorization_endpoint, query)


def with_query(address: str, query: Mapping[str, str]) -> str:
    """Return an address with more in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


async def ask_for_tokens(client: Client, metadata: Metadata, settings: Settings, code: str, verifier: str) -> Answer:
    """Return the answer to a code. Raises ProviderError without one."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.redirect_url,
        "code_verifier": verifier,
    }
    if settings.client_secret and not metadata.secret_in_form:
        # RFC 6749, 2.3.1: both are encoded as in a form first.
        auth = aiohttp.BasicAuth(quote_plus(settings.client_id), quote_plus(settings.client_secret))
        return await client.post(metadata.token_endpoint, fields, auth=auth)
    fields["client_id"] = settings.client_id
    if settings.client_secret:
        fields["client_secret"] = settings.client_secret
    return await client.post(metadata.token_endpoint, fields)


def tokens_of(answer: Answer) -> tuple[str, str]:
    """Return ID token and access token of an answer. Raises TokenError for a refusal, ProviderError for a failure."""
    if 400 <= answer.status < 500:
        raise TokenError(f"the provider refuses the code ({error_code(answer)})")
    tokens = answer.json()
    id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(id_token, str):
        raise TokenError("the provider answers without an ID token")
    return id_token, access_token if isinstance(access_token, str) else ""


async def ask_about_person(client: Client, metadata: Metadata, access_token: str, subject: str) -> dict[str, Any]:
    """Return the claims that the provider has beside the ID token's; none when it offers none."""
    if not metadata.userinfo_endpoint or not access_token:
        return {}
    answer = await client.get(metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token}"})
    claims = answer.json()
    if claims.get("sub") != subject:
        raise ProviderError("the provider's userinfo is of another person than its ID token")
    return claims


def error_code(answer: Answer) -> str:
    """Return the code of a refusal, such as invalid_grant; the status when there is none."""
    try:
        code = Answer(answer.url, 200, answer.headers, answer.body).json().get("error")
    except ProviderError:
        code = None
    return known_code(code) or f"status {answer.status}"


def known_code(code: object) -> str:
    """Return an error code if it looks like one: nothing else of an answer is logged."""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,64}", code) else ""
