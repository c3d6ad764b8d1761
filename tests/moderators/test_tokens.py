"""Logins by token: who gets in, as whom, and where; with a shared secret and with an identity provider's keys."""

import asyncio
import dataclasses
import hmac
import json
import ssl
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from customer import base64url
from rendering import render
from xmpp import Refused, has_ended, session

ROOM, OTHER = "daily", "weekly"
ISSUER, AUDIENCE = "https://id.acme.test/realms/acme", "jitsi"
SECRET = "shared-" * 5
KEYS = "https://127.0.0.1/keys"
DIRECTORY = {"kind": "token", "issuer": ISSUER, "audience": AUDIENCE}
SETTINGS = {
    "secret": {"jitsi_directory": DIRECTORY, "jitsi_token_secret": SECRET},
    "keys": {
        "jitsi_directory": DIRECTORY
        | {"jwks_url": KEYS, "moderator_claim": "groups", "moderator_value": "jitsi-moderators"}
    },
}
# The claim that makes a moderator, in either.
MODERATOR = {
    "secret": {"context": {"user": {"id": "Anna", "moderator": True}}},
    "keys": {"sub": "anna", "groups": ["staff", "jitsi-moderators"]},
}
USER = {
    "secret": {"context": {"user": {"id": "bernd", "moderator": False}}},
    "keys": {"sub": "bernd", "groups": ["staff"]},
}
# An HTTPS server of keys, which may be kept for a second, with a certificate of its own.
SERVER = """
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open("/srv/keys.json", "rb").read()
        self.send_response(200)
        self.send_header("Cache-Control", "public, max-age=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/keys.crt", "/srv/keys.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
"""


