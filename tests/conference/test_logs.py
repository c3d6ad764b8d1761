"""What is left of a conference on the servers, and for how long."""

import asyncio
import contextlib
import json
import re
import secrets
from urllib.parse import quote

import outside
import pytest
import xmpp
from xmpp import Refused, element

LOOK = "on {server}: the named log, and the log level of the daemon that writes it; retention: role log_retention"
# Where daemons write that participants talk to. sshd is not theirs: it may name the operator's address.
DAEMONS = "nginx prosody jicofo jitsi-videobridge2 coturn jitsi-login"


async def disorder(customer, moderator, guest, asked: str, said: str) -> None:
    """What people get wrong, and what servers write about it: tokens, polls, breakout rooms and names of rooms."""
    domain = customer.domain
    claims = ({"room": said}, {"exp": 1}, {"room": said, "iss": said}) if customer.tokens else ()
    agreed = await asyncio.to_thread(outside.consent, customer) if claims else {}
    for token in (customer.token(moderator, **spoilt) for spoilt in claims):
        await asyncio.to_thread(outside.come_by_link, customer, said, token, agreed)
    news = "{http://jitsi.org/jitmeet}json-message"
    for text in ("{" + said, json.dumps({"command": "new-poll", "question": said})):
        guest.send("message", f"polls.{domain}", element(news, text))
    guest.send(
        "message", f"breakout.{domain}", element("breakout_rooms", type="features/breakout-rooms/add", subject=said)
    )
    with contextlib.suppress(Refused):
        await guest.ask_focus(customer.room(f"__jicofo-health-check-{said}"))
    for room in (f"{said}@conference.{domain}", f"{said}@nowhere.{domain}", f"{said}@internal.auth.{domain}"):
        with contextlib.suppress(Refused):
            await guest.knock(room)


@pytest.fixture(scope="module")
def traces(customer, moderator) -> dict[str, str]:
    """A disorderly conference took place; what of it must be written nowhere, with how it is called."""
    name = "Anna-" + secrets.token_hex(12)
    nick = secrets.token_hex(12)
    said = secrets.token_hex(12)
    asked = secrets.token_hex(12)
    meeting = customer.meeting_name()
    room = customer.room(meeting)

    async def conference() -> None:
        trust = outside.trust(customer)
        async with (
            xmpp.session(customer, "bosh", trust, room=meeting) as guest,
            xmpp.session(customer, "websocket", trust, moderator, room=meeting) as host,
        ):
            await host.enter(room)
            if customer.rules["lobby"] or customer.rules["password"]:  # otherwise a moderator's hand is needed
                await guest.wait(room)
            else:
                await guest.ask_focus(room)
                await guest.join(room, nick=nick, name=name)
            heard = asyncio.ensure_future(host.hear(said))
            await asyncio.sleep(0)
            host.say(room, said)
            await heard
            await disorder(customer, moderator, guest, asked, said)
            addresses.append(guest.address.partition("@")[0])

    addresses: list[str] = []
    asyncio.run(conference())
    for path in (f"/{quote(meeting)}?jwt={asked}", f"/tenant/{quote(meeting)}", f"/static/{asked}", f"/..;/{asked}%00"):
        outside.get(customer, path)
    with outside.dial(customer, customer.domain, 443) as connection:
        address = connection.getsockname()[0]
    rooms = {} if customer.has_fixed_rooms else {"the name of the room": meeting}
    return rooms | {
        "the name of a guest": name,
        "the nickname of a guest": nick,
        "what was said": said,
        "what was asked of the page": asked,
        "the address of a participant": address,
        "the account of a guest": addresses[0],
    }


def unlike_itself(text: str) -> str:
    """A regular expression that finds the text but not itself: sudo writes down the commands that search."""
    return f"[{text[0]}]{re.escape(text[1:])}"


@pytest.mark.needs("nginx", "prosody", "jicofo")
@pytest.mark.guard("it can be read later who met when and what was said", LOOK)
def test_no_traces(login, server, traces):
    """No log contains names of rooms or participants, chat messages or participants' IP addresses"""
    shell = login(server)
    shell.check_output("journalctl --sync")
    found = []
    for what, text in traces.items():
        pattern = unlike_itself(text)
        files = shell.run("grep -rlaE -e %s /var/log --exclude-dir=journal", rf"\b{pattern}\b").stdout.split()
        journal = "journalctl -q -o cat"
        if what == "the address of a participant":
            files = [file for file in files if re.match(r"/var/log/(nginx|jitsi|prosody)/", file)]
            journal += "".join(f" -u {daemon}" for daemon in DAEMONS.split())
        if shell.run(f"{journal} | grep -aqE -e %s", rf"\b{pattern}\b").rc == 0:
            files.append("the journal")
        found += [f"{what} stands in {file}" for file in files]
    assert not found, f"{server.name}: {'; '.join(found)}"


@pytest.mark.guard("data are kept longer than participants were told", LOOK)
def test_nothing_is_old(customer, login, server):
    """No log entry is older than jitsi_log_retention_days"""
    shell = login(server)
    old = shell.check_output("find /var/log -type f -size +0 -mmin +%s", str(customer.log_days * 1440)).split()
    if shell.check_output("journalctl -q -o cat -n 1 --until=-%sd", str(customer.log_days)):
        old.append("the journal")
    assert not old, f"{server.name}: older than {customer.log_days} days: {', '.join(old)}"


@pytest.mark.guard(
    "data are kept longer than participants were told", "on {server}: systemctl list-timers (role log_retention)"
)
def test_forgetting_goes_on(login, server):
    """The timers that delete old logs run today"""
    shell = login(server)
    for timer in ("logrotate.timer", "log-retention.timer"):
        state = shell.run("systemctl is-active %s", timer).stdout.strip()
        assert state == "active", f"{server.name}: {timer} is {state}"
        failed = shell.run("systemctl is-failed %s", timer.replace(".timer", ".service")).stdout.strip()
        assert failed != "failed", f"{server.name}: {timer.replace('.timer', '.service')} failed"
