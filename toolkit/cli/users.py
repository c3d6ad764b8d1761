"""The accounts of a customer: who has one, a new one, a new password, one less.

usage: users FOLDER [ACTION=list] [NAME=anna] [MODERATOR=yes]

  FOLDER   the customer's folder
  ACTION   list    who has an account, who is a moderator, and where that is written
           show    the passwords, of everybody or of NAME
           add     an account for NAME, a moderator unless MODERATOR=no
           reset   a new password for NAME
           remove  the account of NAME goes, and whoever is logged in with it
           seats   who used the seats of the plan lately

Accounts made here stand in group_vars/jitsi/accounts.yml of the folder. Passwords are derived from the seed, stand in
no file, and are shown here only.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypedDict

import yaml

from toolkit.cli.program import ROOT, run
from toolkit.customer_folder import SETTINGS
from toolkit.settings.schema import named_types
from toolkit.settings.setting_errors import setting_errors
from toolkit.whole_file import changing, write_whole
from toolkit.yaml_data import NotDataError, document, read

ARGUMENTS = {"ACTION": "list", "NAME": "", "MODERATOR": "yes"}
CHANGES = ("add", "reset", "remove")
ACTIONS = ("list", "show", *CHANGES, "seats")
# Kinds of jitsi_directory whose people are the toolkit's own.
OWN = ("internal", "openldap")
ACCOUNTS = SETTINGS / "accounts.yml"
HEADER = """---
# Accounts made by `make users`, which alone writes this file. password: its number of issue, not the password itself.
"""


class Account(TypedDict):
    """An account made here; password: its number of issue."""

    moderator: bool
    password: int


type Accounts = dict[str, Account]


class People(TypedDict):
    """Who has an account, as playbooks/people.yml says it. seats: 0 for any number."""

    url: str
    kind: str
    plan: str
    seats: int
    written: list[str]
    moderators: list[str]
    passwords: dict[str, str]


def refuse(sentence: str) -> NoReturn:
    """End the program with the sentence."""
    sys.exit(f"users: {sentence}")


def arguments(words: list[str]) -> tuple[Path, dict[str, str]]:
    """The folder, and what is to be done."""
    if not words or words[0] in ("-h", "--help"):
        print(str(__doc__).strip())
        sys.exit(0 if words else 2)
    given = wishes(words[1:])
    folder = Path(words[0]).absolute()
    if not (folder / "plan.yml").is_file():
        refuse(f"{words[0]} is no customer's folder: it has no plan.yml.")
    return folder, given


def wishes(words: list[str]) -> dict[str, str]:
    """KEY=VALUE words as a mapping, judged."""
    given = dict(ARGUMENTS)
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in given:
            refuse(f"{word} is no argument: write KEY=VALUE with a key of {', '.join(given)}.")
        given[key] = value
    if given["ACTION"] not in ACTIONS:
        refuse(f"ACTION is {given['ACTION']}: write one of {', '.join(ACTIONS)}.")
    if given["MODERATOR"] not in ("yes", "no"):
        refuse(f"MODERATOR is {given['MODERATOR']}: write yes or no.")
    if given["ACTION"] in CHANGES and not given["NAME"]:
        refuse(f"NAME is missing: write ACTION={given['ACTION']} NAME=anna.")
    if given["NAME"]:
        for error in setting_errors({"NAME": given["NAME"]}, schema={"properties": {"NAME": named_types()["login"]}}):
            refuse(error)
    return given


def accounts_of(file: Path) -> Accounts:
    """The accounts that were made here. Ansible judges the whole folder before anything is done with them."""
    try:
        text = read(file)
        document(text)  # its limits come first
        accounts: Accounts = yaml.safe_load(text)["jitsi_accounts"]
        if all(isinstance(account["password"], int) for account in accounts.values()):
            return accounts
    except FileNotFoundError:
        return {}
    except (NotDataError, OSError, AttributeError, KeyError, TypeError):
        pass
    refuse(f"{file} is not as this program wrote it: take it from a backup, or repair it by hand.")


def changed(accounts: Accounts, given: Mapping[str, str]) -> Accounts:
    """The accounts as they are to be.

    The number of issue is the time: so an account that was removed never gets an old password back, and nothing is kept
    of those who are gone.
    """
    action, name = given["ACTION"], given["NAME"]
    others = {other: account for other, account in accounts.items() if other != name}
    if action not in ("add", "reset"):
        return others if action == "remove" else accounts
    former = accounts.get(name, {"moderator": given["MODERATOR"] == "yes", "password": 1})
    issue = max(former["password"] + 1, int(time.time()))
    return others | {name: {"moderator": former["moderator"], "password": issue}}


def play(inventory: Path, playbook: str, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a playbook on an inventory; more is for subprocess.run."""
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(inventory),
        f"playbooks/{playbook}.yml",
    ]
    return subprocess.run([*command, *options], cwd=ROOT, check=False, **more)


