"""The declared accounts, as prosody's own storage keeps them: logins are to the running prosody."""

import ssl
from urllib.parse import quote

import pytest
from conftest import House, accounts
from xmpp import Refused, session

HOST = "recorder"  # nobody else in this prosody has an account there
DAMAGE = {
    "nothing": b"",
    "cut off": b"return {",
    "no table": b'return "x";',
    "not Lua": b"\x1bLua\xff\x00",
    "a program that fails": b"os.exit()",
    "a program that does not end": b"while true do end",
    "a plain password beside": b'return { ["password"] = "other"; %s };',
    "a disabled account": b'return { ["disabled"] = true; %s };',
    "without keys": b'return { ["salt"] = "x"; ["iteration_count"] = 10000; };',
    "years of iterations": b'return { ["salt"] = "x"; ["iteration_count"] = 2000000000; };',
    "no iterations": b'return { ["salt"] = "x"; ["iteration_count"] = "many"; };',
    "other kinds": b'return { ["salt"] = {}; ["iteration_count"] = {}; ["stored_key"] = true; };',
    "a table as a key": b"return { [{}] = 1; };",
    "too deep": b"return " + b"{" * 5000,
}


@pytest.fixture
def host(prosody):
    name = f"{HOST}.{prosody.domain}"
    accounts(prosody.machine, {name: {"anna": "first", "bernd": "second"}})
    return name


@pytest.fixture
def lets_in(prosody):
    """lets_in(name, password, host): whether the running prosody does."""

    def attempt(name, password, host):
        async def log_in():
            house = House(host, {name: password}, prosody.domain)
            try:
                async with session(house, "websocket", ssl.create_default_context(), name):
                    return True
            except Refused:
                return False

        return prosody.inside.run(log_in())

    return attempt


def stored(prosody):
    """Everything that is stored for accounts: what, and since when."""
    files = (prosody.machine.root / "var/lib/prosody").glob("*/*/*.dat")
    return {file: (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino) for file in files}


def file_of(prosody, name, host, store="accounts"):
    folder = quote(host).replace(".", "%2e").replace("-", "%2d")
    return prosody.machine.root / "var/lib/prosody" / folder / store / f"{name}.dat"


def test_prosody_lets_in_whom_it_is_told_and_stores_no_password(prosody, host, lets_in):
    assert lets_in("anna", "first", host)
    assert not lets_in("anna", "second", host)
    assert b"first" not in file_of(prosody, "anna", host).read_bytes()
    owner = prosody.machine.sh("stat -c '%U %a' /var/lib/prosody/*recorder*/accounts/anna.dat").stdout
    assert owner == "prosody 640\n"


def test_a_second_run_writes_nothing(prosody, host):
    declared = {host: {"anna": "first", "bernd": "second"}}
    subscribers = {f"anna@{host}": ["focus.meet.test"]}
    accounts(prosody.machine, declared, subscribers)
    before = stored(prosody)
    assert not any(accounts(prosody.machine, declared, subscribers).values())
    assert stored(prosody) == before


def test_a_changed_password_is_set_for_that_account_alone(prosody, host, lets_in):
    before = stored(prosody)
    done = accounts(prosody.machine, {host: {"anna": "new", "bernd": "second"}})
    assert done == {"added": [], "updated": [f"anna@{host}"], "removed": [], "subscribed": []}
    changed = {file for file, kept in stored(prosody).items() if before[file] != kept}
    assert changed == {file_of(prosody, "anna", host)}
    assert lets_in("anna", "new", host)
    assert not lets_in("anna", "first", host)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_an_account_that_is_damaged_or_lets_others_in_is_replaced(prosody, host, lets_in, damage):
    file = file_of(prosody, "anna", host)
    fields = file.read_bytes().strip().removeprefix(b"return {").removesuffix(b"};")
    file.write_bytes(damage.replace(b"%s", fields))
    assert accounts(prosody.machine, {host: {"anna": "first", "bernd": "second"}})["updated"] == [f"anna@{host}"]
    assert lets_in("anna", "first", host)
    assert not any(accounts(prosody.machine, {host: {"anna": "first", "bernd": "second"}}).values())


