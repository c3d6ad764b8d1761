"""Who may open a room: nobody but a moderator, whatever a guest tries; and who may do what in it."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import outside
import pytest
import xmpp
from xmpp import Participant, Refused, element

pytestmark = pytest.mark.needs("nginx", "prosody", "jicofo")

JICOFO_SECONDS = 1  # it need not answer a request that makes no sense
GUESTS = 4  # that try at the same time

LOOK = (
    "the hosts and components in /etc/prosody/prosody.cfg.lua on {meet} (role prosody), "
    "/etc/jitsi/jicofo/jicofo.conf (role jicofo); journalctl -u prosody"
)


# What a guest may try. Each ends in Refused, or else the guest has succeeded.


async def enter(guest: Participant, room: str) -> None:
    """As the page does, but also where jicofo refuses the room's name."""
    with contextlib.suppress(Refused, TimeoutError):
        async with asyncio.timeout(JICOFO_SECONDS):
            await guest.ask_focus(room)
    is_room = room.lower().startswith("conference.") or "@conference." in room.lower()
    await (guest.join(room) if is_room else guest.knock(room))


async def join(guest: Participant, room: str) -> None:
    """Without asking jicofo for the conference."""
    await guest.knock(room)


async def bring_a_password(guest: Participant, room: str) -> None:
    await guest.ask_focus(room)
    await guest.join(room, password=guest.nick)


def as_focus(guest: Participant) -> dict[str, str]:
    return {"from": f"focus@auth.{guest.domain}/focus"}


async def forge_the_request(guest: Participant, room: str) -> None:
    """The request claims to come from jicofo."""
    claims = {"authentication": "true", "visitor": "false", "moderator": "true"}
    properties = [element(f"{{{xmpp.FOCUS}}}property", name=name, value=value) for name, value in claims.items()]
    focus = as_focus(guest)["from"]
    await guest.ask_focus(room, *properties, **{"machine-uid": focus, "identity": focus, "focusjid": guest.address})
    await guest.join(room)


async def forge_the_sender(guest: Participant, room: str) -> None:
    await guest.ask_focus(room)
    await guest.join(room, **as_focus(guest))


async def be_named_focus(guest: Participant, room: str) -> None:
    await guest.ask_focus(room)
    await guest.join(room, nick="focus")


async def be_named_like_focus(guest: Participant, room: str) -> None:
    await guest.ask_focus(room)
    await guest.join(room, nick=f"{guest.nick}/focus")


async def make_an_instant_room(guest: Participant, room: str) -> None:
    """XEP-0045 10.1.2, before jicofo is in the room."""
    with contextlib.suppress(Refused):
        await guest.join(room)
    await guest.configure(room)


@contextlib.asynccontextmanager
async def lobby_of(guest: Participant, room: str) -> AsyncIterator[str]:
    """The guest waits in the room's lobby."""
    lobby = await guest.wait(room)
    try:
        yield lobby
    finally:
        await guest.leave(lobby)


async def configure_the_room(guest: Participant, room: str) -> None:
    """Opens the room to everybody, from its lobby."""
    async with lobby_of(guest, room):
        await guest.configure(room, membersonly="0")


async def take_the_room(guest: Participant, room: str) -> None:
    async with lobby_of(guest, room):
        await guest.change(room, affiliation="owner", jid=guest.address)


async def take_the_role(guest: Participant, room: str) -> None:
    async with lobby_of(guest, room):
        await guest.change(room, role="moderator", nick=guest.nick)


async def try_at_the_lobby(guest: Participant, room: str, attempt: Callable[[str], Awaitable[None]]) -> None:
    """Prosody drops a lobby's answers: no answer is a refusal if the lobby and its owner are unchanged."""
    async with lobby_of(guest, room) as lobby:
        done = await succeeds(guest.unless_silent(attempt(lobby)))
        assert lobby in guest.nicks, "the guest's lobby is gone"
        await guest.leave(lobby)
        await guest.join(lobby)
        assert guest.affiliation(lobby) == "none", f"the guest's affiliation in the lobby is {guest.affiliation(lobby)}"
    if not done:
        raise Refused("the lobby is unchanged")


