"""Whatever providers and strangers send to the login service's back ends: it is refused, and nothing else happens."""

import asyncio
import json
import re

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from programs.login.backends import ProviderError, Target
from programs.login.backends.claims import claim, is_moderator, login_of
from programs.login.backends.handshake import Handshake
from programs.login.backends.http import Answer, RequestError
from programs.login.backends.jwt_checks import SharedSecret, TokenError, public_keys, verified_claims
from programs.login.backends.oidc.discovery import Metadata, document_errors
from programs.login.backends.oidc.exchange import error_code, tokens_of
from programs.login.backends.oidc.settings import Settings
from programs.login.backends.token import ForeignTokens
from programs.login.backends.token import Settings as TokenSettings

SECRET = "secret-of-the-issuer-with-32-letters"  # noqa: S105  # of the tests
OIDC = Settings("https://id.acme.test", "jitsi", "https://meet.acme.test/login/finish", "https://meet.acme.test/")
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def objects(*names: str):
    """JSON objects in which these names often are."""
    return some.dictionaries(some.sampled_from(names) | some.text(max_size=5), JSON, max_size=6)


def tokens(claims: dict) -> str:
    return jwt.encode(claims, SECRET, algorithm="HS256")


@given(some.text() | some.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_no_token(text):
    with pytest.raises(TokenError):
        asyncio.run(verified_claims(text, SharedSecret(SECRET), "issuer", "audience", 0))


@given(objects("exp", "iss", "aud", "sub", "nbf", "iat", "room", "context"))
@settings(deadline=None)
def test_any_claims_that_the_issuer_signed_are_refused_or_name_somebody(claims):
    backend = ForeignTokens(TokenSettings("issuer", "audience", "sub", "groups", secret=SECRET))
    try:
        token = tokens(claims)
    except (TypeError, ValueError):  # PyJWT does not even sign them
        return
    answer = asyncio.run(backend.finish({"jwt": token}, ""))
    if isinstance(answer, tuple):
        assert answer[0].login
    else:
        assert answer.reason == "provider"


@given(objects("a", "a.b", "b"), some.sampled_from(["a", "a.b", "a.b.c", "", "."]), some.text(max_size=3))
def test_any_claims_have_a_login_or_none(claims, path, wanted):
    claim(claims, path)
    assert isinstance(is_moderator(claims, path, wanted), bool)
    login = login_of(claims, path)
    assert login == "" or (login == login.lower() and len(login) <= 600 and "\n" not in login)


@given(some.text(), some.text(max_size=10))
def test_any_state_that_is_not_ours_leads_nowhere(state, browser):
    assert Handshake().target(state, browser) is None


@given(some.text(max_size=50), some.text(max_size=50), some.text(max_size=10, min_size=1))
def test_a_state_leads_back_to_its_target(room, fragment, browser):
    handshake, target = Handshake(), Target(room, fragment)
    state = handshake.state(target, browser)
    assert re.fullmatch(r"[\w.-]+", state, re.ASCII)
    assert handshake.target(state, browser) == target
    assert handshake.target(state, f"{browser}x") is None
    assert Handshake().target(state, browser) is None, "another process has another secret"


@given(objects("keys", "kty", "kid", "use", "n", "e", "crv", "x", "alg"))
def test_any_document_is_a_set_of_keys_or_none(document):
    for each in (document, {"keys": [document]}, {"keys": document}):
        with pytest.raises(RequestError):
            public_keys(each, "https://id.acme.test/keys")


@given(
    objects(
        *(
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "end_session_endpoint",
        ),
        *("response_types_supported", "code_challenge_methods_supported", "token_endpoint_auth_methods_supported"),
    )
)
@example({"issuer": "x" * 10_000})
@example({"token_endpoint_auth_methods_supported": 1})
def test_any_discovery_document_has_errors_in_sentences(document):
    errors = list(document_errors(document, OIDC))
    assert errors
    assert all(len(error) < 400 and error.isprintable() for error in errors)
    Metadata.of(document)


@given(some.integers(200, 599), some.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_answer_to_a_code_is_tokens_or_refused(status, body):
    answer = Answer("https://id.acme.test/token", status, {}, body)
    assert re.fullmatch(r"[a-z_]+|status \d+", error_code(answer))
    with pytest.raises((TokenError, ProviderError)):
        tokens_of(answer)


@given(some.text(max_size=40))
@example("Mon, 30 Nov 2026 00:00:00 -0000")
def test_any_date_is_a_clock_or_none(date):
    assert isinstance(Answer("", 200, {"Date": date}, b"").clock_skew(), float | int)
