#!/usr/bin/python
"""Module prosody_accounts: the accounts of prosody's hosts, as files of its internal storage."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import shutil
import tempfile
import uuid
from typing import Any
from urllib.parse import unquote

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: prosody_accounts
short_description: Give the hosts of a prosody exactly the wanted accounts
description:
  - Reads and writes the files of prosody's C(internal) storage, which its C(internal_hashed) authentication reads at
    every login. So nothing is restarted, and no password ever stands on a command line.
  - A stored account is compared by deriving its keys again (SCRAM-SHA-1) from the wanted password. An account that
    matches is left alone, byte for byte.
  - Works while prosody runs, is stopped, or has not started yet. A removed account cannot log in any more; a session it
    has at that moment lasts until it ends.
options:
  hosts:
    description: "Accounts per host of prosody: C({host: {name: password}}). Names and passwords in printable ASCII."
    type: dict
    required: true
  exclusive:
    description: Whether accounts of these hosts that are not listed are removed, with everything stored for them.
    type: bool
    default: false
  subscribers:
    description:
      - "Who sees when an account is online: C({account@host: [jid]}). Entries for others in the roster stay."
    type: dict
    default: {}
  path:
    description: Prosody's data directory.
    type: path
    default: /var/lib/prosody
  owner:
    description: User and group the files belong to.
    type: str
    default: prosody
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
"""

EXAMPLES = r"""
- name: Give jicofo and the bridges their accounts
  prosody_accounts:
    hosts:
      auth.meet.example.org:
        focus: "{{ prosody_focus_password }}"
        jvb: "{{ prosody_jvb_password }}"
    subscribers:
      focus@auth.meet.example.org: [focus.meet.example.org]
    exclusive: true
"""

RETURN = r"""
added: {description: Accounts that were made., type: list, elements: str, returned: always}
updated: {description: Accounts whose password was set., type: list, elements: str, returned: always}
removed: {description: Accounts that were removed., type: list, elements: str, returned: always}
subscribed: {description: Accounts whose roster was completed., type: list, elements: str, returned: always}
"""

# A table of Lua. Its keys are strings, numbers or booleans, its values the same or tables.
Table = dict[Any, Any]

HASH = "sha1"  # of SCRAM-SHA-1
ITERATIONS = 10000
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
# What prosody's serializer writes: strings, numbers, true, false and tables, with keys in square brackets or none.
TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(\w+)|([\[\]{}=;,]))', re.DOTALL)
ESCAPE = re.compile(r"\\(\d{1,3}|.)", re.DOTALL)


def encoded(text: str) -> str:
    """Return text as prosody names files and directories: every byte but letters and digits as %xx."""
    raw = text.encode(errors="surrogateescape")
    return "".join(chr(c) if c < 128 and chr(c).isalnum() else f"%{c:02x}" for c in raw)


def decoded(name: str) -> str:
    """Return the text whose encoded form is name."""
    return unquote(name, errors="surrogateescape")


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code.isdigit():
        return chr(int(code))
    return {"n": "\n", "r": "\r", "t": "\t"}.get(code, code)


class _Reader:
    """Reads one Lua value of the kind prosody stores; raises ValueError for anything else."""

    def __init__(self, text: str) -> None:
        self.tokens, position = [], 0
        text = text.rstrip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if not match:
                raise ValueError("not what prosody writes")
            self.tokens.append(match)
            position = match.end()
        self.tokens.reverse()

    def take(self, *wanted: str) -> re.Match[str] | None:
        token = self.tokens.pop() if self.tokens else None
        text = token and token[0].strip()
        if wanted and text not in wanted:
            raise ValueError(f"{text!r} where one of {wanted} belongs")
        return token

    def peek(self) -> str | None:
        return self.tokens[-1][0].strip() if self.tokens else None

    def value(self) -> Any:
        token = self.take()
        if token is None:
            raise ValueError("ends too early")
        string, number, word, sign = token.groups()
        if string is not None:
            return ESCAPE.sub(_unescape, string[1:-1])
        if number is not None:
            return float(number) if set(number) & set(".e") else int(number)
        if word in ("true", "false"):
            return word == "true"
        if sign != "{":
            raise ValueError(f"{word or sign!r} where a value belongs")
        table: Table = {}
        while self.peek() != "}":
            key = len(table) + 1
            if self.peek() == "[":
                self.take("[")
                key = self.value()
                self.take("]")
                self.take("=")
            if isinstance(key, dict):
                raise ValueError("a table where a key belongs")
            table[key] = self.value()
            if self.peek() != "}":
                self.take(";", ",")
        self.take("}")
        return table


