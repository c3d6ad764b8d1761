"""Module prosody_accounts on a storage of its own; logins to a running prosody are molecule's part."""

import getpass
import hashlib
import hmac
import importlib.util
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FILE = ROOT / "roles/prosody/library/prosody_accounts.py"
spec = importlib.util.spec_from_file_location("prosody_accounts", FILE)
prosody_accounts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(prosody_accounts)

HOST, FOCUS = "auth.meet.test", "focus@auth.meet.test"
WANTED = {HOST: {"focus": "f-secret", "jvb": "j-secret"}}


@pytest.fixture
def storage(tmp_path):
    return prosody_accounts.Storage(str(tmp_path), getpass.getuser(), dry=False)


def converge(storage, hosts=None, **options):
    return prosody_accounts.converge(storage, WANTED if hosts is None else hosts, **options)


def files(storage):
    return {
        str(p.relative_to(storage.path)): p.read_text() for p in sorted(Path(storage.path).rglob("*")) if p.is_file()
    }


def account(storage, name, host=HOST):
    return storage.read(host, "accounts", name)


def sha1(data):
    return hashlib.new(prosody_accounts.HASH, data).digest()


def lets_in(stored, password):
    """RFC 5802, section 3, from the client's side: does the server's StoredKey accept the client's proof?"""
    salted = hashlib.pbkdf2_hmac("sha1", password.encode(), stored["salt"].encode(), stored["iteration_count"])
    client_key = hmac.new(salted, b"Client Key", "sha1").digest()
    message = b"n=focus,r=1,r=12,s=QQ==,i=4096,c=biws,r=12"
    stored_key = bytes.fromhex(stored["stored_key"])
    signature = hmac.new(sha1(client_key), message, "sha1").digest()
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    expected = hmac.new(stored_key, message, "sha1").digest()
    return sha1(bytes(a ^ b for a, b in zip(proof, expected, strict=True))) == stored_key


def test_the_keys_are_those_of_the_rfc():
    # RFC 5802, section 5: user "user", password "pencil", salt QSXCR+Q6sek8bd92
    assert prosody_accounts.scram_keys("pencil", bytes.fromhex("4125c247e43ab1e93c6dff76"), 4096) == {
        "stored_key": "e9d94660c39d65c38fbad91c358f14da0eef2bd6",
        "server_key": "0fe09258b3ac852ba502cc62ba903eaacdbf7d31",
    }


def test_makes_the_accounts_that_are_missing(storage):
    assert converge(storage)["added"] == [FOCUS, "jvb@auth.meet.test"]
    assert lets_in(account(storage, "focus"), "f-secret")
    assert not lets_in(account(storage, "focus"), "j-secret")
    assert account(storage, "focus")["iteration_count"] == 10000  # as prosody's own


def test_a_second_run_changes_not_a_byte(storage):
    converge(storage, subscribers={FOCUS: ["focus.meet.test"]})
    before = files(storage)
    done = converge(storage, exclusive=True, subscribers={FOCUS: ["focus.meet.test"]})
    assert not any(done.values())
    assert files(storage) == before


def test_no_password_is_stored(storage):
    converge(storage)
    assert "secret" not in "".join(files(storage).values())


def test_sets_a_changed_password_of_that_account_alone(storage):
    converge(storage)
    before = account(storage, "jvb")
    done = converge(storage, {HOST: {"focus": "new", "jvb": "j-secret"}})
    assert (done["added"], done["updated"]) == ([], [FOCUS])
    assert lets_in(account(storage, "focus"), "new")
    assert account(storage, "jvb") == before


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "return {",
        'return { ["password"] = "f-secret"; };',
        "os.exit()",
        'return { ["salt"] = "x"; };',
        "return { [{}] = 1; };",
        "return " + "{" * 5000,
    ],
    ids=["empty", "cut off", "plain text", "a program", "without keys", "a table as a key", "too deep"],
)
def test_replaces_what_lets_nobody_in_or_is_damaged(storage, stored):
    converge(storage)
    Path(storage.file(HOST, "accounts", "focus")).write_text(stored)
    assert converge(storage)["updated"] == [FOCUS]
    assert lets_in(account(storage, "focus"), "f-secret")


