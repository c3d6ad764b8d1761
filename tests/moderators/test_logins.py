"""Tokens of the login service: good once, for one room, and as long as the user is logged in."""

import asyncio
import ssl
import time

import jwt
import pytest
from conftest import ROOM, opened
from login_service import Browser, Service
from xmpp import Refused, session

from programs.login.backends import Refused as NoLogin
from programs.login.backends import User
from programs.login.tokens import ISSUER

UNASKED = "the login service does not answer"
ENDED = "hung up|closed the connection"


def signed(prosody, key="", **claims):
    now = int(time.time())
    good = {"iss": ISSUER, "aud": ISSUER, "sub": "anna", "room": ROOM, "nbf": now - 1, "exp": now + 60, "jti": "1"}
    claims = {name: value for name, value in (good | claims).items() if value is not None}
    return jwt.encode(claims, key or prosody.key, algorithm="HS256")


async def login(crowd, token):
    arrival = session(crowd.people, "websocket", ssl.create_default_context(), token=token, room=ROOM)
    return await crowd.stack.enter_async_context(arrival)


class Directory:
    """A back end in which accounts come and go; every password is right."""

    def __init__(self):
        self.users = {name: User(name, moderator=True) for name in ("anna", "bernd")}

    def person(self, login):
        return login

    async def check(self, login, password, address):
        return self.users[login]

    async def current(self, login):
        return self.users.get(login, NoLogin("wrong"))

    async def close(self):
        pass


class Site:
    """prosody, and the login service where prosody asks it."""

    def __init__(self, prosody, folder):
        self.prosody, self.folder, self.directory, self.running = prosody, folder, Directory(), None
        self.socket = prosody.machine.root / "run/jitsi-login/http.sock"
        self.socket.parent.mkdir(exist_ok=True)
        self.socket.parent.chmod(0o755)

    def start(self, check_seconds=0):
        settings = {"key": self.prosody.key, "check_seconds": check_seconds}
        self.running = Service(self.folder, self.directory, self.socket, **settings)
        self.socket.chmod(0o666)

    def stop(self):
        if self.running:
            self.running.stop()
            self.socket.unlink(missing_ok=True)
        self.running = None

    def logged_in(self, name):
        browser = Browser(self.running)
        browser.log_in(name)
        return browser

    async def enter(self, crowd, browser):
        """With what nginx is given for the room."""
        arrival = await login(crowd, await asyncio.to_thread(browser.token, ROOM))
        await arrival.join(crowd.address(ROOM))
        return arrival


@pytest.fixture(scope="module", autouse=True)
def often(started):
    """prosody asks each second, and not each 15 seconds."""
    seconds = "s/asap_require_room_claim = false;/&\\n  login_check_seconds = 1;/"
    started.restart(f"sed -i '{seconds}' /etc/prosody/prosody.cfg.lua")


@pytest.fixture
def site(prosody, tmp_path):
    site = Site(prosody, tmp_path)
    site.start()
    yield site
    site.stop()


def test_a_token_is_good_once(prosody, play):
    token = signed(prosody, jti="once")

    async def scene(crowd):
        await login(crowd, token)
        for _ in range(2):
            with pytest.raises(Refused, match="not accepted"):
                await login(crowd, token)
        await login(crowd, signed(prosody, jti="twice"))

    play(scene)


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": None},
        {"jti": 5},
        {"room": None},
        {"exp": None},
        {"exp": 1},
        {"sub": ""},
        {"iss": "jitsi"},
        {"aud": "jitsi"},
        {"key": "another key of 32 characters or more"},
    ],
    ids=lambda claims: next(iter(claims.items())).__repr__(),
)
def test_a_token_with_a_wrong_claim_is_refused(prosody, play, claims):
    token = signed(prosody, **{"jti": f"wrong {claims}"} | claims)

    async def scene(crowd):
        with pytest.raises(Refused, match="not accepted"):
            await login(crowd, token)

    play(scene)


def test_a_token_for_one_room_opens_and_enters_no_other(play):
    async def scene(crowd):
        other = crowd.address("other")
        focus, anna = await opened(crowd, "anna")
        await focus.join(other, "focus")
        with pytest.raises(Refused, match="not-allowed"):
            await anna.join(other)
        assert anna.role(crowd.address(ROOM)) == "moderator"

    play(scene)


