"""What prosody's hosts and components do for whom, found from the configuration the role renders; and what it logs."""

import asyncio
import base64
import contextlib
import hmac
import json
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import aiohttp
import pytest
import visitor
from conftest import JSON, ROOM, breakout_room, opened, refusal
from rendering import render
from xmpp import DISCO, Refused, element, fromstring, opening

ROOT = Path(__file__).parents[2]
EXAMPLE = "example-services"  # with every kind of machine that has a host of its own
SESSIONS = 300  # from one address
DATA = "/var/lib/prosody"

# A module with the mistakes a module can make.
CLUMSY = """
module:hook("iq-get/host/urn:clumsy:query", function (event)
	local from = event.stanza.attr.from;
	module:log("error", "no question is taken from " .. from);
	module:log("warn", from);
	module:log("warn", "%s asks in vain", from);
	event.origin.log("error", "asked by %s", from);
	error("nothing is known of " .. from);
end);
"""


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    people = json.dumps({"jitsi_participants_per_address": SESSIONS // 2})
    return render(EXAMPLE, tmp_path_factory.mktemp("hosts"), "-e", people, roles=["prosody"])


@pytest.fixture(scope="session")
def hosts(rendered):
    return re.findall(r'^(?:VirtualHost|Component) "([^"]+)"', rendered.only("prosody.cfg.lua"), re.M)


@pytest.fixture(scope="module")
def prepare():
    return lambda machine: machine.put("/usr/lib/prosody/modules/mod_clumsy.lua", CLUMSY)


async def gets_in(person, room):
    try:
        await person.knock(room)
    except Refused:
        return False
    return True


async def features(person, host):
    try:
        answer = await person.request(host, element(f"{{{DISCO}}}query"), "get")
    except Refused:
        return set()
    return {feature.get("var") for feature in answer.iter(f"{{{DISCO}}}feature")}


def test_no_guest_opens_a_room_on_any_host(play, prosody, hosts):
    services = set()

    async def scene(crowd):
        guest, witness = await crowd.guest(), await crowd.guest()
        for host in hosts:
            room = f"{ROOM}@{host}"
            assert not await gets_in(guest, room), f"a guest opens a room on {host}"
            assert not await gets_in(witness, room), f"after a guest tried, a room is open on {host}"
            if "http://jabber.org/protocol/muc" in await features(guest, host):
                services.add(host.removesuffix(f".{crowd.domain}"))

    play(scene)
    # Otherwise nothing was asked: these are room services in any release.
    assert {"conference", "breakout", "lobby", "internal.auth"} <= services
    kept = prosody.machine.sh(f"find {DATA} -path '*{ROOM}*'").stdout
    assert kept == ""


def test_two_meetings_at_once_have_breakout_rooms(play, prosody):
    """jicofo enters the breakout rooms of every meeting, not only of the one it entered last."""

    async def scene(crowd):
        focus = await crowd.focus()
        meetings = {}
        await asyncio.to_thread(prosody.follow, names=["anna", "bernd"])
        for name, moderator in (("first", "anna"), ("second", "bernd")):
            address = crowd.address(name)
            await focus.join(address, "focus")
            person, guest = await crowd.person(moderator, name), await crowd.guest(name)
            await person.join(address)
            await guest.join(address)
            meetings[name] = person, guest
        for name, (person, guest) in meetings.items():
            breakout = await breakout_room(crowd, person)
            assert await refusal(focus.join(breakout, "focus")) == "", f"jicofo is refused in the {name} meeting"
            await person.join(breakout)
            await guest.join(breakout)
            assert person.role(breakout) == "moderator"
            assert guest.role(breakout) == "participant"
        strangers = [guest for _, guest in meetings.values()]
        for stranger, room in zip(strangers, reversed([guest.nicks for guest in strangers]), strict=True):
            [other] = [address for address in room if "@breakout." in address]
            assert await refusal(stranger.join(other)) == "not-allowed"

    play(scene)


def test_the_focus_is_not_told_of_files_that_people_share(play, prosody):
    """What works for the conference's rooms knows jicofo among the people, who is nobody of the meeting."""

    def share(person):
        file = element("{http://jitsi.org/jitmeet}file-sharing", json.dumps({"fileId": "agenda"}), type="add")
        return person.send("message", f"filesharing.{person.domain}", file)

    def shared(xml):
        text = xml.findtext(JSON) if xml.get("from", "").startswith("filesharing.") else None
        return text and json.loads(text)["file"]["fileId"] == "agenda"

    async def scene(crowd):
        address = crowd.address(ROOM)
        focus, anna = await opened(crowd, "anna")
        guest = await crowd.guest()
        await guest.join(address)
        await anna.become(address, "moderator")
        refused = anna.expect(lambda xml: xml.find(".//{*}forbidden") is not None)
        share(anna)
        await refused  # a moderator without a token may not
        session = f'prosody.full_sessions["{anna.client.boundjid.full}"]'
        features = f'{session}.jitsi_meet_context_features = {{ ["file-upload"] = true }}'  # as a token brings them
        prosody.machine.sh(f"prosodyctl shell '> {features}'")
        told = [asyncio.ensure_future(person.expect(shared)) for person in (guest, focus)]
        await asyncio.sleep(0)
        share(anna)
        await told[0]
        await focus.exists(address)  # whatever it was told came before the answer
        assert not told[1].done(), "jicofo is told of a file"
        told[1].cancel()

    play(scene)


def test_a_disorderly_meeting_leaves_events_in_the_journal_and_nobodys_data(play, prosody):
    """Whatever people get wrong, and whatever Jitsi's modules and prosody write about it."""
    room, name, said = (secrets.token_hex(12) for _ in range(3))
    told = {"the room": room, "a name": name, "what was said": said}
    prosody.machine.sh(f"prosodyctl shell module load clumsy {prosody.domain}")

    async def scene(crowd):
        address, domain = crowd.address(room), crowd.domain
        _, anna = await opened(crowd, "anna", room=room)
        guest, outsider = await crowd.guest(room), await crowd.guest(room)
        await guest.join(address, name=name)
        told["an address"] = guest.address.partition("@")[0]
        told["an outsider's address"] = outsider.address.partition("@")[0]
        poll = element("{http://jitsi.org/jitmeet}json-message", json.dumps({"command": "new-poll", "question": said}))
        broken = element("{http://jitsi.org/jitmeet}json-message", "{" + said)
        breakout = element("breakout_rooms", type="features/breakout-rooms/add", subject=said)
        away = element("breakout_rooms", type="features/breakout-rooms/move-to-room", roomJid=f"{said}@{domain}")
        change = element("{http://jitsi.org/jitmeet}room_metadata", said, room=address)
        for person in (guest, outsider, anna):
            for host, wishes in {
                "polls": (poll, broken), "breakout": (breakout, away), "metadata": (change,),
                "avmoderation": (element("av_moderation", enable="true", mediaType=said),),
                "filesharing": (element("{http://jitsi.org/jitmeet}file-sharing", said, type="add"),),
                "endconference": (element("end_conference"),) if person is not anna else (),
                "speakerstats": (element("{http://jitsi.org/jitmeet}speakerstats", room=address),),
            }.items():  # fmt: skip
                for wish in wishes:
                    person.send("message", f"{host}.{domain}", wish)
        guest.say(f"{said}@conference.{domain}", said)
        # Refused names of rooms, and addresses that are none.
        await asyncio.to_thread(
            prosody.follow, names=["anna"], rooms={"names": {"prefixes": ["acme-"], "fixed": [], "shortest": 0}}
        )
        assert await refusal(guest.ask_focus(crowd.address(said))) == "not-allowed"
        for to in (f"{room}@nowhere.{domain}", f"{room}@{domain}/{name}", f"{room}@internal.auth.{domain}/{name}"):
            guest.present(to, name)
        with contextlib.suppress(Refused, TimeoutError):
            async with asyncio.timeout(1):
                await guest.request(domain, element("{urn:clumsy}query"), "get")
        assert await anna.exists(crowd.address("another")) is False  # all of it was gone through

    play(scene)
    journal = prosody.journal()
    assert not [what for what, text in told.items() if text in journal], journal
    # And an operator reads what happened.
    for event in (
        r"<3>mod_polls_component\.lua:\d+ error: .*…",
        r"<4>(stand_in\.lib|mod_muc_breakout_rooms)\.lua:\d+ warn: .*…",
        r"<3>mod_clumsy\.lua:4 error: …",
        r"<4>mod_clumsy\.lua:5 warn: …",
        r"<4>mod_clumsy\.lua:6 warn: … asks in vain",
        r"<3>mod_clumsy\.lua:7 error: asked by …",
        r"<3>.*at .*mod_clumsy\.lua:8",
    ):
        assert re.search(event, journal), event + journal


def test_rooms_that_an_earlier_version_kept_on_disk_are_removed(prosody, hosts, tmp_path):
    """By the role's own task, from the folders that prosody makes for them; what it keeps of people stays."""
    machine = prosody.machine
    for host in hosts:
        makes = f'> require"util.datamanager".getpath("", "{host}", "rooms", "", true)'
        machine.sh(f"prosodyctl shell '{makes}'")

    def keeping():
        return {unquote(Path(folder).parts[-2]) for folder in machine.sh(f"find {DATA} -name rooms").stdout.split()}

    assert keeping() == {*hosts}
    removal = {"name": "prosody", "tasks_from": "remove_rooms"}
    role = {"ansible.builtin.import_role": removal, "vars": {"prosody_domain": hosts[0]}}
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [role]}]))
    script = f"""
        mount -t tmpfs of-tests /var/lib
        mkdir {DATA}
        mount --bind {machine.mountpoint}{DATA} {DATA}
        cd {ROOT}
        exec {Path(sys.executable).parent}/ansible-playbook {tmp_path}/play.yml
    """
    inside = ["nsenter", "-t", str(machine.holder.pid), "-m", "unshare", "--mount", "sh", "-ec", script]
    done = subprocess.run(inside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    people = {f"{prefix}{hosts[0]}" for prefix in ("", "guest.", "auth.", "recorder.", "gateway.")}
    assert keeping() == people


async def open_socket(http, domain, address):
    """A visitor's connection as nginx hands it on; it is there as long as somebody holds it."""
    headers = {"Host": domain, "X-Forwarded-For": address}
    return await http.ws_connect("http://127.0.0.1:5280/xmpp-websocket", protocols=("xmpp",), headers=headers)


async def is_served(socket, domain):
    """Is whoever opened it asked to log in?"""
    await socket.send_str(opening(f"guest.{domain}"))
    await socket.receive(10)  # the answering stream, in any case
    return "features" in str((await socket.receive(10)).data)


def test_no_address_takes_the_sessions_of_others_and_prosody_has_more_than_1024(prosody):
    async def scene():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            held = []

            async def visitors(addresses):
                for start in range(0, SESSIONS, 50):
                    some = [addresses.format(one) for one in range(start, start + 50)]
                    held.extend(await asyncio.gather(*(open_socket(http, prosody.domain, one) for one in some)))

            async def gets_in(address):
                held.append(await open_socket(http, prosody.domain, address))
                return await is_served(held[-1], prosody.domain)

            await visitors("192.0.2.1")
            assert not await gets_in("192.0.2.1"), "one more from an address that has all its sessions"
            await visitors("2001:db8:0:1::{:x}")
            assert not await gets_in("2001:db8:0:1:ffff::1"), "one more from a /64 that has all its sessions"
            await visitors("2001:db8:{:x}::1")
            await visitors("2001:db8:0:2::{:x}")
            assert len(held) > 1024
            assert await gets_in("192.0.2.2")
            assert await gets_in("2001:db8:0:3::1")

    prosody.inside.run(scene())


SERVICES = "<iq xmlns='jabber:client' type='get' id='relays' to='{}'><services xmlns='urn:xmpp:extdisco:2'/></iq>"


def relay_credentials(prosody, *addresses):
    """User name and password of each visitor for each relay, one visitor after the other."""

    async def scene():
        found = []
        async with aiohttp.ClientSession() as http:
            for address in addresses:
                guest = visitor.Visitor(http, prosody.domain, address)
                await guest.open(ROOM)
                await guest.log_in()
                services = fromstring(await guest.ask(SERVICES.format(guest.host), "'relays'"))
                named = [service.attrib for service in services.iterfind(".//{*}service[@username]")]
                found.append([(service["username"], service["password"]) for service in named])
        return found

    return prosody.inside.run(scene())


def test_relays_share_by_the_visitors_address(prosody, rendered):
    """coturn counts what is behind the colon; the names do not tell the address, and all of them are signed."""
    addresses = ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:1:ffff::1", "2001:db8:0:2::1")
    found = relay_credentials(prosody, *addresses)
    assert all(found)
    names = [{username.partition(":")[2] for username, _ in services} for services in found]
    assert all(len(each) == 1 for each in names), "one name for all relays"
    one, again, other, network, same_network, other_network = (each.pop() for each in names)
    assert one == again != other
    assert network == same_network != other_network
    assert not any(part in one for part in ("192", "2001"))
    secret = re.search(r'external_service_secret = "([^"]+)"', rendered.only("prosody.cfg.lua"))[1]
    for username, password in (credential for services in found for credential in services):
        assert int(username.partition(":")[0]) > time.time()
        assert password == base64.b64encode(hmac.new(secret.encode(), username.encode(), "sha1").digest()).decode()


def test_who_sends_too_much_is_slowed_down_and_nobody_else(play):
    async def scene(crowd):
        flooder, other = await crowd.guest(), await crowd.guest()
        refused = flooder.expect(lambda xml: xml.find(".//{*}resource-constraint") is not None)
        for _ in range(700):
            flooder.send("iq", flooder.domain, element("{urn:xmpp:ping}ping"), type="get", id="1")
        await refused
        await other.request(other.domain, element("{urn:xmpp:ping}ping"), "get")

    play(scene)
