"""Signalling: who gets into a room, through both ways in, and who may open one."""

import asyncio
import secrets

import outside
import pytest
import xmpp

pytestmark = pytest.mark.needs("nginx", "prosody", "jicofo")

both_ways = pytest.mark.parametrize("carrier", list(xmpp.CARRIERS))
LOOK = "on {meet}: journalctl -u prosody; tail /var/log/jitsi/jicofo.log /var/log/nginx/error.log"


@both_ways
@pytest.mark.notice(
    "rooms stay closed: users see 'connecting' forever, moderators cannot open them, guests cannot join", LOOK
)
def test_conference(customer, moderator, carrier):
    """A guest waits, a moderator opens the room, the guest is admitted and both can talk"""
    room = customer.room(customer.meeting_name())

    async def conference():
        context = outside.trust(customer)
        async with (
            xmpp.session(customer, carrier, context) as guest,
            xmpp.session(customer, carrier, context, moderator, room=room) as host,
        ):
            if await guest.exists(room):
                pytest.skip(f"{room} is in use, and no other room is allowed (jitsi_room_names)")
            await xmpp.meet(customer, room, host, guest)
            for speaker, listener in ((host, guest), (guest, host)):
                text = secrets.token_hex(4)
                heard = listener.hear(text)
                speaker.say(room, text)
                await heard

    asyncio.run(conference())


@pytest.mark.notice("a moderator who has a seat cannot log in", LOOK)
def test_moderators(customer):
    """Every moderator's password or token is accepted"""

    async def log_in(name: str):
        async with xmpp.session(customer, "websocket", outside.trust(customer), name):
            pass

    async def everybody():
        return await asyncio.gather(*map(log_in, customer.moderators), return_exceptions=True)

    answers = dict(zip(customer.moderators, asyncio.run(everybody()), strict=True))
    refused = {name: answer for name, answer in answers.items() if answer}
    assert not refused, f"logins refused: {refused}"


@both_ways
@pytest.mark.guard("anybody can log in as a moderator", "authentication in /etc/prosody on {meet} (role prosody)")
def test_wrong_password(customer, moderator, carrier):
    """Wrong passwords and forged tokens are refused"""

    async def gets_in() -> bool:
        try:
            async with xmpp.session(customer, carrier, outside.trust(customer), moderator, "wrong"):
                return True
        except xmpp.Refused:
            return False

    assert not asyncio.run(gets_in()), f"{moderator} logged in with the password 'wrong'"


@pytest.mark.guard("strangers can create accounts and open rooms at the customer's expense", LOOK)
def test_no_registration(customer, moderator):
    """Nobody can register an account"""

    async def ask() -> set[str]:
        async with xmpp.session(customer, "websocket", outside.trust(customer), moderator) as host:
            return host.offered

    assert xmpp.REGISTER not in asyncio.run(ask()), f"{customer.domain} offers registration"
