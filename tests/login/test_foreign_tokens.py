"""Tokens of the customer's own program or identity provider: which become a session, whose, and where."""

import contextlib
import subprocess
import time

import pytest
from asking import ASKER, NEWEST, PYTHON, ROOT, Asker, preflight
from cryptography.hazmat.primitives.asymmetric import rsa
from customer import base64url
from directories import Authority
from provider_site import Documents
from signing import Issuer

ISSUER, AUDIENCE = "https://id.acme.test/realms/acme", "jitsi"
SECRET = "shared-" * 5
KEYS = "/keys"
COMMON = {"issuer": ISSUER, "audience": AUDIENCE, "login_url": "https://id.acme.test/in?state={state}&r={room}"}
UNKNOWN_KEY = "it is signed with a key that the issuer does not publish"
# Where the login and the moderator are, in either kind; and a moderator.
CLAIMS = {
    "secret": {"login_claim": "context.user.id", "moderator_claim": "context.user.moderator"},
    "keys": {"login_claim": "sub", "moderator_claim": "groups", "moderator_value": "jitsi-moderators"},
}
MODERATOR = {
    "secret": {"context": {"user": {"id": "Anna", "moderator": True}}},
    "keys": {"sub": "Anna", "groups": ["staff", "jitsi-moderators"]},
}
USER = {
    "secret": {"context": {"user": {"id": "bernd", "moderator": False}}},
    "keys": {"sub": "bernd", "groups": ["staff"]},
}


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    with contextlib.closing(Documents(tmp_path_factory.mktemp("issuer"), Authority())) as documents:
        yield documents


@pytest.fixture(scope="module", params=["secret", "keys"])
def issuer(request, documents):
    made = Issuer(ISSUER, AUDIENCE, SECRET if request.param == "secret" else "")
    documents.put(KEYS, made.public())
    made.kind = request.param
    return made


@pytest.fixture(scope="module")
def settings(issuer, documents):
    keys = {"secret": SECRET} if issuer.secret else {"keys_url": documents.url + KEYS, "ca_file": documents.ca_file}
    return COMMON | CLAIMS[issuer.kind] | keys


@pytest.fixture(scope="module", params=[PYTHON, NEWEST], ids=["Debian's packages", "newest packages"])
def service(request, settings, tmp_path_factory):
    subprocess.run([ROOT / "scripts/need", "python3-jwt", "python3-aiohttp"], check=True)
    folder = tmp_path_factory.mktemp("service") / "asker"
    asker = Asker(request.param, "token", settings, folder, str(folder), str(ASKER))
    yield asker
    asker.stop()


def moderator(issuer, **changes) -> str:
    return issuer.token(MODERATOR[issuer.kind] | changes)


def refused(service, token: str, why: str) -> None:
    answer = service.finish(jwt=token, room="daily")
    assert (answer["user"], answer["moderator"], answer["reason"]) == ("", False, "provider")
    assert answer["said"] == [f"a token is refused: {why}"]


def test_a_token_makes_a_session_for_every_room(service, issuer):
    answer = service.finish(jwt=moderator(issuer), room="Daily")
    assert answer["reason"] == "", str(answer)
    assert (answer["user"], answer["moderator"], answer["only"], answer["room"]) == ("anna", True, "", "daily")
    assert answer["said"] == []
    answer = service.finish(jwt=issuer.token(USER[issuer.kind]))
    assert (answer["user"], answer["moderator"], answer["room"]) == ("bernd", False, "")


def test_a_token_for_a_room_makes_a_session_for_that_room(service, issuer):
    assert service.finish(jwt=moderator(issuer, room="Daily Call"), room="weekly")["only"] == "daily%20call"
    assert service.finish(jwt=moderator(issuer, room="*"))["only"] == ""


# Users change these themselves at many identity providers.
CHANGEABLE = {"preferred_username": "bernd", "email": "bernd", "name": "bernd", "nickname": "bernd"}