async def take_the_lobby(guest: Participant, room: str) -> None:
    await try_at_the_lobby(guest, room, lambda lobby: guest.change(lobby, affiliation="owner", jid=guest.address))


async def destroy_the_lobby(guest: Participant, room: str) -> None:
    await try_at_the_lobby(guest, room, lambda lobby: guest.own(lobby, element(f"{{{xmpp.MUC}#owner}}destroy")))


async def invite_oneself(guest: Participant, room: str) -> None:
    async with lobby_of(guest, room):
        guest.invite(room, guest.address)
        await guest.join(room)


async def register_with_the_room(guest: Participant, room: str) -> None:
    """XEP-0045 7.10: who is registered is a member."""
    async with lobby_of(guest, room):
        with contextlib.suppress(Refused):
            fields = xmpp.form(f"{xmpp.MUC}#register", **{"muc#register_roomnick": guest.nick})
            await guest.request(room, element("{jabber:iq:register}query", fields))
        await guest.join(room)


async def ask_over_http(guest: Participant, room: str) -> None:
    """Jicofo's own HTTP interface, which some installations publish."""
    question = {"room": room, "properties": {}}
    url = f"https://{guest.domain}/conference-request/v1"
    async with guest.http.post(url, params={"room": room}, json=question) as answer:
        if answer.status != 200 or answer.content_type != "application/json":
            raise Refused(f"HTTP {answer.status}")


async def logs_in_anonymously(guest: Participant, host: str) -> bool:
    async with guest.stranger(host) as say:
        answer = await say(element(f"{{{xmpp.SASL}}}auth", mechanism="ANONYMOUS"))
    assert answer.tag.startswith(f"{{{xmpp.SASL}}}"), f"no answer to a login but {answer.tag}"
    return answer.tag == f"{{{xmpp.SASL}}}success"


def log_in_anonymously(prefix: str) -> "Way":
    async def attempt(guest: Participant, _room: str) -> None:
        assert await logs_in_anonymously(guest, f"guest.{guest.domain}"), "guests cannot log in this way either"
        if not await logs_in_anonymously(guest, prefix + guest.domain):
            raise Refused("no guests on this host")

    return Way(attempt)


def register(prefix: str) -> "Way":
    """Before a login and after it. Should that make an account, the next deployment removes it."""

    async def attempt(guest: Participant, _room: str) -> None:
        namespace = "{jabber:iq:register}"
        query = element(
            f"{namespace}query", *(element(namespace + name, guest.nick) for name in ("username", "password"))
        )
        async with guest.stranger(prefix + guest.domain) as say:
            answer = await say(element("iq", query, to=prefix + guest.domain, type="set", id="register"))
        if not xmpp.is_error(answer):
            return
        await guest.request(prefix + guest.domain, query)

    return Way(attempt)


@dataclasses.dataclass(frozen=True)
class Way:
    """What a guest tries, at which address, and through which carrier."""

    attempt: Callable[[Participant, str], Awaitable[None]] = enter
    address: str = "{name}@conference.{domain}"
    carrier: str = "websocket"