def report(folder: Path, accounts: Accounts) -> People:
    """Who has an account if these are the accounts, passwords and all; ends here if the schema refuses them."""
    with tempfile.TemporaryDirectory() as private:
        file, answer = Path(private, "accounts.json"), Path(private, "people.json")
        file.write_text(json.dumps({"jitsi_accounts": accounts, "customer_people_file": str(answer)}))
        done = play(folder / "plan.yml", "people", "-e", f"@{file}", capture_output=True, text=True)
        if done.returncode:
            # Ansible says it twice; once is enough.
            errors = dict.fromkeys(line.strip() for line in done.stdout.splitlines() if line.strip().startswith("* "))
            refuse("\n".join(["refused, nothing was touched:", *errors]) if errors else done.stdout + done.stderr)
        people: People = json.loads(answer.read_text())
        return people


def judge(given: Mapping[str, str], accounts: Accounts, people: People) -> None:
    """Refuse what makes no sense for the people there are."""
    action, name, kind = given["ACTION"], given["NAME"], people["kind"]
    written, made = name in people["written"], name in accounts
    if kind not in OWN:
        refuse(
            f"{action} is not for this customer, who has people in a directory of its own (jitsi_directory.kind is "
            f"{kind}): the directory's administrator adds and removes them."
        )
    if action == "add" and (made or written):
        refuse(f"{name} has an account already: ACTION=reset gives a new password.")
    if action != "add" and not (made or written):
        refuse(f"{name} has no account: ACTION=list shows who has one.")
    if action == "remove" and written:
        then = "do this again" if made else "run make deploy"
        refuse(f"{name} stands in jitsi_moderators of main.yml: take the name out there, then {then}.")


def write(file: Path, accounts: Accounts) -> None:
    """Put the accounts into their file."""
    write_whole(file, HEADER + yaml.safe_dump({"jitsi_accounts": accounts}, sort_keys=True))


def tell(people: People, names: Iterable[str]) -> None:
    """Print the passwords of these people."""
    for name in names:
        print(f"{people['url']}  user {name}  password {people['passwords'][name]}")


def listing(people: People, accounts: Accounts) -> None:
    """One line per person, then the seats."""
    rows = [("NAME", "MODERATOR", "WRITTEN IN")]
    for name in dict.fromkeys([*people["written"], *accounts]):
        files = ["main.yml"] * (name in people["written"]) + ["accounts.yml"] * (name in accounts)
        rows.append((name, "yes" if name in people["moderators"] else "no", " and ".join(files)))
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    print("\n".join("".join(map(str.ljust, row, widths)).rstrip() for row in rows))
    print(f"{len(people['moderators'])} moderators, {people['seats'] or 'unlimited'} seats in plan {people['plan']}")
    if people["kind"] not in OWN:
        print(f"Who else may log in: ask the customer's own directory (jitsi_directory.kind is {people['kind']}).")


def main(words: list[str]) -> None:
    """Do what the words say."""
    folder, given = arguments(words)
    action, name = given["ACTION"], given["NAME"]
    if action == "seats":
        sys.exit(play(folder, "seats").returncode)
    file = folder / ACCOUNTS
    with changing(folder):
        accounts = accounts_of(file)
        wanted = changed(accounts, given)
        people = report(folder, wanted)
        if action in CHANGES:
            judge(given, accounts, people)
            write(file, wanted)
    if action == "list":
        listing(people, accounts)
    elif action == "show":
        if name and name not in people["passwords"]:
            refuse(f"{name} has no account: ACTION=list shows who has one.")
        tell(people, [name] if name else list(people["passwords"]))
    elif play(folder, "users").returncode:
        refuse(f"{file} has the change, the servers have not: run make deploy, then ACTION=show NAME={name}.")
    elif action != "remove":
        tell(people, [name])


def program() -> None:
    """Run with the words of the command line."""
    run(main, refuse)