def test_a_disabled_account_is_enabled_again(storage):
    converge(storage)
    storage.write(HOST, "accounts", "focus", {**account(storage, "focus"), "disabled": True})
    assert converge(storage)["updated"] == [FOCUS]


def test_leaves_other_accounts_unless_told(storage):
    converge(storage, {HOST: {"old": "x"}})
    assert converge(storage)["removed"] == []
    assert account(storage, "old")


def test_removes_others_with_all_that_is_stored_for_them(storage):
    converge(storage, {HOST: {"old": "x"}, "meet.test": {"old": "y"}}, subscribers={"old@auth.meet.test": ["a.b"]})
    assert converge(storage, exclusive=True)["removed"] == ["old@auth.meet.test"]
    assert [name for name in files(storage) if "auth" in name and "old" in name] == []
    assert account(storage, "old", "meet.test"), "a host that is not spoken of is not touched"


def test_a_host_without_accounts_is_emptied(storage):
    converge(storage)
    assert converge(storage, {HOST: {}}, exclusive=True)["removed"] == [FOCUS, "jvb@auth.meet.test"]


def test_subscribes_without_losing_the_others_in_the_roster(storage):
    converge(storage)
    storage.write(HOST, "roster", "focus", {False: {"version": 7}, "x@y": {"subscription": "both", "groups": {}}})
    assert converge(storage, subscribers={FOCUS: ["focus.meet.test"]})["subscribed"] == [FOCUS]
    roster = storage.read(HOST, "roster", "focus")
    assert roster["focus.meet.test"]["subscription"] == "from"
    assert roster["x@y"]["subscription"] == "both"
    assert roster[False] == {"version": 7}


def test_a_dry_run_tells_and_touches_nothing(tmp_path):
    dry = prosody_accounts.Storage(str(tmp_path), getpass.getuser(), dry=True)
    done = converge(dry, exclusive=True, subscribers={FOCUS: ["focus.meet.test"]})
    assert (len(done["added"]), done["subscribed"]) == (2, [FOCUS])
    assert files(dry) == {}


def test_a_write_that_fails_leaves_the_old_account(storage, monkeypatch):
    converge(storage)
    before = files(storage)

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(prosody_accounts.os, "rename", full)
    with pytest.raises(OSError, match="no space"):
        converge(storage, {HOST: {"focus": "new"}})
    assert files(storage) == before


@pytest.mark.parametrize("name", ["anna.b-c_d", "ä€", "a/b", "%41", "..", "\udcff"])
def test_file_names_are_prosodys_and_read_back(name):
    encoded = prosody_accounts.encoded(name)
    assert "/" not in encoded
    assert "." not in encoded
    assert prosody_accounts.decoded(encoded) == name


def test_reads_what_prosody_13_writes():
    text = 'return {\n\t[false] = {\n\t\t["version"] = 2;\n\t\t["pending"] = {};\n\t};\n["updated"] = 1.5e3;\n"x";\n};'
    assert prosody_accounts.from_lua(text) == {False: {"version": 2, "pending": {}}, "updated": 1500.0, 3: "x"}


@pytest.mark.parametrize("value", [{"a": 'q"\\\n\0', False: {}, "n": {"x": True, "y": 1}}, {}])
def test_lua_and_the_module_read_the_same(value):
    text = f"return {prosody_accounts.to_stored_lua(value)};\n"
    assert prosody_accounts.from_lua(text) == value
    subprocess.run(["luac5.4", "-p", "-"], input=text, text=True, check=True)


@pytest.mark.parametrize(
    ("hosts", "subscribers", "names"),
    [
        ({HOST: {"Anna": "x"}}, {}, "Anna@auth.meet.test"),
        ({HOST: {"anna": "pässwort"}}, {}, "anna@auth.meet.test"),
        ({HOST: {"anna": ""}}, {}, "anna@auth.meet.test"),
        ({HOST: "x"}, {}, HOST),
        (WANTED, {"nobody@x": ["y"]}, "nobody@x"),
    ],
)
def test_refuses_by_name_and_never_quotes_a_password(hosts, subscribers, names):
    [sentence] = prosody_accounts.errors(hosts, subscribers)
    assert names in sentence
    assert "pässwort" not in sentence
