"""A real prosody of Debian 12 and of Debian 13, with the configuration and modules the role brings, and people in it.

Jitsi's own modules are the stand-ins, and the focus is a client of these tests: what happens is prosody's doing.
"""

import asyncio
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from machine import SUITES, Machine, root_filesystems, wait
from rendering import render
from xmpp import Refused, element, session

from programs.login.backends import User
from programs.login.tokens import token_for

ROOT = Path(__file__).parents[2]

EXAMPLE = "example-small"
ROOM = "daily"
PEOPLE = ("anna", "bernd", "carla", "dora", "emil")
RULES = "/etc/prosody/moderators.json"
LOG = "prosody/prosody.log"
JSON = "{http://jitsi.org/jitmeet}json-message"
SEATS = "/var/lib/prosody/*/moderator_seats.dat"


@dataclass(frozen=True)
class House:
    """What a session has to know of the customer: the names of one virtual host, and who has an account on it."""

    domain: str
    moderators: dict[str, str]
    page: str
    consent: bool = False
    tokens: str = ""  # the key of the login service's, whose users these are
    login_service: bool = False

    def token(self, name, secret="", room=""):
        """What nginx is given by the login service for a user's signalling."""
        return token_for(User(name), room, secret or self.tokens, 60)

    @property
    def addresses(self):
        return {self.page: ["127.0.0.1"]}

    @property
    def url(self):
        return f"http://{self.page}:5280"

    def address(self, name):
        return self.addresses[name][0]


def accounts(machine, hosts, subscribers=None, dry=False):
    """Has prosody store exactly these accounts; returns which it added, updated, removed and subscribed."""
    declaration = json.dumps({"hosts": hosts, "subscribers": subscribers or {}, "dry": dry})
    return json.loads(machine.sh("prosodyctl mod_declared_accounts", input=declaration).stdout.splitlines()[-1])


def link_libraries(machine):
    """What the role gives Lua for Jitsi's modules of tokens."""
    libraries = yaml.safe_load((ROOT / "roles/prosody/vars/main.yml").read_text())["__prosody_lua"]
    machine.sh("mkdir -p /usr/local/share/lua/5.4")
    for name, file in libraries.items():
        machine.sh(f"ln -s {file} /usr/local/share/lua/5.4/{name}.lua")


class Prosody:
    """A running prosody."""

    def __init__(self, machine, rendered):
        self.machine, self.domain = machine, rendered.domain
        self.rules = json.loads(rendered.only("moderators.json"))
        self.key = (re.findall(r'app_secret = "([^"]+)"', rendered.only("prosody.cfg.lua")) or [""])[0]
        [self.open_files] = re.findall(r"(?m)^LimitNOFILE=(\d+)$", rendered.only("prosody.service"))
        # The only line that is not the role's: beside the journal's log there is one of these tests' own.
        text, changed = re.subn(r"(?m)^log = \{", rf"\g<0>{LOG_TO_FILE}", rendered.only("prosody.cfg.lua"))
        assert changed == 1
        machine.put("/etc/prosody/prosody.cfg.lua", text)
        machine.put(RULES, json.dumps(self.rules))
        stand_ins = ROOT / "lab/packages/jitsi-meet-prosody/root/usr/share/jitsi-meet"
        shutil.copytree(stand_ins, machine.root / "usr/share/jitsi-meet")
        shutil.copytree(ROOT / "roles/prosody/files/modules", machine.root / "usr/local/lib/prosody/modules")
        focus = f"focus@auth.{self.domain}"
        machine.sh(
            "cd /etc/prosody/certs && openssl req -x509 -newkey ec "
            f"-pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout internal-auth.{self.domain}.key "
            f"-out internal-auth.{self.domain}.crt 2>/dev/null && chgrp prosody * && chmod 640 *.key"
        )
        link_libraries(machine)
        accounts(machine, {f"auth.{self.domain}": {"focus": "focus"}}, {focus: [f"focus.{self.domain}"]})
        self.start()

    def log(self):
        return self.machine.log(LOG) + self.journal()

    def journal(self):
        """What the role has prosody tell the journal."""
        return self.machine.log("prosody/out.log")

    def lines(self, text):
        return [line for line in self.machine.log(LOG).splitlines() if text in line]

    def reload(self, text):
        """Puts a rules file in place and has prosody reload; returns what its log says of it."""
        before = len(self.lines("rules for moderators"))
        self.machine.put(RULES, text)
        self.process.send_signal(signal.SIGHUP)
        return wait(lambda: self.lines("rules for moderators")[before:], self.log)[0]

    def follow(self, rooms=None, **changes):
        """Takes the role's rules with these changes."""
        rules = self.rules | changes | {"rooms": self.rules["rooms"] | (rooms or {})}
        assert "are read" in self.reload(json.dumps(rules))

    def seats(self):
        printed = self.machine.sh(f"prosodyctl mod_muc_moderators seats {self.domain}").stdout
        # Before it come prosody's own words about lua-unbound, which is not installed here.
        seats = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        return {seat["name"]: seat["last_day"] for seat in seats}

    def restart(self, before="true"):
        """Ends prosody, runs the shell script, and starts prosody again."""
        self.machine.stop(self.process)
        self.machine.sh(before)
        self.machine.put(f"/var/log/{LOG}", "")
        self.start()

    def start(self):
        self.process = self.machine.start_prosody(self.open_files)
        wait(self._is_ready, self.log)

    def _is_ready(self):
        """Does it answer, and would it take a signal to reload as such? It can do the latter last."""
        assert self.process.poll() is None, self.log()
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        taken = [int(mask, 16) >> signal.SIGHUP - 1 & 1 for mask in re.findall(r"Sig(?:Cgt|Blk):\s*(\w+)", status)]
        return any(taken) and "Activated service 'http'" in self.log()

    def age_seats(self, days):
        """As if all seats had been used last that many days ago."""
        day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days)
        self.restart(f"sed -Ei 's/[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/{day}/' {SEATS}")