class Issuer:
    """Issues tokens. Sign with another key or algorithm, and the header may claim anything."""

    def __init__(self, kind):
        self.kind, self.numbers = kind, 0
        if kind == "keys":
            self.turn()

    def turn(self):
        """From now on signs with a new key."""
        self.numbers += 1
        self.key = rsa.generate_private_key(65537, 2048)

    def public(self):
        """The key that is used now, as the provider publishes it."""
        numbers = self.key.public_key().public_numbers()
        n, e = (base64url(x.to_bytes((x.bit_length() + 7) // 8, "big")) for x in (numbers.n, numbers.e))
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": f"key-{self.numbers}", "n": n, "e": e}]}

    def pem(self):
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, spki)

    def sign(self, text, algorithm, key=None):
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            return hmac.new(key or SECRET.encode(), text, "sha256").digest()
        return (key or self.key).sign(text, padding.PKCS1v15(), hashes.SHA256())

    def token(self, claims, key=None, **header):
        now = int(time.time())
        header = {
            "typ": "JWT",
            "alg": "RS256" if self.kind == "keys" else "HS256",
            "kid": f"key-{self.numbers}",
        } | header
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "4711", "iat": now, "exp": now + 300} | claims
        text = f"{base64url(header)}.{base64url({k: v for k, v in claims.items() if v is not None})}"
        return f"{text}.{base64url(self.sign(text.encode(), header['alg'], key))}"

    def moderator(self, **changes):
        return self.token(MODERATOR[self.kind] | changes)

    def user(self, **changes):
        return self.token(USER[self.kind] | changes)


@pytest.fixture(scope="module", params=list(SETTINGS))
def issuer(request):
    return Issuer(request.param)


@pytest.fixture(scope="module")
def rendered(issuer, tmp_path_factory):
    settings = json.dumps(SETTINGS[issuer.kind] | {"jitsi_moderator_source": "group"})
    return render("example-small", tmp_path_factory.mktemp("tokens"), "-e", settings, roles=["prosody"])


@pytest.fixture(scope="module")
def prepare(issuer):
    """The identity provider with its keys."""

    def before_prosody(machine):
        if issuer.kind == "keys":
            machine.sh(
                "mkdir -p /srv && cd /srv && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                "-subj /CN=127.0.0.1 -addext subjectAltName=DNS:127.0.0.1 -keyout keys.key -out keys.crt 2>/dev/null "
                "&& cp keys.crt /usr/local/share/ca-certificates/ && update-ca-certificates >/dev/null 2>&1"
            )
            machine.put("/srv/keys.py", SERVER)
            machine.put("/srv/keys.json", json.dumps(issuer.public()))
            assert machine.start("python3", "/srv/keys.py").stdout.readline() == b"ready\n"

    return before_prosody


@pytest.fixture
def known(prosody, play, issuer):
    """prosody knows the keys there are, since it was started anew."""
    play(lambda crowd: login_when_known(crowd, issuer.user()))
    return prosody


async def login(crowd, token, house=None):
    return await crowd.stack.enter_async_context(
        session(house or crowd.people, "websocket", ssl.create_default_context(), token=token)
    )


async def login_when_known(crowd, token):
    """Tries until prosody has fetched the keys again."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await login(crowd, token)
            except Refused:
                await asyncio.sleep(0.2)


async def opened(crowd, room=ROOM):
    """The address of a room in which the focus is."""
    address = crowd.address(room)
    await (await crowd.focus()).join(address, "focus")
    return address


def refused_login(play, token):
    async def scene(crowd):
        with pytest.raises(Refused, match="not accepted"):
            await login(crowd, token)

    play(scene)


def test_a_token_with_the_claim_opens_the_room_and_the_waiting_guest_comes_in(known, play, issuer):
    async def scene(crowd):
        address = await opened(crowd)
        guest = await crowd.guest()
        with pytest.raises(Refused) as refused:
            await guest.join(address)
        await guest.join(refused.value.lobby)
        called = guest.expect(has_ended)
        anna = await login(crowd, issuer.moderator())
        await anna.join(address)
        assert (anna.role(address), anna.affiliation(address)) == ("moderator", "owner")
        await called
        await guest.join(address)
        assert (guest.role(address), guest.affiliation(address)) == ("participant", "none")

    play(scene)
    assert set(known.seats()) == {"anna"}, "the seat is the person's, whatever the session is called"


def test_a_token_without_the_claim_is_a_normal_user(known, play, issuer):
    async def scene(crowd):
        address = await opened(crowd)
        bernd = await login(crowd, issuer.user())
        with pytest.raises(Refused, match="registration-required"):
            await bernd.join(address)
        anna = await login(crowd, issuer.moderator())
        await anna.join(address)
        await bernd.join(address)
        assert (bernd.role(address), bernd.affiliation(address)) == ("participant", "none")

    play(scene)


def test_the_list_of_moderators_counts_the_logins_of_tokens(known, play, issuer):
    known.follow(by="listed", names=["bernd"])

    async def scene(crowd):
        address = await opened(crowd)
        anna, bernd = await login(crowd, issuer.moderator()), await login(crowd, issuer.user())
        with pytest.raises(Refused, match="registration-required"):
            await anna.join(address)
        await bernd.join(address)
        assert bernd.role(address) == "moderator"

    play(scene)


# Users change these themselves at many identity providers.
CHANGEABLE = {"preferred_username": "bernd", "email": "bernd", "name": "bernd", "nickname": "bernd"}


def test_a_name_that_users_choose_themselves_is_no_login(known, play, issuer):
    known.follow(by="listed", names=["bernd"])

    async def scene(crowd):
        address = await opened(crowd)
        anna = await login(crowd, issuer.moderator(**CHANGEABLE))
        with pytest.raises(Refused, match="registration-required"):
            await anna.join(address)

    play(scene)


def test_a_token_for_another_room_opens_and_enters_none_but_that(known, play, issuer):
    async def scene(crowd):
        address = await opened(crowd)
        anna = await login(crowd, issuer.moderator(room=OTHER))
        with pytest.raises(Refused, match="not-allowed"):
            await anna.join(address)
        bernd = await login(crowd, issuer.moderator(room=ROOM))
        await bernd.join(address)
        assert bernd.role(address) == "moderator"

    play(scene)


def test_a_guest_with_a_token_stays_a_guest(known, play, issuer):
    """On the guests' host nobody judges tokens: neither a good one nor any other text makes a host of a guest."""

    async def scene(crowd):
        address = await opened(crowd)
        for token in (issuer.moderator(), "anything"):
            house = type(crowd.people)
            url = f"{crowd.people.url}/xmpp-websocket?token={token}&x="
            carried = type("Carried", (house,), {"url": url})(*dataclasses.astuple(crowd.people))
            guest = await login(crowd, "", carried)
            with pytest.raises(Refused, match="registration-required"):
                await guest.join(address)

    play(scene)


# Claims and headers of which each alone spoils a good token.
SPOILT = {
    "expired": {"exp": 1},
    "expired a second ago": {"exp": int(time.time()) - 1},
    "not valid yet": {"nbf": 99999999999},
    "another issuer": {"iss": "https://id.other.test/realms/acme"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "no subject": {"sub": None},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "nobody's": {"context": {"user": {}}, "sub": ""},
    "a name that is no text": {"context": {"user": {"id": {"a": 1}}}, "sub": 5},
}


@pytest.mark.parametrize("claims", SPOILT.values(), ids=SPOILT)
def test_a_token_with_a_wrong_claim_is_refused(known, play, issuer, claims):
    refused_login(play, issuer.moderator(**claims))


def test_a_token_that_was_not_signed_by_the_issuer_is_refused(known, play, issuer):
    claims = MODERATOR[issuer.kind]
    head, body, signature = issuer.moderator().split(".")
    stranger = rsa.generate_private_key(65537, 2048) if issuer.kind == "keys" else b"another secret"
    forged = [
        issuer.token(claims, stranger),
        issuer.token(claims, alg="none"),
        f"{head}.{body}.",
        f"{head}.{base64url({'iss': ISSUER, 'aud': AUDIENCE, 'exp': 99999999999, **claims})}.{signature}",
        issuer.token(claims, typ="at+jwt"),
        "no.token.atall",
        "nothing",
        "&x=",  # none at all
    ]
    if issuer.kind == "keys":
        # Whoever mixes up the algorithms takes the public key, which everybody has, for the secret.
        forged += [issuer.token(claims, issuer.pem(), alg="HS256"), issuer.token(claims, kid="key-99")]
    else:
        forged += [issuer.token(claims, rsa.generate_private_key(65537, 2048), alg="RS256")]
    for token in forged:
        refused_login(play, token)


def test_passwords_open_nothing(known, play):
    async def scene(crowd):
        with pytest.raises(Refused):
            await crowd.person("anna")

    play(scene)


def test_no_token_is_logged(known, play, issuer):
    """Neither a good one, nor one for another room, which Jitsi's module logs whole, nor one that is over."""
    good, elsewhere, over = issuer.moderator(), issuer.moderator(room=OTHER), issuer.moderator(exp=1)

    async def scene(crowd):
        address = await opened(crowd)
        await login(crowd, good)
        for token in (good[:-4] + "AAAA", over):
            with pytest.raises(Refused):
                await login(crowd, token)
        with pytest.raises(Refused, match="not-allowed"):
            await (await login(crowd, elsewhere)).join(address)

    play(scene)
    journal = known.journal()
    assert not [token for token in (good, elsewhere, over) if any(part in journal for part in token.split("."))]
    assert not [name for name in (ROOM, OTHER, "aiohttp") if name in journal]
    assert "<4>mod_auth_token.lua:" in journal
    assert "<3>mod_token_verification.lua:" in journal


def test_a_new_key_is_taken_and_tokens_of_the_former_stay_good(known, play, issuer):
    if issuer.kind == "secret":
        pytest.skip("a shared secret is changed by a deployment")
    old = issuer.moderator()
    issuer.turn()
    new = issuer.moderator()
    refused_login(play, new)
    known.machine.put("/srv/keys.json", json.dumps(issuer.public()))

    async def scene(crowd):
        await login_when_known(crowd, new)
        await login(crowd, old)

    play(scene)