@pytest.mark.parametrize("damage", ["nothing", "cut off", "a program that does not end"])
def test_who_is_not_declared_is_removed_with_all_that_is_stored(prosody, host, lets_in, damage):
    accounts(prosody.machine, {host: {"anna": "first", "bernd": "second"}}, {f"bernd@{host}": ["focus.meet.test"]})
    assert file_of(prosody, "bernd", host, "roster").exists()
    file_of(prosody, "carla", host).write_bytes(DAMAGE[damage])
    elsewhere = {file: kept for file, kept in stored(prosody).items() if f"{HOST}%2e" not in str(file)}
    assert accounts(prosody.machine, {host: {"anna": "first"}})["removed"] == [f"bernd@{host}", f"carla@{host}"]
    assert not lets_in("bernd", "second", host)
    assert {file.name for file in stored(prosody) if f"{HOST}%2e" in str(file)} == {"anna.dat"}
    assert elsewhere.items() <= stored(prosody).items(), "a host that is not spoken of is not touched"
    assert accounts(prosody.machine, {host: {}})["removed"] == [f"anna@{host}"]


def test_several_hosts_keep_their_own_accounts(prosody, host, lets_in):
    """prosodyctl's hosts share their events, and so, gone through all at once, their storage."""
    other = f"auth.{prosody.domain}"
    focus = {"focus": "focus"}
    done = accounts(prosody.machine, {host: {"anna": "here"}, other: focus | {"anna": "there"}})
    assert (done["added"], done["updated"]) == ([f"anna@{other}"], [f"anna@{host}"])
    assert lets_in("anna", "here", host)
    assert lets_in("anna", "there", other)
    assert not lets_in("anna", "there", host)
    assert accounts(prosody.machine, {other: focus})["removed"] == [f"anna@{other}"]


def test_a_subscriber_is_added_beside_those_in_the_roster(prosody, host):
    roster = file_of(prosody, "anna", host, "roster")
    entries = 'return { [false] = { ["version"] = 7; }; ["x@y"] = { ["subscription"] = "both"; ["groups"] = {}; }; };'
    roster.parent.mkdir(exist_ok=True)
    roster.write_text(entries)
    prosody.machine.sh("chown -R prosody: /var/lib/prosody")
    declared = {host: {"anna": "first", "bernd": "second"}}
    done = accounts(prosody.machine, declared, {f"anna@{host}": ["focus.meet.test"]})
    assert done == {"added": [], "updated": [], "removed": [], "subscribed": [f"anna@{host}"]}
    text = "".join(roster.read_text().split())
    assert '["focus.meet.test"]={["subscription"]="from";' in text.replace('["groups"]={};', "")
    for kept in ('["x@y"]={', '"both"', '["version"]=7;'):
        assert kept in text


def test_a_dry_run_tells_and_touches_nothing_even_ahead_of_the_configuration(prosody, host):
    before = stored(prosody)
    declared = {host: {"anna": "new", "carla": "third"}, "new.test": {"dora": "fourth"}}
    done = accounts(prosody.machine, declared, {f"anna@{host}": ["second.meet.test"]}, dry=True)
    assert done == {
        "added": ["dora@new.test", f"carla@{host}"],
        "updated": [f"anna@{host}"],
        "removed": [f"bernd@{host}"],
        "subscribed": [f"anna@{host}"],
    }
    assert stored(prosody) == before
    assert not (prosody.machine.root / "var/lib/prosody/new%2etest").exists()


def test_an_account_that_cannot_be_written_is_said_and_the_old_one_stays(prosody, host, lets_in):
    machine = prosody.machine
    folder = file_of(prosody, "anna", host).parent
    machine.sh(f"chown root /var/lib/prosody/*{HOST}*/accounts && chmod 755 /var/lib/prosody/*{HOST}*/accounts")
    with pytest.raises(AssertionError, match="storage"):
        accounts(machine, {host: {"anna": "new", "bernd": "second"}})
    with pytest.raises(AssertionError, match="cannot be removed"):
        accounts(machine, {host: {"anna": "first"}})
    machine.sh(f"chown prosody /var/lib/prosody/*{HOST}*/accounts")
    assert sorted(file.name for file in folder.iterdir()) == ["anna.dat", "bernd.dat"]
    assert lets_in("anna", "first", host)