LOG_TO_FILE = '{levels = {min = "info"}, to = "file", filename = "/var/log/prosody/prosody.log"};'


class Inside:
    """A thread with an event loop in the network of a machine, where the tests' people live."""

    def __init__(self, machine):
        self.loop, self.ready = asyncio.new_event_loop(), threading.Event()
        self.network = f"/proc/{machine.holder.pid}/ns/net"
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait()

    def _run(self):
        with open(self.network) as network:
            os.setns(network.fileno(), os.CLONE_NEWNET)
        asyncio.set_event_loop(self.loop)
        self.ready.set()
        self.loop.run_forever()

    def run(self, coroutine, seconds=60):
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(seconds)
        finally:
            future.cancel()  # or its people stay in the room, for the next test to meet

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


class Crowd:
    """Lets people in: guests, those with an account, and the focus, which opens rooms when it is told to."""

    def __init__(self, domain, stack, key=""):
        self.domain, self.stack = domain, stack
        self.people = House(domain, {name: name for name in PEOPLE}, domain, tokens=key)
        self.staff = House(f"auth.{domain}", {"focus": "focus"}, domain)

    async def _come(self, house, name, **options):
        arrival = session(house, "websocket", ssl.create_default_context(), name, **options)
        return await self.stack.enter_async_context(arrival)

    async def guest(self, room=ROOM):
        return await self._come(self.people, "", room=room)

    async def person(self, name, room=ROOM):
        return await self._come(self.people, "", token=self.people.token(name, room=room), room=room)

    async def person_everywhere(self, name):
        """With a token for every room, which the login service never signs, where the rules alone are looked at."""
        return await self._come(self.people, "", token=self.people.token(name, room="*"), room=ROOM)

    async def focus(self):
        return await self._come(self.staff, "focus")

    def address(self, room, kind="conference"):
        return f"{room}@{kind}.{self.domain}"


async def opened(crowd, *names, room=ROOM):
    """The focus and these people in the room, in this order."""
    address = crowd.address(room)
    focus = await crowd.focus()
    await focus.join(address, "focus")
    people = [await crowd.person(name, room) for name in names]
    for person in people:
        await person.join(address)
    return focus, *people


async def refusal(attempt):
    """The condition with which the server refuses it; empty when it does not."""
    try:
        await attempt
    except Refused as refused:
        return refused.condition
    return ""


def metadata(xml):
    """What a stanza tells of a room's metadata."""
    text = xml.findtext(JSON)
    told = json.loads(text) if text and xml.get("from", "").startswith("metadata.") else {}
    return told.get("metadata", {})


async def breakout_room(crowd, moderator):
    """The address of a breakout room that this moderator makes, the only one of the meeting."""
    component = f"breakout.{crowd.domain}"

    def rooms(xml):
        text = xml.findtext(JSON) if xml.get("from") == component else None
        return (
            [room["jid"] for room in json.loads(text)["rooms"].values() if not room.get("isMainRoom")] if text else []
        )

    told = moderator.expect(rooms)
    wish = element("breakout_rooms", type="features/breakout-rooms/add", subject="group")
    moderator.send("message", component, wish)
    [breakout] = rooms(await told)
    return breakout


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    return render(EXAMPLE, tmp_path_factory.mktemp(EXAMPLE), roles=["prosody"])


@pytest.fixture(scope="session")
def roots():
    return root_filesystems()


@pytest.fixture(scope="module")
def prepare():
    """prepare(machine): what prosody finds besides, when it starts."""
    return lambda machine: None


@pytest.fixture(scope="module", params=SUITES)
def started(request, rendered, roots, prepare, tmp_path_factory):
    machine = Machine(roots[request.param], tmp_path_factory.mktemp(request.param))
    try:
        prepare(machine)
        prosody = Prosody(machine, rendered)
        prosody.inside = Inside(machine)
        yield prosody
        prosody.inside.close()
    finally:
        machine.close()


@pytest.fixture
def prosody(started):
    """With the role's own rules."""
    started.follow()
    return started


@pytest.fixture
def empty_seats(prosody):
    """Nobody has a seat."""
    prosody.restart(f"rm -f {SEATS}")


@pytest.fixture
def play(prosody):
    """play(scene): runs scene(crowd), an async function, for a minute at most; everybody goes home afterwards."""

    def run(scene, seconds=60):
        async def evening():
            async with contextlib.AsyncExitStack() as stack:
                await scene(Crowd(prosody.domain, stack, prosody.key))

        try:
            prosody.inside.run(evening(), seconds)
        except TimeoutError:
            pytest.fail(f"somebody waits in vain; prosody's log ends with:\n{prosody.log()[-6000:]}")

    return run