def test_who_is_removed_or_logs_out_is_ended_in_the_running_meeting_and_nobody_else(site, play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        await (await crowd.focus()).join(address, "focus")
        phone, laptop, bernd = [await asyncio.to_thread(site.logged_in, name) for name in ("anna", "anna", "bernd")]
        on_phone, on_laptop, other = [await site.enter(crowd, browser) for browser in (phone, laptop, bernd)]
        await asyncio.to_thread(phone.get, "/logout")
        await asyncio.to_thread(lambda: phone.post("/logout", {"form": phone.mark()}))
        with pytest.raises(Refused, match="closed the connection"):
            await on_phone.hear("anything")
        assert not on_laptop.over
        del site.directory.users["anna"]
        with pytest.raises(Refused, match="closed the connection"):
            await on_laptop.hear("anything")
        await other.until(lambda: not other.others(address))
        await other.exists(address)
        assert not other.over

    play(scene)


def test_after_a_reload_the_back_end_is_asked_however_lately_it_was(site, play):
    site.stop()
    site.start(check_seconds=3600)

    async def scene(crowd):
        await (await crowd.focus()).join(crowd.address(ROOM), "focus")
        anna = await site.enter(crowd, await asyncio.to_thread(site.logged_in, "anna"))
        del site.directory.users["anna"]
        await asyncio.to_thread(site.prosody.follow)
        with pytest.raises(Refused, match="closed the connection"):
            await anna.hear("anything")

    play(scene)


def test_who_leaves_the_group_loses_the_right_and_who_comes_into_it_gets_it(site, play):
    site.prosody.follow(by="group")

    async def scene(crowd):
        address = crowd.address(ROOM)
        site.directory.users["bernd"] = User("bernd")
        await (await crowd.focus()).join(address, "focus")
        anna = await site.enter(crowd, await asyncio.to_thread(site.logged_in, "anna"))
        bernd = await site.enter(crowd, await asyncio.to_thread(site.logged_in, "bernd"))
        assert (anna.role(address), bernd.role(address)) == ("moderator", "participant")
        site.directory.users |= {"anna": User("anna"), "bernd": User("bernd", moderator=True)}
        await bernd.until(lambda: bernd.role(address) == "moderator")
        await anna.until(lambda: anna.role(address) == "participant")
        assert not anna.over

    play(scene)


@pytest.mark.parametrize("why", ["the service is away", "the service fails", "the directory is away"])
def test_while_nobody_can_be_asked_everybody_stays_who_he_is(site, play, why):
    async def scene(crowd):
        address = crowd.address(ROOM)
        await (await crowd.focus()).join(address, "focus")
        anna = await site.enter(crowd, await asyncio.to_thread(site.logged_in, "anna"))
        before = len(site.prosody.lines(UNASKED))
        if why == "the directory is away":
            asked = asyncio.Event()

            async def current(login):
                crowd_loop.call_soon_threadsafe(asked.set)
                return NoLogin("unavailable")

            crowd_loop, site.directory.current = asyncio.get_running_loop(), current
            await asked.wait()
        else:
            if why == "the service is away":
                site.stop()
            else:
                site.directory.users = None
            while len(site.prosody.lines(UNASKED)) == before:
                await asyncio.sleep(0.05)
        await anna.exists(address)
        assert (anna.over, anna.role(address)) == (False, "moderator")

    play(scene)


def test_a_token_that_the_service_did_not_sign_is_refused(prosody, play):
    head, body, signature = signed(prosody, jti="forged").split(".")
    unsigned = jwt.encode(jwt.decode(f"{head}.{body}.{signature}", options={"verify_signature": False}), None, "none")
    other = signed(prosody, jti="forged", room="other").split(".")[1]
    forged = [unsigned, f"{head}.{body}.", f"{head}.{other}.{signature}", "no.token.atall", "nothing", "&x="]

    async def scene(crowd):
        for token in forged:
            with pytest.raises(Refused, match="not accepted"):
                await login(crowd, token)

    play(scene)


def test_no_token_is_logged(prosody, play):
    """Neither a good one, nor one for another room, which Jitsi's module logs whole, nor one that is over."""
    good, elsewhere = signed(prosody, jti="good"), signed(prosody, jti="elsewhere", room="other")
    over = signed(prosody, jti="over", exp=1)

    async def scene(crowd):
        await opened(crowd)
        await login(crowd, good)
        for token in (good[:-4] + "AAAA", over):
            with pytest.raises(Refused, match="not accepted"):
                await login(crowd, token)
        with pytest.raises(Refused, match="not-allowed"):
            await (await login(crowd, elsewhere)).join(crowd.address(ROOM))

    play(scene)
    journal = prosody.journal()
    assert not [token for token in (good, elsewhere, over) if any(part in journal for part in token.split("."))]
    assert "<4>mod_auth_token.lua:" in journal
    assert "<3>mod_token_verification.lua:" in journal