def test_a_name_that_users_choose_themselves_is_no_login(service, issuer):
    assert service.finish(jwt=moderator(issuer, **CHANGEABLE))["user"] == "anna"


# Claims of which each alone spoils a good token, and what the log says then.
SPOILT = {
    "expired": ({"exp": 1}, "it has expired; or this machine's clock is fast"),
    "expired a second ago": ({"exp": int(time.time()) - 1}, "it has expired; or this machine's clock is fast"),
    "not valid yet": ({"nbf": 99999999999}, "it is not valid yet; or this machine's clock is slow"),
    "another issuer": ({"iss": "https://id.other.test/realms/acme"}, "it is of another issuer"),
    "no issuer": ({"iss": None}, "claim iss is missing"),
    "another audience": ({"aud": "other"}, "it is for another audience"),
    "no audience": ({"aud": None}, "claim aud is missing"),
    "no subject": ({"sub": None}, "claim sub is missing"),
    "no end": ({"exp": None}, "claim exp is missing"),
    "an end that is no number": ({"exp": "tomorrow"}, "its claims or its signature are malformed"),
    "an end that is a list": ({"exp": [99999999999]}, "its claims or its signature are malformed"),
    "an end that is a text": ({"exp": "99999999999"}, "its end is no number"),
    "a room that is none": ({"room": "a/b"}, "claim room is no name of a room"),
    "a room that is a list": ({"room": ["daily"]}, "claim room is no name of a room"),
}
NOBODY = {
    "nobody": {"context": {"user": {}}, "sub": ""},
    "a name with a line break": {"context": {"user": {"id": "an\nna"}}, "sub": "an\nna"},
    "a name that is too long": {"context": {"user": {"id": "a" * 256}}, "sub": "a" * 256},
}


@pytest.mark.parametrize(("claims", "why"), SPOILT.values(), ids=SPOILT)
def test_a_token_with_a_wrong_claim_is_refused(service, issuer, claims, why):
    refused(service, moderator(issuer, **claims), why)


@pytest.mark.parametrize("claims", NOBODY.values(), ids=NOBODY)
def test_a_token_that_names_nobody_is_refused(service, issuer, settings, claims):
    refused(service, moderator(issuer, **claims), f"claim {settings['login_claim']} names nobody")


def test_a_name_that_is_no_text_is_nobody(service, issuer):
    assert service.finish(jwt=moderator(issuer, context={"user": {"id": {"a": 1}}}, sub=5))["reason"] == "provider"


def test_a_token_that_was_not_signed_by_the_issuer_is_refused(service, issuer):
    claims = MODERATOR[issuer.kind]
    head, body, signature = moderator(issuer).split(".")
    stranger = rsa.generate_private_key(65537, 2048) if not issuer.secret else b"another secret"
    other = base64url({"iss": ISSUER, "aud": AUDIENCE, "exp": 99999999999, **claims})
    algorithm = "it is not signed with an algorithm that counts here"
    refused(service, issuer.token(claims, stranger), "its signature is wrong")
    refused(service, issuer.token(claims, alg="none"), algorithm)
    refused(service, f"{head}.{body}.", "its signature is wrong")
    refused(service, f"{head}.{other}.{signature}", "its signature is wrong")
    refused(service, issuer.token(claims, typ="at+jwt"), "it is a token of another type")
    for nonsense in ("no.token.atall", "nothing", "", "..", "a" * 100):
        refused(service, nonsense, "it is no token")
    refused(service, "a" * 10_000, "it is too long")
    if issuer.secret:
        refused(service, issuer.token(claims, rsa.generate_private_key(65537, 2048), alg="RS256"), algorithm)
    else:
        # Whoever mixes up the algorithms takes the public key, which everybody has, for the secret.
        refused(service, issuer.token(claims, issuer.pem(), alg="HS256"), algorithm)
        refused(service, issuer.token(claims, kid="key-99"), UNKNOWN_KEY)
        refused(service, issuer.token(claims, kid="encryption"), UNKNOWN_KEY)


