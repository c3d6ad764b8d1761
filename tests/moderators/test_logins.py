"""Tokens of the login service: good once, for one room, and for users who are still there."""

import asyncio
import json
import re
import ssl
import time

import jwt
import pytest
from conftest import LOGINS, PEOPLE, ROOM, opened
from xmpp import Refused, session

from programs.login.tokens import ISSUER


def signed(prosody, key="", **claims):
    now = int(time.time())
    good = {"iss": ISSUER, "aud": ISSUER, "sub": "anna", "room": ROOM, "nbf": now - 1, "exp": now + 60, "jti": "1"}
    claims = {name: value for name, value in (good | claims).items() if value is not None}
    return jwt.encode(claims, key or prosody.key, algorithm="HS256")


async def login(crowd, token):
    arrival = session(crowd.people, "websocket", ssl.create_default_context(), token=token, room=ROOM)
    return await crowd.stack.enter_async_context(arrival)


@pytest.fixture
def let_in(prosody):
    """let_in(**people): from now on these may log in, login to stamp; prosody has taken it."""

    def write(people):
        prosody.machine.put(LOGINS, json.dumps(people))
        prosody.follow()

    yield write
    write({name: name for name in PEOPLE})


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
        {"sub": "nobody"},
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


def test_a_removed_account_and_a_new_password_end_the_running_sessions_of_that_user_alone(prosody, play, let_in):
    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna, bernd, emil = await opened(crowd, "anna", "bernd", "emil")
        guest = await crowd.guest()
        await guest.join(address)
        gone = guest.until(lambda: guest.others(address) == {emil.nick})
        people = {name: name for name in PEOPLE if name != "anna"} | {"bernd": "a new password"}
        await asyncio.to_thread(let_in, people)
        await gone
        for person in (anna, bernd):
            with pytest.raises(Refused, match="hung up"):
                await person.hear("anything")
        assert (emil.over, guest.over) == (False, False)
        with pytest.raises(Refused, match="not accepted"):
            await crowd.person("anna")
        await (await crowd.person("bernd")).join(address)

    play(scene)


def test_a_file_that_cannot_be_read_ends_nothing(prosody, play):
    async def scene(crowd):
        _, anna = await opened(crowd, "anna")
        prosody.machine.put(LOGINS, "{")
        await asyncio.to_thread(prosody.follow)
        await anna.exists(crowd.address(ROOM))
        assert not anna.over
        await crowd.person("anna")

    try:
        play(scene)
    finally:
        prosody.machine.put(LOGINS, json.dumps({name: name for name in PEOPLE}))
    assert re.search("who may log in stays as it was", prosody.log())