WAYS = {
    "over websocket": Way(),
    "over BOSH": Way(carrier="bosh"),
    "without asking jicofo": Way(join),
    "without a room's name": Way(address="conference.{domain}"),
    "with a password": Way(bring_a_password),
    "with a forged request": Way(forge_the_request),
    "with a forged sender": Way(forge_the_sender),
    "named focus": Way(be_named_focus),
    "named .../focus": Way(be_named_like_focus),
    "instant room": Way(make_an_instant_room),
    "configuring the room": Way(configure_the_room),
    "granting oneself the room": Way(take_the_room),
    "granting oneself the role": Way(take_the_role),
    "granting oneself the lobby": Way(take_the_lobby),
    "destroying the lobby": Way(destroy_the_lobby),
    "inviting oneself": Way(invite_oneself),
    "registering with the room": Way(register_with_the_room),
    "over HTTP": Way(ask_over_http),
    # Names that one part of the server may read differently from another.
    "in upper case": Way(address="{NAME}@CONFERENCE.{DOMAIN}"),
    "percent-encoded": Way(address="{percent}@conference.{domain}"),
    "in full-width letters": Way(address="{wide}@conference.{domain}"),
    "with a soft hyphen": Way(address="\N{SOFT HYPHEN}{name}@conference.{domain}"),
    "with a Cyrillic letter": Way(address="\N{CYRILLIC SMALL LETTER A}{name}@conference.{domain}"),
    "with a space after the name": Way(address="{name} @conference.{domain}"),
    "with a dot after the domain": Way(address="{name}@conference.{domain}."),
    "as a tenant's room": Way(address="[verify]{name}@conference.{domain}"),
    "in a tenant's domain": Way(address="{name}@conference.verify.{domain}"),
    "as a health check": Way(address="__jicofo-health-check-{name}@conference.{domain}"),
    # Other hosts of the same server.
    "as a breakout room": Way(address="{name}@breakout.{domain}"),
    "as a breakout room, without asking jicofo": Way(join, "{name}@breakout.{domain}"),
    "as a lobby": Way(address="{name}@lobby.{domain}"),
    "as a lobby, without asking jicofo": Way(join, "{name}@lobby.{domain}"),
    "in the bridges' room": Way(address="{name}@internal.auth.{domain}"),
    "in the bridges' room, without asking jicofo": Way(join, "jvbbrewery@internal.auth.{domain}"),
    **{
        f"at {component}": Way(join, f"{{name}}@{component}.{{domain}}")
        for component in ("focus", "metadata", "avmoderation", "endconference", "speakerstats", "filesharing", "polls")
    },
    # Logging in as anybody but a guest.
    **{f"anonymously on {prefix}DOMAIN": log_in_anonymously(prefix) for prefix in ("", "auth.", "recorder.")},
    **{f"registering on {prefix}DOMAIN": register(prefix) for prefix in ("", "guest.", "auth.", "recorder.")},
}


@dataclasses.dataclass
class Outcome:
    """The result of one way: the errors found, what prevented the check, and a remark for the operator."""

    errors: list[str] = dataclasses.field(default_factory=list)
    unclear: Exception | None = None
    remark: str = ""

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        try:
            yield
        except (AssertionError, TimeoutError, OSError) as error:
            self.unclear = error


def spelled(address: str, name: str, domain: str) -> str:
    return address.format(
        name=name,
        NAME=name.upper(),
        domain=domain,
        DOMAIN=domain.upper(),
        percent="".join(f"%{ord(letter):02x}" for letter in name),
        wide="".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in name),
    )


class Openings:
    """All ways, some at the same time, each with its own room; then another guest and a moderator try the same room."""

    def __init__(self, customer):
        self.customer = customer
        self.context = outside.trust(customer)
        self.rooms = {way: customer.new_name() for way in WAYS}
        self.outcomes = {way: Outcome() for way in WAYS}
        self.one_by_one = asyncio.Lock()

    async def run(self) -> dict[str, Outcome]:
        bosh = [way for way in WAYS if WAYS[way].carrier == "bosh"]
        websocket = [way for way in WAYS if WAYS[way].carrier == "websocket"]
        shares = [bosh, *(websocket[start::GUESTS] for start in range(GUESTS))]
        async with xmpp.session(self.customer, "websocket", self.context) as witness:
            await asyncio.gather(*(self.try_ways(share, witness) for share in shares))
        if self.customer.moderators and not self.customer.has_fixed_rooms:
            try:
                await self.open_all(next(iter(self.customer.moderators)))
            except (Refused, TimeoutError, OSError) as error:
                for outcome in self.outcomes.values():
                    outcome.unclear = error
        return self.outcomes

    async def try_ways(self, ways: list[str], witness: Participant) -> None:
        """A guest tries the ways; after each, a second guest tries the same address."""
        async with xmpp.session(self.customer, WAYS[ways[0]].carrier, self.context) as guest:
            for way in ways:
                address = spelled(WAYS[way].address, self.rooms[way], self.customer.domain)
                outcome = self.outcomes[way]
                with outcome.noting():
                    if await succeeds(WAYS[way].attempt(guest, address)):
                        outcome.errors.append("it is not refused")
                if await left(guest):
                    outcome.errors.append("the guest enters a room")
                async with self.one_by_one:
                    with outcome.noting():
                        await succeeds(enter(witness, address))
                    if await left(witness):
                        outcome.errors.append("the next guest enters the room")
                # A guest who was thrown out is refused everything, and proves nothing any more.
                assert not guest.over, f"the server disconnected the guest who tried {way}"
                assert not witness.over, f"the server disconnected the second guest after the first tried {way}"

    async def open_all(self, name: str) -> None:
        """A moderator opens the rooms and should be the first one there."""
        rooms = {way: self.customer.room(self.rooms[way]) for way in self.outcomes}
        # A token is for one room.
        for way, room in rooms.items():
            try:
                await self.open_room(name, way, room)
            except Refused as refused:
                # That a moderator is refused shows nothing about guests: the check goes on and reports it as a remark.
                self.outcomes[way].remark = f"a moderator was refused once and let in then: {refused}"
                await self.open_room(name, way, room)

    async def open_room(self, name: str, way: str, room: str) -> None:
        async with xmpp.session(self.customer, "websocket", self.context, name, room=room) as moderator:
            await moderator.enter(room)
            if others := moderator.others(room):
                self.outcomes[way].errors.append(f"a moderator finds {len(others)} participants in it")
            await moderator.leave(room)