def from_lua(text: str) -> Table:
    """Return what a stored file holds, as nested dictionaries; raises ValueError if it is not such a file."""
    reader = _Reader(text)
    reader.take("return")
    value = reader.value()
    if reader.peek() == ";":
        reader.take(";")
    if reader.tokens or not isinstance(value, dict):
        raise ValueError("more or less than one table")
    return value


def to_stored_lua(value: Any, depth: int = 0) -> str:
    """Return value as prosody's storage writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        escaped = "".join(f"\\{ord(c):03d}" if ord(c) < 32 or c in '"\\' else c for c in value)
        return f'"{escaped}"'
    tabs = "\t" * (depth + 1)
    items = [f"{tabs}[{to_stored_lua(key)}] = {to_stored_lua(item, depth + 1)};\n" for key, item in value.items()]
    return "{" + ("\n" + "".join(items) + "\t" * depth if items else "") + "}"


def scram_keys(password: str, salt: bytes, iterations: int) -> dict[str, str]:
    """Return what a server stores of a password (RFC 5802): StoredKey and ServerKey, in hex."""
    salted = hashlib.pbkdf2_hmac(HASH, password.encode(), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", HASH).digest()
    return {
        "stored_key": hashlib.new(HASH, client_key).hexdigest(),
        "server_key": hmac.new(salted, b"Server Key", HASH).hexdigest(),
    }


def account_for(password: str) -> Table:
    """Return a new account's stored form."""
    salt = str(uuid.uuid4())
    return {"salt": salt, "iteration_count": ITERATIONS, **scram_keys(password, salt.encode(), ITERATIONS)}


def matches(account: Table, password: str) -> bool:
    """Return whether the stored account lets this password in."""
    salt, iterations = account.get("salt"), account.get("iteration_count")
    if account.get("disabled") or not isinstance(salt, str) or not isinstance(iterations, int) or iterations < 1:
        return False
    keys = scram_keys(password, salt.encode(), iterations)
    return all(hmac.compare_digest(str(account.get(name)), key) for name, key in keys.items())


