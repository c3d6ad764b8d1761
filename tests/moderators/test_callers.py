"""People who come by telephone are guests: each alone, under a name of his own on gateway.DOMAIN."""

import re

import pytest
from conftest import ROOM, House, opened, refusal
from rendering import render
from xmpp import Refused, has_ended

EXAMPLE = "example-services"


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    return render(EXAMPLE, tmp_path_factory.mktemp(EXAMPLE), roles=["prosody"])


@pytest.fixture
def ring(rendered):
    """ring(crowd, name): the session a gateway opens for a caller."""
    [secret] = re.findall(r'shared_secret = "(.+)";', rendered.only("prosody.cfg.lua"))

    async def come(crowd, name, password=secret):
        house = House(f"gateway.{crowd.domain}", {name: password}, crowd.domain)
        return await crowd._come(house, name)

    return come


def test_a_caller_waits_and_comes_in_with_the_moderator(play, ring):
    async def scene(crowd):
        address = crowd.address(ROOM)
        await opened(crowd)
        caller, anna = await ring(crowd, "gateway-1"), await crowd.person("anna")
        with pytest.raises(Refused) as refused:
            await caller.join(address)
        assert refused.value.lobby == crowd.address(ROOM, "lobby")
        await caller.join(refused.value.lobby)
        called = caller.expect(has_ended)
        await anna.join(address)
        await called
        await caller.join(address)
        assert (caller.role(address), caller.affiliation(address)) == ("participant", "none")
        # He is seen, and his leaving is not the end of anything.
        await anna.until(lambda: anna.others(address) == {caller.nick})
        await caller.leave(address)
        assert anna.role(address) == "moderator"

    play(scene)


def test_a_caller_opens_no_room_not_even_one_who_was_let_in(play, ring):
    async def scene(crowd):
        address = crowd.address(ROOM)
        (focus,) = await opened(crowd)
        caller = await ring(crowd, "gateway-1")
        await focus.change(address, affiliation="member", jid=caller.address)
        assert await refusal(caller.join(address)) == "registration-required"
        assert await refusal(caller.join(crowd.address("new"))) == "not-allowed"

    play(scene)


@pytest.mark.parametrize(
    ("may_name", "answer"), [("nobody", "not-allowed"), ("moderators", "not-allowed"), ("anyone", "")]
)
def test_a_caller_becomes_moderator_only_where_a_guest_could(play, prosody, ring, may_name, answer):
    prosody.follow(may_name=may_name)

    async def scene(crowd):
        address = crowd.address(ROOM)
        focus, anna = await opened(crowd, "anna")
        caller = await ring(crowd, "gateway-1")
        await caller.join(address)
        items = ({"affiliation": "owner", "jid": caller.address}, {"role": "moderator", "nick": caller.nick})
        for item in items:
            assert await refusal(caller.change(address, **item)) == "not-allowed"
            assert await refusal(focus.change(address, **item)) == "not-allowed"
        for item in items:
            assert await refusal(anna.change(address, **item)) == answer

    play(scene)


def test_one_caller_let_in_from_the_lobby_is_one_caller(play, prosody, ring):
    prosody.follow(rooms={"lobby": True})

    async def scene(crowd):
        address, lobby = crowd.address(ROOM), crowd.address(ROOM, "lobby")
        _, anna = await opened(crowd, "anna")
        first, second = await ring(crowd, "gateway-1"), await ring(crowd, "gateway-2")
        for caller in (first, second):
            assert await refusal(caller.join(address)) == "registration-required"
            await caller.join(lobby)
        told = first.let_in(lobby)
        anna.invite(address, first.client.boundjid.full)
        await told
        await first.join(address)
        assert first.role(address) == "participant"
        assert await refusal(second.join(address)) == "registration-required"

    play(scene)


def test_a_caller_needs_the_rooms_password(play, ring):
    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna = await opened(crowd, "anna")
        word = "sesame"
        await anna.configure(address, roomsecret=word, whois="anyone")
        caller = await ring(crowd, "gateway-1")
        assert await refusal(caller.join(address)) == "not-authorized"
        assert await refusal(caller.join(address, password=word + "!")) == "not-authorized"
        await caller.join(address, password=word)

    play(scene)


def test_a_caller_is_counted_and_finds_no_room_of_a_wrong_name(play, prosody, ring):
    prosody.follow(rooms={"max_occupants": 2, "names": {"prefixes": ["team-"], "fixed": [], "shortest": 0}})

    async def scene(crowd):
        address = crowd.address("team-a")
        await opened(crowd, "anna", room="team-a")
        first, second = await ring(crowd, "gateway-1"), await ring(crowd, "gateway-2")
        await first.join(address)
        assert await refusal(second.join(address)) == "service-unavailable"
        assert await refusal(second.join(crowd.address(ROOM))) == "not-allowed"

    play(scene)


def test_nobody_comes_as_a_caller_without_the_gateways_password(play, ring):
    async def scene(crowd):
        with pytest.raises(Refused, match="the password is not accepted"):
            await ring(crowd, "gateway-1", "guess")

    play(scene)