async def left(person: Participant) -> bool:
    """Whether the participant was in a room; they leave all."""
    rooms = list(person.nicks)
    for room in rooms:
        await person.leave(room)
    return bool(rooms)


async def succeeds(attempt: Awaitable[None]) -> bool:
    try:
        await attempt
    except Refused:
        return False
    return True


@pytest.fixture(scope="module")
def openings(customer) -> dict[str, Outcome]:
    async def run():
        return await Openings(customer).run()

    return asyncio.run(run())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.guard("guests open rooms, which only moderators may", LOOK)
def test_guest_opens_no_room(openings, way, remark):
    """A guest alone cannot open a room"""
    outcome = openings[way]
    if outcome.remark:
        remark(outcome.remark)
    assert not outcome.errors, "; ".join(outcome.errors)
    if outcome.unclear:
        raise outcome.unclear


@pytest.mark.guard("guests become moderators of a meeting they were only invited to", LOOK)
def test_guest_stays_guest(customer, moderator):
    """An admitted guest stays a guest, whatever they try or are granted, and when the moderator leaves"""
    room = customer.room(customer.meeting_name())

    async def conference():
        context = outside.trust(customer)
        async with xmpp.session(customer, "websocket", context) as guest, contextlib.AsyncExitStack() as stack:
            if await guest.exists(room):
                pytest.skip(f"{room} is in use, and no other room is allowed (jitsi_room_names)")
            host = await stack.enter_async_context(xmpp.session(customer, "websocket", context, moderator, room=room))
            await xmpp.meet(customer, room, host, guest)

            def check(after: str) -> None:
                assert guest.role(room) == "participant", f"the guest is {guest.role(room)} after {after}"
                assert guest.affiliation(room) != "owner", f"the guest owns the room after {after}"

            check("joining")
            attempts = {
                "granting themselves the room": guest.change(room, affiliation="owner", jid=guest.address),
                "granting themselves the role": guest.change(room, role="moderator", nick=guest.nick),
                "configuring the room": guest.configure(room, moderatedroom="0"),
            }
            if customer.rules["may_name"] != "anyone":
                attempts |= {
                    "being granted the room": host.change(room, affiliation="owner", jid=guest.address),
                    "being made its admin": host.change(room, affiliation="admin", jid=guest.address),
                    "being granted the role": host.change(room, role="moderator", nick=guest.nick),
                }
            granted = [attempt for attempt, done in attempts.items() if await succeeds(done)]
            assert not granted, f"these are not refused: {', '.join(granted)}"
            check("the refused attempts")

            await stack.aclose()
            await guest.until(lambda: not guest.others(room))
            await guest.ask_focus(room)  # it answers once it has seen the moderator leave
            await guest.exists(room)  # the room has processed what jicofo sent
            check("the moderator left")
            await guest.leave(room)
            async with asyncio.timeout(xmpp.TIMEOUT):
                while await guest.exists(room):
                    await asyncio.sleep(0.1)  # nothing announces the end of a room

    asyncio.run(conference())
