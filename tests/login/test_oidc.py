"""Logins at an OpenID provider that does everything right, and then one thing wrong."""

import contextlib
import subprocess
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from asking import ASKER, NEWEST, PYTHON, ROOT, Asker, preflight
from cryptography.hazmat.primitives.asymmetric import rsa
from directories import DAY
from openid import ANNA, DISCOVERY, HOME, REDIRECT, SECRET, Provider

BROWSER = "cookie-of-this-browser"
REFUSED = "a login at the provider is refused: "


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    subprocess.run([ROOT / "scripts/need", "python3-jwt", "python3-aiohttp"], check=True)
    provider = Provider(tmp_path_factory.mktemp("provider"))
    with contextlib.closing(provider.documents):
        yield provider


@pytest.fixture
def provider(made):
    yield made
    made.reset()


@pytest.fixture
def serve(provider, tmp_path):
    """serve(**changes): a service with settings that differ."""
    with contextlib.ExitStack() as stack:

        def start(python=PYTHON, **changes):
            folder = tmp_path / str(time.monotonic_ns())
            asker = Asker(python, "oidc", provider.settings(**changes), folder, str(folder), str(ASKER))
            stack.callback(asker.stop)
            return asker

        yield start


@pytest.fixture(scope="module", params=[PYTHON, NEWEST], ids=["Debian's packages", "newest packages"])
def service(request, made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("service") / "asker"
    asker = Asker(request.param, "oidc", made.settings(renewal_seconds=0), folder, str(folder), str(ASKER))
    yield asker
    asker.stop()


def log_in(service, provider, **fields) -> dict:
    """The whole way of a person in one browser."""
    address = service.ask(start="daily", browser=BROWSER)["address"]
    return service.finish(BROWSER, **(provider.visit(address) | fields))


def refused(answer: dict, why: str, reason="provider") -> None:
    assert (answer["user"], answer["moderator"], answer["reason"]) == ("", False, reason)
    if why:
        assert answer["said"] == [why], answer["said"]


def test_a_login_leads_to_the_room(service, provider):
    answer = log_in(service, provider)
    assert answer["reason"] == "", answer["said"]
    assert (answer["user"], answer["moderator"], answer["room"], answer["only"]) == ("anna", True, "daily", "")
    assert provider.asked["scope"] == "openid profile"


def test_a_client_without_a_secret(serve, provider):
    provider.public = True
    assert log_in(serve(client_secret=""), provider)["user"] == "anna"


def test_who_lacks_the_value_is_no_moderator(service, provider):
    provider.changes = {"groups": ["staf"]}
    assert log_in(service, provider)["moderator"] is False


def test_any_claim_may_make_moderators(serve, provider):
    provider.changes = {"https://acme.test/roles": {"video": True}, "realm_access": {"roles": ["host"]}}
    assert log_in(serve(moderator_claim="realm_access.roles", moderator_value="host"), provider)["moderator"] is True
    assert log_in(serve(moderator_claim="realm_access", moderator_value="host"), provider)["moderator"] is False
    assert log_in(serve(moderator_claim="", moderator_value="host"), provider)["moderator"] is False


def test_claims_that_the_id_token_lacks_are_asked_for(service, provider):
    provider.changes = {"groups": None, "preferred_username": None}
    provider.info = ANNA
    answer = log_in(service, provider)
    assert (answer["user"], answer["moderator"]) == ("anna", True)
    provider.info = ANNA | {"sub": "4712"}
    refused(log_in(service, provider), "", "unavailable")
    provider.info = {"sub": "4711", "preferred_username": "anna"}
    answer = log_in(service, provider)
    assert (answer["user"], answer["moderator"]) == ("anna", False)
    assert answer["said"] == ["claim groups is missing: who logs in is no moderator"]


def test_logout_leads_to_the_provider_and_back(service, provider):
    token = log_in(service, provider)["logout"]
    address = service.ask(logout=token)["address"]
    assert address.startswith(f"{provider.url}/end?realm=acme&")
    query = parse_qs(urlsplit(address).query)
    assert query["id_token_hint"] == [token]
    assert query["post_logout_redirect_uri"] == [HOME]


def test_a_provider_without_logout(serve, provider):
    provider.documents.put(DISCOVERY, provider.discovery(end_session_endpoint=None))
    assert serve().ask(logout="token")["address"] == ""


def test_a_key_that_is_new(service, provider):
    assert log_in(service, provider)["user"] == "anna"
    provider.issuer.turn()
    provider.documents.put("/jwks", provider.issuer.public())
    assert log_in(service, provider)["user"] == "anna"


def test_an_answer_belongs_to_one_browser(service, provider):
    """Nobody can be logged in with somebody else's answer, nor with one that was not asked for."""
    fields = provider.visit(service.ask(start="daily", browser=BROWSER)["address"])
    for browser in ("another", "", BROWSER.upper()):
        refused(service.finish(browser, **fields), "", "stale")
    for state in ("", ".", "e30.e30", fields["state"][:-1], f"x{fields['state']}", "ä.ö"):
        refused(service.finish(BROWSER, **fields | {"state": state}), "", "stale")


def test_a_code_of_another_login_is_worth_nothing(service, provider):
    """The verifier and the nonce are this browser's."""
    provider.visit(service.ask(start="daily", browser="victim")["address"])
    stolen = provider.asked
    fields = provider.visit(service.ask(start="daily", browser=BROWSER)["address"])
    provider.asked = stolen
    refused(
        service.finish(BROWSER, **fields),
        REFUSED + "the provider refuses the code (invalid_grant)",
    )


# What each alone spoils a login, and what the log says then.
SPOILT = {
    "expired": ({"exp": 1}, "it has expired; or this machine's clock is fast"),
    "not valid yet": ({"nbf": 99999999999}, "it is not valid yet; or this machine's clock is slow"),
    "another issuer": ({"iss": "https://id.other.test"}, "it is of another issuer"),
    "another audience": ({"aud": "other"}, "it is for another audience"),
    "no audience": ({"aud": None}, "claim aud is missing"),
    "no subject": ({"sub": None}, "claim sub is missing"),
    "no end": ({"exp": None}, "claim exp is missing"),
    "no nonce": ({"nonce": None}, "the ID token is of another login (nonce)"),
    "another nonce": ({"nonce": "other"}, "the ID token is of another login (nonce)"),
    "another client": ({"aud": ["jitsi meet", "other"], "azp": "other"}, "the ID token is for another client (azp)"),
    "nobody": ({"preferred_username": ""}, "claim preferred_username is missing or names nobody"),
    "a name that is a list": ({"preferred_username": ["a"]}, "claim preferred_username is missing or names nobody"),
}


@pytest.mark.parametrize(("claims", "why"), SPOILT.values(), ids=SPOILT)
def test_an_id_token_with_a_wrong_claim_is_refused(service, provider, claims, why):
    provider.changes = claims
    refused(log_in(service, provider), REFUSED + why)


def test_a_clock_may_differ_by_a_minute(service, provider):
    provider.changes = {"exp": int(time.time()) - 30, "iat": int(time.time()) + 30}
    assert log_in(service, provider)["user"] == "anna"


def test_an_id_token_that_the_provider_did_not_sign_is_refused(service, provider):
    provider.header = {"alg": "none"}
    algorithm = REFUSED + "it is not signed with an algorithm that counts here"
    refused(log_in(service, provider), algorithm)
    provider.header, provider.key = {"alg": "HS256"}, SECRET.encode()
    refused(log_in(service, provider), algorithm)
    provider.key = provider.issuer.pem()
    refused(log_in(service, provider), algorithm)
    provider.header, provider.key = {}, rsa.generate_private_key(65537, 2048)
    refused(log_in(service, provider), REFUSED + "its signature is wrong")
    provider.header = {"kid": "key-99"}
    refused(
        log_in(service, provider),
        REFUSED + "it is signed with a key that the issuer does not publish",
    )


def test_what_the_provider_refuses(service, provider):
    refused(
        log_in(service, provider, error="access_denied"),
        REFUSED + "the provider says access_denied",
    )
    refused(
        log_in(service, provider, error="Anna <b>"),
        REFUSED + "the provider says something that is no error code",
    )
    refused(
        log_in(service, provider, iss="https://evil.test"),
        REFUSED + "the answer is of another issuer",
    )
    refused(
        log_in(service, provider, code="made-up"),
        REFUSED + "the provider refuses the code (invalid_grant)",
    )
    provider.documents.put("/token", {"access_token": "access"})
    refused(log_in(service, provider), REFUSED + "the provider answers without an ID token")


@pytest.mark.parametrize(("path", "where"), [(DISCOVERY, "start"), ("/token", "finish"), ("/jwks", "finish")])
def test_a_provider_that_is_unavailable(serve, provider, path, where):
    """Logins fail with words; when it is back all is well without a restart."""
    service = serve(renewal_seconds=0)
    before, provider.documents.documents[path] = provider.documents.documents[path], (503, {}, "later")
    if where == "start":
        answer = service.ask(start="daily", browser=BROWSER)
        assert "unavailable: " in answer["address"]
        assert "answers with status 503" in answer["address"]
    else:
        refused(log_in(service, provider), "", "unavailable")
    provider.documents.documents[path] = before
    assert log_in(service, provider)["user"] == "anna"


@pytest.mark.parametrize("slow", [{"/token": 2}, {"/token": 0.4, "/jwks": 0.4}], ids=["one answer", "answers in all"])
def test_a_provider_that_is_slow(serve, provider, slow):
    service = serve(seconds=0.6)
    for path, seconds in slow.items():
        usual = provider.documents.documents[path][2]
        provider.documents.put(path, slowly(usual, seconds))
    answer = log_in(service, provider)
    refused(answer, "", "unavailable")
    assert "within 0.6 s" in answer["said"][0]
    provider.reset()
    assert log_in(service, provider)["user"] == "anna"


def slowly(usual, seconds):
    """What is answered usually, later."""

    def answer(*asked):
        time.sleep(seconds)
        return usual(*asked) if callable(usual) else (200, usual)

    return answer


def test_the_log_has_no_names(service, provider):
    provider.changes = {"exp": 1, "name": "Anna Arnold"}
    said = str(log_in(service, provider)["said"]).lower()
    assert not [word for word in ("anna", "4711", "arnold", "eyj") if word in said]


# The preflight: each error is a sentence.


def check(provider, **changes):
    done = preflight(PYTHON, "oidc", provider.settings(**changes))
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_preflight(provider):
    provider.asked = {"code_challenge": ""}
    done = check(provider)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["ok"] * 5


# What is wrong with a provider: (path, its answer), and the sentence.
FAULTS = {
    "discovery is not there": (DISCOVERY, "", 404, "is not there (status 404): ask the identity provider's"),
    "discovery is a page": (DISCOVERY, "<html>", 200, "answers with something that is no JSON object"),
    "other issuer": (
        DISCOVERY,
        {"issuer": "https://id.other.test"},
        200,
        "the issuer is 'https://id.other.test' there",
    ),
    "no token endpoint": (DISCOVERY, {"token_endpoint": None}, 200, "token_endpoint is missing in"),
    "an endpoint without TLS": (DISCOVERY, {"token_endpoint": "http://a"}, 200, "does not begin with https://"),
    "no code flow": (DISCOVERY, {"response_types_supported": ["id_token"]}, 200, "the authorization code flow"),
    "no PKCE": (DISCOVERY, {"code_challenge_methods_supported": ["plain"]}, 200, "does not offer PKCE with S256"),
    "secrets sign": (DISCOVERY, {"id_token_signing_alg_values_supported": ["HS256"]}, 200, "signed with a key pair"),
    "no keys": ("/jwks", {"keys": []}, 200, "has no public key for signatures"),
    "keys are not there": ("/jwks", "", 404, "/jwks answers with status 404"),
    "redirect address": ("/authorize", "no", 400, f"to register the client with the redirect address {REDIRECT}"),
    "client secret": ("/token", {"error": "invalid_client"}, 401, "for its secret (jitsi_oidc_client_secret)"),
    "grant": ("/token", {"error": "unauthorized_client"}, 400, "without looking at the code (unauthorized_client)"),
    "token endpoint is broken": ("/token", "", 500, "answers a wrong code of client"),
}


@pytest.mark.parametrize(("path", "body", "status", "words"), FAULTS.values(), ids=FAULTS)
def test_preflight_finds(provider, path, body, status, words):
    provider.asked = {"code_challenge": ""}
    if path == DISCOVERY and isinstance(body, dict):
        body = provider.discovery(**body)
    provider.documents.put(path, body, status)
    done = check(provider)
    assert done.returncode == 1, done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "ask the identity provider's administrator" in errors[0]


def test_preflight_finds_a_provider_that_refuses_at_once(provider):
    provider.asked = {"code_challenge": ""}
    provider.documents.put("/authorize", "", 302, Location=f"{REDIRECT}?error=invalid_scope&state=x")
    assert "refuses logins of client jitsi meet (jitsi_directory.client_id): invalid_scope" in check(provider).stdout


def test_preflight_finds_a_wrong_clock(provider):
    provider.asked = {"code_challenge": ""}
    provider.documents.put(DISCOVERY, provider.discovery(), Date="Sat, 01 Jan 2000 00:00:00 GMT")
    done = check(provider)
    assert done.returncode == 1
    assert "the provider's clock and this machine's differ by" in done.stdout


def test_preflight_finds_a_claim_that_is_not_listed(provider):
    provider.asked = {"code_challenge": ""}
    done = check(provider, login_claim="upn", scopes=["openid", "roles"])
    assert done.returncode == 0, done.stdout
    assert "the provider does not list claim upn, scope roles; if logins fail" in done.stdout


def test_preflight_finds_who_is_unreachable(provider):
    done = check(provider, issuer="https://nowhere.invalid/realm")
    assert done.returncode == 2
    assert "the name in https://nowhere.invalid/realm/.well-known/openid-configuration has no address" in done.stdout
    done = check(provider, issuer="https://localhost:1/realm")
    assert done.returncode == 2
    assert "does not answer (Connect" in done.stdout
    provider.documents.put(DISCOVERY, lambda *_: (time.sleep(2), (200, {}))[1])
    done = check(provider, seconds=0.5)
    assert done.returncode == 2
    assert "does not answer within 0.5 s: ask the identity provider's administrator why it is slow" in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"left": -DAY}, "is not trusted (certificate has expired)"),
        ({"name": "id.other.test"}, "is not trusted (Hostname mismatch"),
    ],
)
def test_preflight_finds_a_wrong_certificate(tmp_path, options, words):
    wrong = Provider(tmp_path, **options)
    with contextlib.closing(wrong.documents):
        done = check(wrong)
    assert done.returncode == 1, done.stdout
    assert words in done.stdout


def test_preflight_finds_a_ca_that_is_unknown(provider):
    done = check(provider, ca_file="")
    assert done.returncode == 1
    assert "is not trusted (unable to get local issuer certificate)" in done.stdout
    assert "for the CA certificate that issued it (jitsi_directory.ca_file)" in done.stdout


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": "http://id.acme.test"}, "issuer does not begin with https://"),
        ({"scopes": ["profile"]}, "scopes lacks openid"),
        ({"ca_file": "/nowhere.crt"}, "No such file"),
        ({"isuer": ""}, "isuer"),
    ],
)
def test_settings_that_cannot_work(provider, changes, words):
    done = check(provider, **changes)
    assert done.returncode == 64
    assert words in done.stderr