def test_the_log_has_nothing_of_a_token(service, issuer):
    token = moderator(issuer, exp=1, name="Anna Arnold")
    said = str(service.finish(jwt=token)["said"]).lower()
    assert not [part for part in (*token.split("."), "anna", "4711") if part.lower() in said]


def test_the_page_to_log_in_learns_the_room_and_the_way_back(service):
    address = service.ask(start="daily", browser="b")["address"]
    state = "%7B%22room%22%3A%20%22daily%22%2C%20%22roomSafe%22%3A%20%22daily%22%7D"
    assert address == f"https://id.acme.test/in?state={state}&r=daily"


def test_preflight(settings, issuer):
    done = preflight(PYTHON, "token", settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is asked" in done.stdout if issuer.secret else "has 1 public keys for signatures" in done.stdout


# Keys that change, and keys that cannot be read.


@pytest.fixture
def keys(tmp_path):
    """An issuer with keys of its own, and what asks with them: (issuer, documents, start)."""
    with contextlib.closing(Documents(tmp_path, Authority())) as documents, contextlib.ExitStack() as stack:
        issuer = Issuer(ISSUER, AUDIENCE)
        issuer.kind = "keys"
        documents.put(KEYS, issuer.public())
        settings = COMMON | CLAIMS["keys"] | {"keys_url": documents.url + KEYS, "ca_file": documents.ca_file}

        def start(**changes):
            folder = tmp_path / "asker"
            asker = Asker(PYTHON, "token", settings | changes, folder, str(folder), str(ASKER))
            stack.callback(asker.stop)
            return asker

        yield issuer, documents, start, settings


def test_a_new_key_is_read_when_a_token_names_it(keys, monkeypatch):
    issuer, documents, start, _ = keys
    service = start(renewal_seconds=0)
    old = moderator(issuer)
    assert service.finish(jwt=old)["user"] == "anna"
    former = issuer.public()["keys"]
    issuer.turn()
    refused(service, moderator(issuer), UNKNOWN_KEY)
    documents.put(KEYS, {"keys": [*former, *issuer.public()["keys"]]})
    assert service.finish(jwt=moderator(issuer))["user"] == "anna"
    assert service.finish(jwt=old)["user"] == "anna"


def test_made_up_keys_cause_no_more_requests(keys):
    issuer, documents, start, _ = keys
    service = start()
    for number in range(5):
        refused(
            service,
            issuer.token({}, kid=f"made-up-{number}"),
            UNKNOWN_KEY,
        )
    assert service.finish(jwt=moderator(issuer))["user"] == "anna"
    assert len(documents.requests) == 1


def test_keys_that_cannot_be_read(keys):
    issuer, documents, start, settings = keys
    service = start(renewal_seconds=0)
    for body, status, why in (
        ("", 404, "answers with status 404"),
        ("<html>", 200, "answers with something that is no JSON object"),
        ({"keys": []}, 200, "has no public key for signatures"),
        ({"keys": {"a": 1}}, 200, "has no public key for signatures"),
    ):
        documents.put(KEYS, body, status)
        answer = service.finish(jwt=moderator(issuer))
        assert answer["reason"] == "unavailable"
        assert why in answer["said"][0]
        done = preflight(PYTHON, "token", settings)
        assert done.returncode == 1
        assert why in done.stdout
    documents.put(KEYS, issuer.public())
    assert service.finish(jwt=moderator(issuer))["user"] == "anna"
    documents.put(KEYS, "", 500)
    assert service.finish(jwt=moderator(issuer))["user"] == "anna", "the keys that are known are still good"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keys_url": ""}, "either secret or keys_url is needed"),
        ({"secret": SECRET}, "either secret or keys_url is needed"),
        ({"ca_file": "/nowhere.crt"}, "No such file"),
        ({"isuer": ""}, "isuer"),
    ],
)
def test_settings_that_cannot_work(keys, changes, words):
    done = preflight(PYTHON, "token", keys[3] | changes)
    assert done.returncode == 64
    assert words in done.stderr