class Storage:
    """Prosody's internal storage below one directory; touches nothing when dry."""

    def __init__(self, path: str, owner: str, dry: bool) -> None:
        self.path, self.owner, self.dry = path, owner, dry

    def file(self, host: str, store: str, user: str) -> str:
        return os.path.join(self.path, encoded(host), store, encoded(user) + ".dat")

    def read(self, host: str, store: str, user: str) -> Table | None:
        """Return the stored table, None if there is none, {} if it cannot be understood (so it will be replaced)."""
        try:
            with open(self.file(host, store, user), encoding="utf-8") as file:
                return from_lua(file.read())
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):
            return {}

    def users(self, host: str) -> set[str]:
        try:
            names = os.listdir(os.path.join(self.path, encoded(host), "accounts"))
        except FileNotFoundError:
            return set()
        return {decoded(name[:-4]) for name in names if name.endswith(".dat")}

    def write(self, host: str, store: str, user: str, table: Table) -> None:
        """Put the table in place at once and whole, so that a login never meets half a file."""
        if self.dry:
            return
        target = self.file(host, store, user)
        directory = self.path
        for part in (encoded(host), store):
            directory = os.path.join(directory, part)
            if not os.path.isdir(directory):
                os.mkdir(directory, 0o750)
                shutil.chown(directory, self.owner, self.owner)
        handle, temporary = tempfile.mkstemp(dir=directory, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"return {to_stored_lua(table)};\n")
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o640)  # prosody's own mode; the group is prosody's alone
            shutil.chown(temporary, self.owner, self.owner)
            os.rename(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise

    def remove(self, host: str, user: str) -> None:
        """Forget the account first, then everything else stored for it."""
        if self.dry:
            return
        os.unlink(self.file(host, "accounts", user))
        base = os.path.join(self.path, encoded(host))
        for store in os.listdir(base):
            for suffix in (".dat", ".list", ".lidx"):
                leftover = os.path.join(base, store, encoded(user) + suffix)
                if os.path.isfile(leftover):
                    os.unlink(leftover)


def errors(hosts: dict[str, Any], subscribers: dict[str, list[str]]) -> list[str]:
    """Return sentences about wishes that cannot be fulfilled; passwords are never quoted."""
    found = []
    for host, accounts in hosts.items():
        if not isinstance(accounts, dict):
            return [f"{host}: must map names to passwords"]
        for name, password in accounts.items():
            if not isinstance(name, str) or not NAME.fullmatch(name):
                found.append(f"{name}@{host}: a name is made of a-z, 0-9, '.', '_' and '-'")
            if not isinstance(password, str) or not password or not (password.isascii() and password.isprintable()):
                found.append(f"{name}@{host}: a password is a text of printable ASCII characters")
    known = {f"{name}@{host}" for host, accounts in hosts.items() for name in accounts}
    return found + [f"{jid}: has subscribers but no account" for jid in subscribers if jid not in known]


def converge(
    storage: Storage,
    hosts: dict[str, dict[str, str]],
    exclusive: bool = False,
    subscribers: dict[str, list[str]] | None = None,
) -> dict[str, list[str]]:
    """Make the storage hold what is wanted; return the accounts added, updated, removed and subscribed."""
    done: dict[str, list[str]] = {"added": [], "updated": [], "removed": [], "subscribed": []}
    for host, accounts in hosts.items():
        for name, password in accounts.items():
            stored = storage.read(host, "accounts", name)
            if stored is None or not matches(stored, password):
                done["added" if stored is None else "updated"].append(f"{name}@{host}")
                storage.write(host, "accounts", name, account_for(password))
        for name in sorted(storage.users(host) - set(accounts)) if exclusive else ():
            done["removed"].append(f"{name}@{host}")
            storage.remove(host, name)
    for jid, watchers in (subscribers or {}).items():
        name, host = jid.split("@")
        roster = storage.read(host, "roster", name) or {}
        missing = [w for w in watchers if roster.get(w, {}).get("subscription") not in ("from", "both")]
        if missing:
            done["subscribed"].append(jid)
            entries = {w: {"subscription": "from", "groups": {}} for w in missing}
            storage.write(host, "roster", name, {False: {"version": 1}, **roster, **entries})
    return done


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "dict", "required": True, "no_log": True},
            "exclusive": {"type": "bool", "default": False},
            "subscribers": {"type": "dict", "default": {}},
            "path": {"type": "path", "default": "/var/lib/prosody"},
            "owner": {"type": "str", "default": "prosody"},
        },
        supports_check_mode=True,
    )
    options = module.params
    sentences = errors(options["hosts"], options["subscribers"])
    if sentences:
        module.fail_json(msg="prosody_accounts: " + "; ".join(sentences))
    storage = Storage(options["path"], options["owner"], module.check_mode)
    try:
        done = converge(storage, options["hosts"], options["exclusive"], options["subscribers"])
    except (OSError, LookupError) as error:
        module.fail_json(msg=f"prosody_accounts: {error}. Is prosody installed?")
    module.exit_json(changed=any(done.values()), **done)


if __name__ == "__main__":
    main()
