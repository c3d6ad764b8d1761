"""Who opens and moderates rooms, as prosody decides it."""

import asyncio
import datetime
import json
import secrets

import pytest
from conftest import ROOM, breakout_room, metadata, opened, refusal
from xmpp import CLIENT, Refused, element, has_ended

SUBJECT = f"{{{CLIENT}}}subject"


def test_a_waiting_guest_comes_in_with_the_moderator_and_never_owns_the_room(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        await opened(crowd)
        guest, anna = await crowd.guest(), await crowd.person("anna")
        with pytest.raises(Refused) as refused:
            await guest.join(address)
        assert refused.value.lobby == crowd.address(ROOM, "lobby")
        await guest.join(refused.value.lobby)
        called = guest.expect(has_ended)
        await anna.join(address)
        assert (anna.role(address), anna.affiliation(address)) == ("moderator", "owner")
        await called
        await guest.join(address)
        assert (guest.role(address), guest.affiliation(address)) == ("participant", "none")
        late = await crowd.guest()
        await anna.leave(address)
        await late.join(address)  # the room lives on
        await guest.until(lambda: guest.others(address) == {late.nick})
        assert guest.role(address) == late.role(address) == "participant"
        assert await refusal(guest.change(address, affiliation="owner", jid=guest.address)) == "not-allowed"

    play(scene)


def test_a_room_whose_people_all_left_has_to_be_opened_again(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna = await opened(crowd, "anna")
        guest = await crowd.guest()
        await guest.join(address)
        await anna.leave(address)
        await guest.leave(address)
        assert await refusal(guest.join(address)) == "registration-required"
        bernd = await crowd.person("bernd")
        await bernd.join(address)
        assert bernd.role(address) == "moderator"

    play(scene)


def test_a_user_who_is_no_moderator_opens_nothing(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        _, carla = await opened(crowd), await crowd.person("carla")
        assert await refusal(carla.join(address)) == "registration-required"
        anna = await crowd.person("anna")
        await anna.join(address)
        await carla.join(address)
        assert carla.role(address) == "participant"

    play(scene)


def test_not_even_who_is_let_through_the_lobby_opens_a_room(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        (focus,) = await opened(crowd)
        guest = await crowd.guest()
        await focus.change(address, affiliation="member", jid=guest.address)
        assert await refusal(guest.join(address)) == "registration-required"

    play(scene)


def test_every_account_is_a_moderator_when_the_customer_says_so(play, prosody):
    prosody.follow(by="all")

    async def scene(crowd):
        _, emil = await opened(crowd, "emil")
        assert emil.role(crowd.address(ROOM)) == "moderator"

    play(scene)


@pytest.mark.usefixtures("empty_seats")
def test_the_fourth_moderator_has_to_wait_for_a_seat_and_gets_it_by_reload(play, prosody):
    names = ["anna", "bernd", "carla", "dora"]
    prosody.follow(names=names, seats=3)

    async def scene(crowd):
        address = crowd.address(ROOM)
        focus, *people = await opened(crowd, *names[:3])
        dora = await crowd.person_everywhere("dora")
        await dora.join(address)
        people.append(dora)
        guest = await crowd.guest()
        await guest.join(address)
        assert [person.role(address) for person in people] == ["moderator"] * 3 + ["participant"]
        [warning] = prosody.lines("every seat for moderators is taken")
        assert "\twarn\t" in warning
        assert "dora" not in warning
        # Alone he opens nothing either.
        other = crowd.address("other")
        await focus.join(other, "focus")
        assert await refusal(dora.join(other)) == "registration-required"
        # Who has a seat keeps it.
        await people[0].leave(address)
        await people[0].join(address)
        assert people[0].role(address) == "moderator"
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        assert await asyncio.to_thread(prosody.seats) == dict.fromkeys(names[:3], today)

        await asyncio.to_thread(prosody.follow, names=names, seats=4)
        await dora.become(address, "moderator")
        assert not any(person.over for person in (focus, guest, *people))
        assert guest.others(address) == {person.nick for person in people}
        await dora.join(other)
        assert dora.role(other) == "moderator"
        assert (await asyncio.to_thread(prosody.seats)).keys() == set(names)

    play(scene)


@pytest.mark.usefixtures("empty_seats")
def test_a_seat_survives_a_restart_and_is_free_after_its_days(play, prosody):
    prosody.follow(seats=1, seat_days=14)

    async def anna_opens(crowd):
        await opened(crowd, "anna")

    play(anna_opens)
    [(name, _)] = prosody.seats().items()
    assert name == "anna"

    async def bernd_cannot(crowd):
        _, bernd = await opened(crowd), await crowd.person("bernd")
        assert await refusal(bernd.join(crowd.address(ROOM))) == "registration-required"

    prosody.restart()
    prosody.follow(seats=1, seat_days=14)
    play(bernd_cannot)
    prosody.age_seats(13)
    prosody.follow(seats=1, seat_days=14)
    play(bernd_cannot)
    prosody.age_seats(14)
    prosody.follow(seats=1, seat_days=14)

    async def bernd_can(crowd):
        _, bernd = await opened(crowd, "bernd")
        assert bernd.role(crowd.address(ROOM)) == "moderator"

    play(bernd_can)
    assert prosody.seats().keys() == {"bernd"}


def test_moderators_with_rooms_of_their_own_are_guests_of_each_other(play, prosody):
    prosody.follow(names=["anna", "bernd", "carla"], rooms={"moderation": "own", "comoderators": {"annas": ["carla"]}})

    async def scene(crowd):
        annas, bernds = crowd.address("annas"), crowd.address("bernds")
        (focus,) = await opened(crowd, room="annas")
        await focus.join(bernds, "focus")
        anna, bernd, carla = [await crowd.person_everywhere(name) for name in ("anna", "bernd", "carla")]
        await anna.join(annas)
        await bernd.join(bernds)
        await bernd.join(annas)
        await anna.join(bernds)
        await carla.join(annas)
        await carla.join(bernds)
        assert (anna.role(annas), bernd.role(annas), carla.role(annas)) == ("moderator", "participant", "moderator")
        assert (anna.role(bernds), bernd.role(bernds), carla.role(bernds)) == (
            "participant",
            "moderator",
            "participant",
        )
        # The opener comes back to what is still his; nobody takes it meanwhile.
        await anna.leave(annas)
        await bernd.leave(annas)
        await bernd.join(annas)
        assert bernd.role(annas) == "participant"
        await anna.join(annas)
        assert anna.role(annas) == "moderator"

    play(scene)


@pytest.mark.parametrize(
    ("may_name", "another", "guest_too"),
    [("nobody", "not-allowed", "not-allowed"), ("moderators", "", "not-allowed"), ("anyone", "", "")],
)
def test_whom_a_moderator_may_make_one(play, prosody, may_name, another, guest_too):
    prosody.follow(may_name=may_name, rooms={"moderation": "own"})

    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna, bernd = await opened(crowd, "anna", "bernd")
        guest = await crowd.guest()
        await guest.join(address)
        for who, expected in ((bernd, another), (guest, guest_too)):
            for item in (
                {"affiliation": "owner", "jid": who.address},
                {"affiliation": "admin", "jid": who.address},
                {"affiliation": "owner", "nick": who.nick},
                {"role": "moderator", "nick": who.nick},
            ):
                assert await refusal(anna.change(address, **item)) == expected, item
            await anna.until(lambda: anna.others(address) == {bernd.nick, guest.nick})
            assert (who.role(address) == "moderator") == (expected == "")
        # Nobody else may name anybody, himself least of all.
        for item in ({"affiliation": "owner", "jid": guest.address}, {"role": "moderator", "nick": guest.nick}):
            if guest_too:
                assert await refusal(guest.change(address, **item)) == "not-allowed"

    play(scene)


async def named(crowd, address):
    """A moderator in the room, and a guest whom she has made one, too."""
    _, anna = await opened(crowd, "anna")
    guest = await crowd.guest()
    await guest.join(address)
    await anna.change(address, affiliation="owner", jid=guest.address)
    await guest.become(address, "moderator")
    return anna, guest


def test_whom_a_moderator_put_back_stays_there(play, prosody):
    prosody.follow(may_name="anyone")

    async def scene(crowd):
        address = crowd.address(ROOM)
        anna, guest = await named(crowd, address)
        await guest.leave(address)
        await guest.join(address)
        assert guest.role(address) == "moderator"
        await anna.change(address, affiliation="none", jid=guest.address)
        await guest.become(address, "participant")
        await guest.leave(address)
        await guest.join(address)
        assert guest.role(address) == "participant"

    play(scene)


def test_who_was_named_stays_one_only_as_long_as_the_rules_allow_it(play, prosody):
    prosody.follow(may_name="anyone")

    async def scene(crowd):
        address = crowd.address(ROOM)
        anna, guest = await named(crowd, address)
        await asyncio.to_thread(prosody.follow, may_name="moderators")
        await guest.become(address, "participant")
        assert anna.role(address) == "moderator"

    play(scene)


def test_the_focus_cannot_make_anybody_a_moderator_either(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        focus, _anna = await opened(crowd, "anna")
        guest = await crowd.guest()
        await guest.join(address)
        assert await refusal(focus.change(address, affiliation="owner", jid=guest.address)) == "not-allowed"

    play(scene)


def test_a_moderator_cannot_make_his_room_outlive_the_meeting(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna = await opened(crowd, "anna")
        await configure(anna, address, persistentroom="1")
        guest = await crowd.guest()
        await anna.leave(address)
        assert await refusal(guest.join(address)) == "registration-required"

    play(scene)


async def configure(person, room, **options):
    """Submits the room's configuration form with these values."""
    owner, data = "http://jabber.org/protocol/muc#owner", "{jabber:x:data}"
    values = {"FORM_TYPE": "http://jabber.org/protocol/muc#roomconfig"}
    values |= {f"muc#roomconfig_{name}": value for name, value in options.items()}
    fields = [element(f"{data}field", element(f"{data}value", value), var=name) for name, value in values.items()]
    form = element(f"{data}x", *fields, type="submit")
    await person.request(room, element(f"{{{owner}}}query", form))


def test_breakout_rooms_follow_their_main_room(play):
    async def scene(crowd):
        # A room of its own: it stays open for five seconds after the last one has left.
        room, breakouts = "groups", f"breakout.{crowd.domain}"
        address = crowd.address(room)
        focus, anna = await opened(crowd, "anna", room=room)
        guest, stranger = await crowd.guest(room), await crowd.guest(room)
        await guest.join(address)
        # A guest's wish makes none.
        guest.send("message", breakouts, element("breakout_rooms", type="features/breakout-rooms/add", subject="group"))
        breakout = await breakout_room(crowd, anna)
        await focus.join(breakout, "focus")
        await guest.join(breakout)
        assert guest.role(breakout) == "participant"
        # By our own module: upstream's lets strangers in, in the oldest release that the toolkit knows.
        with pytest.raises(Refused, match="not-allowed") as refused:
            await stranger.join(breakout)
        assert "open main room" in refused.value.text
        await anna.join(breakout)
        assert anna.role(breakout) == "moderator"
        for item in ({"affiliation": "owner", "jid": guest.address}, {"role": "moderator", "nick": guest.nick}):
            assert await refusal(anna.change(breakout, **item)) == "not-allowed"
        assert guest.role(breakout) == "participant"
        invented = crowd.address("invented", "breakout")
        assert await refusal(focus.knock(invented))

    play(scene)


def test_names_of_rooms(play, prosody):
    prosody.follow(names=["anna"], rooms={"names": {"prefixes": ["acme-"], "fixed": ["board"], "shortest": 8}})

    async def scene(crowd):
        focus, anna = await crowd.focus(), await crowd.person_everywhere("anna")
        for name, good in (("acme-daily", True), ("board", True), ("acme-1", False), ("daily-acme-", False)):
            address = crowd.address(name)
            asked = await refusal(anna.ask_focus(address))
            assert asked == ("not-allowed" if not good else "service-unavailable"), name  # the focus here is mute
            assert await refusal(focus.join(address, "focus")) == ("" if good else "not-allowed"), name
            if good:
                await anna.join(address)
        with pytest.raises(Refused) as refused:
            await anna.ask_focus(crowd.address("ACME-1"))
        # The page shows it in this form, and asks again for a minute in any other.
        assert refused.value.condition == "not-allowed"
        assert "at least 8 characters" in refused.value.shown
        assert "mindestens 8 Zeichen" in refused.value.shown
        # Rules that change under a room keep out who comes new, and nobody is put out.
        await asyncio.to_thread(
            prosody.follow, names=["anna"], rooms={"names": {"prefixes": [], "fixed": ["board"], "shortest": 0}}
        )
        guest = await crowd.guest()
        assert await refusal(guest.join(crowd.address("acme-daily"))) == "not-allowed"
        assert anna.role(crowd.address("acme-daily")) == "moderator"

    play(scene)


def test_nobody_enters_the_rooms_jicofo_makes_for_itself(play):
    async def scene(crowd):
        address = crowd.address("__jicofo-health-check-x")
        focus, guest, anna = await crowd.focus(), await crowd.guest(), await crowd.person_everywhere("anna")
        await focus.join(address, "focus")
        for person in (guest, anna):
            assert await refusal(person.ask_focus(address)) == "not-allowed"
            assert await refusal(person.join(address)) == "not-allowed"

    play(scene)


def test_a_room_may_have_its_lobby_from_the_beginning(play, prosody):
    prosody.follow(rooms={"lobby": True})

    async def scene(crowd):
        address = crowd.address(ROOM)
        await opened(crowd)
        anna, bernd = await crowd.person("anna"), await crowd.person("bernd")
        told = anna.expect(lambda xml: metadata(xml).get("lobbyEnabled"))
        await anna.join(address)
        await told  # or the page would offer to open one
        await bernd.join(address)
        assert (anna.role(address), bernd.role(address)) == ("moderator", "moderator")  # bernd did not knock
        guest = await crowd.guest()
        with pytest.raises(Refused) as refused:
            await guest.join(address)
        assert refused.value.lobby == crowd.address(ROOM, "lobby")
        await configure(anna, address, membersonly="0")
        await guest.join(address)

    play(scene)


def test_a_guest_who_waits_neither_takes_nor_ends_the_lobby_and_gets_no_answer(play):
    async def scene(crowd):
        address = crowd.address(ROOM)
        await opened(crowd)
        guest, other = await crowd.guest(), await crowd.guest()
        lobby = await waits(guest, address)
        for attempt in (
            guest.change(lobby, affiliation="owner", jid=guest.address),
            guest.own(lobby, element("{http://jabber.org/protocol/muc#owner}destroy")),
        ):
            with pytest.raises(Refused, match="silence"):
                await guest.unless_silent(attempt)
        await guest.leave(lobby)
        await guest.join(lobby)
        assert guest.affiliation(lobby) == "none"
        assert await waits(other, address) == lobby
        assert guest.others(lobby) == set(), "those who wait do not see each other"

    play(scene)


async def waits(guest, address):
    """The lobby where the guest waits."""
    with pytest.raises(Refused) as refused:
        await guest.join(address)
    await guest.join(refused.value.lobby)
    return refused.value.lobby


async def muted(person, address):
    """What the room says on entering is muted, whatever the person's page says."""
    told = person.expect(lambda xml: "startMuted" in metadata(xml))
    await person.join(address)
    return metadata(await told)["startMuted"]


@pytest.mark.parametrize("rule", [{"audio": True, "video": True}, {"audio": True, "video": False}])
def test_who_enters_is_muted_as_the_customer_chose_until_a_moderator_changes_it(play, prosody, rule):
    prosody.follow(rooms={"muted_at_entry": rule})

    async def scene(crowd):
        address = crowd.address(ROOM)
        await opened(crowd)
        anna, guest, late = await crowd.person("anna"), await crowd.guest(), await crowd.guest()
        assert await muted(anna, address) == rule
        assert await muted(guest, address) == rule
        wish = {"audio": False, "video": True}
        changed = guest.expect(lambda xml: metadata(xml).get("startMuted") == wish)
        change = element(
            "{http://jitsi.org/jitmeet}room_metadata", json.dumps({"key": "startMuted", "data": wish}), room=address
        )
        guest.send("message", f"metadata.{crowd.domain}", change)  # who may not
        late.send("message", f"metadata.{crowd.domain}", change)
        assert await muted(late, address) == rule
        anna.send("message", f"metadata.{crowd.domain}", change)
        await changed
        # The next meeting in the room begins anew.
        for person in (anna, guest, late):
            await person.leave(address)
        assert await muted(anna, address) == rule

    play(scene)


def test_guests_wait_until_the_room_has_a_password(play, prosody):
    prosody.follow(rooms={"password": True})

    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna = await opened(crowd, "anna")
        guest = await crowd.guest()
        with pytest.raises(Refused) as refused:
            await guest.join(address)
        await guest.join(refused.value.lobby)
        called = guest.expect(has_ended)
        await configure(anna, address, roomsecret="sesame", membersonly="1")
        await called
        assert await refusal(guest.join(address)) == "not-authorized"
        assert await refusal(guest.join(address, None, "wrong")) == "not-authorized"
        await guest.join(address, None, "sesame")
        await configure(anna, address, roomsecret="")
        late = await crowd.guest()
        assert await refusal(late.join(address)) == "registration-required"
        assert guest.role(address) == "participant"

    play(scene)


def test_the_next_meeting_has_no_password_of_the_last_one(play, prosody):
    """The focus is still there: the room itself does not end."""

    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna = await opened(crowd, "anna")
        bernd = await crowd.person("bernd")
        await configure(anna, address, roomsecret="sesame")
        assert await refusal(bernd.join(address)) == "not-authorized"
        await anna.leave(address)
        await bernd.join(address)
        assert bernd.role(address) == "moderator"

    play(scene)


def test_a_full_room_is_full_but_for_moderators(play, prosody):
    prosody.follow(rooms={"max_occupants": 2})

    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna = await opened(crowd, "anna")
        guests = [await crowd.guest() for _ in range(2)]
        await guests[0].join(address)
        assert await refusal(guests[1].join(address)) == "service-unavailable"
        bernd = await crowd.person("bernd")
        await bernd.join(address)
        await bernd.leave(address)
        await anna.leave(address)
        await guests[1].join(address)

    play(scene)


def test_who_loses_the_right_loses_it_at_once_and_stays_in_the_meeting(play, prosody):
    async def scene(crowd):
        address = crowd.address(ROOM)
        _, anna, bernd = await opened(crowd, "anna", "bernd")
        await asyncio.to_thread(prosody.follow, names=["anna"])
        await bernd.become(address, "participant")
        assert anna.role(address) == "moderator"
        assert anna.others(address) == {bernd.nick}

    play(scene)


@pytest.mark.parametrize("broken", ["{", "[]", "", '{"by": "all"}', '{"by": "everybody"}'])
def test_a_broken_rules_file_changes_nothing(play, prosody, broken):
    line = prosody.reload(broken)
    assert "\terror\t" in line
    assert "stay as they were" in line
    checked = prosody.machine.sh("prosodyctl mod_muc_moderators check", check=False, input=broken)
    assert checked.returncode == 1
    assert len(checked.stderr.splitlines()) == 1

    async def scene(crowd):
        _, anna = await opened(crowd, "anna")
        assert anna.role(crowd.address(ROOM)) == "moderator"

    play(scene)


def test_the_roles_own_rules_pass_the_check(prosody):
    prosody.machine.sh("prosodyctl mod_muc_moderators check", input=json.dumps(prosody.rules))


def test_a_meeting_and_its_words_end_with_the_server(play, prosody):
    """Whatever of it was going on: prosody keeps rooms in memory only."""
    name, subject, said = (secrets.token_hex(12) for _ in range(3))
    # Everywhere but among the system's programs, and in the log, which is these tests' own: the role's has less.
    places = "/etc /home /opt /root /run /srv /tmp /var"
    written = (
        f"grep -rlaF -e {name} -e {subject} -e {said} --exclude=prosody.log {places}; find {places} -name '*{name}*'"
    )

    async def meeting(crowd):
        address = crowd.address(name)
        _, anna = await opened(crowd, "anna", room=name)
        await anna.configure(address, persistentroom="1")  # which she may ask for, like anything
        guest = await crowd.guest()
        await guest.join(address)
        heard = guest.hear(said), guest.expect(lambda xml: xml.findtext(SUBJECT) == subject)
        anna.send("message", address, element("subject", subject), type="groupchat")
        anna.say(address, said)
        await asyncio.gather(*heard)
        assert await guest.exists(address)
        await asyncio.to_thread(prosody.restart, f"! ({written}) | grep .")

    async def next_meeting(crowd):
        address = crowd.address(name)
        guest = await crowd.guest()
        assert not await guest.exists(address)
        assert await refusal(guest.join(address)) == "not-allowed"  # as where there never was a room
        heard = asyncio.ensure_future(guest.hear(said))
        told = guest.expect(lambda xml: xml.find(SUBJECT) is not None)
        await opened(crowd, "anna", room=name)
        await guest.join(address)
        assert (await told).findtext(SUBJECT) in (None, "")
        assert not heard.done()
        heard.cancel()

    play(meeting)
    play(next_meeting)
    assert prosody.machine.sh(written, check=False).stdout == ""
