"""Signalling: who gets into a room, through both ways in, and who may open one."""

import asyncio
import contextlib
import secrets

import outside
import pytest
import xmpp

both_ways = pytest.mark.parametrize("carrier", list(xmpp.CARRIERS))
LOOK = (
    "on {meet}: journalctl -u prosody; "
    "tail /var/log/prosody/prosody.log /var/log/jitsi/jicofo.log /var/log/nginx/error.log"
)


async def refusal(attempt) -> str:
    """Why the attempt was refused; empty when it was not."""
    try:
        await attempt
    except xmpp.Refused as refused:
        return refused.condition
    return ""


async def settled(attempt, patience: float = 10):
    """Repeats what is refused while a room changes hands (the lobby's end travels by itself)."""
    async with asyncio.timeout(patience):
        while True:
            try:
                return await attempt()
            except xmpp.Refused:
                await asyncio.sleep(0.2)


@both_ways
@pytest.mark.notice(
    "rooms stay closed: people see 'connecting' for ever, moderators cannot start, guests cannot follow", LOOK
)
def test_conference(customer, carrier):
    """A guest waits, a moderator opens the room, the guest gets in and both hear each other"""
    room = f"verify-{secrets.token_hex(4)}"

    async def conference():
        context = outside.trust(customer)
        moderator_name = next(iter(customer.moderators))
        async with (
            xmpp.session(customer, carrier, context) as guest,
            xmpp.session(customer, carrier, context, moderator_name) as moderator,
        ):
            condition = await refusal(guest.enter(room))
            assert condition in xmpp.WAITING, f"a guest alone is not asked to wait but {condition or 'let in'}"

            await moderator.enter(room)
            with contextlib.suppress(TimeoutError):
                await moderator.become(room, "moderator")
            assert moderator.role(room) == "moderator", f"{moderator_name} is {moderator.role(room)} only"
            await settled(lambda: guest.enter(room))
            assert guest.role(room) == "participant", f"the guest is {guest.role(room)}"

            for speaker, listener in ((moderator, guest), (guest, moderator)):
                text = secrets.token_hex(4)
                heard = asyncio.ensure_future(listener.hear(text))
                await asyncio.sleep(0)
                speaker.say(room, text)
                await heard

    asyncio.run(conference())


@pytest.mark.notice("one of those who paid for a seat cannot log in", LOOK)
def test_moderators(customer):
    """Every moderator's password is accepted"""

    async def log_in(name: str):
        async with xmpp.session(customer, "websocket", outside.trust(customer), name):
            pass

    async def everybody():
        return await asyncio.gather(*map(log_in, customer.moderators), return_exceptions=True)

    answers = dict(zip(customer.moderators, asyncio.run(everybody()), strict=True))
    refused = {name: answer for name, answer in answers.items() if answer}
    assert not refused, f"not accepted: {refused}"


@both_ways
@pytest.mark.guard("anybody can log in as a moderator", "authentication in /etc/prosody on {meet} (role prosody)")
def test_wrong_password(customer, carrier):
    """A wrong password is not accepted"""
    name = next(iter(customer.moderators))

    async def gets_in() -> bool:
        try:
            async with xmpp.session(customer, carrier, outside.trust(customer), name, "wrong"):
                return True
        except xmpp.Refused:
            return False

    assert not asyncio.run(gets_in()), f"{name} got in with the password 'wrong'"


@pytest.mark.guard("strangers can make themselves accounts and open rooms at the customer's cost", LOOK)
def test_no_registration(customer):
    """Nobody can register an account"""

    async def ask() -> set[str]:
        name = next(iter(customer.moderators))
        async with xmpp.session(customer, "websocket", outside.trust(customer), name) as moderator:
            return moderator.offered

    assert xmpp.REGISTER not in asyncio.run(ask()), f"{customer.domain} offers registration"
