"""Commands of the documents can be typed as they stand: make has the verb, the checkout or its environment the rest."""

import os
import re
import shlex

import pytest
import yaml
from contract import ROOT

PAGES = ["README.md", "CONTRIBUTING.md", "molecule/README.md", "lab/README.md"]
PAGES += sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if not page.is_symlink())
GOALS = set(re.findall(r"^([a-z][a-z0-9-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
# Typed on a server, or any machine's own.
ELSEWHERE = {"export", "sudo", "systemctl", "journalctl", "runuser", "rm", "ldappasswd", "${EDITOR:-vi}"}
ENVIRONMENT = ". scripts/environment"


def blocks(text):
    """Blocks of code, in fences without a language or indented behind an empty line; what is YAML is left out."""
    fenced = re.findall(r"^ *```\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"(?<=\n\n)((?: {4,}\S.*\n)+)", text)
    for block in fenced + indented:
        first = block.split()[0]
        if not first.endswith(":") and not isinstance(load(block), dict):
            yield re.sub(r"\\\n\s*", "", block)


def load(block):
    try:
        return yaml.safe_load(block)
    except yaml.YAMLError:
        return None


def is_of_environment(program):
    return "/" not in program and (ROOT / ".venv/bin" / program).is_file()


def error(words, has_environment):
    """Why the command cannot be typed, or nothing."""
    program, *rest = words
    if program == "make":
        return "" if rest and rest[0] in GOALS else "make has no such verb"
    if program == ".":
        return "" if (ROOT / rest[0]).is_file() else "no such file"
    if is_of_environment(program):
        return "" if has_environment else f"{program} is not on the PATH before {ENVIRONMENT}"
    known = program in ELSEWHERE or ("/" in program and os.access(ROOT / program, os.X_OK))
    return "" if known else f"{program} is no program of the checkout"


def commands(line):
    """The commands of a line, as words, without assignments in front and comments behind."""
    for command in re.split(r"[;|]|&&", re.sub(r"(^|\s)#.*", "", line)):
        words = shlex.split(command)
        while words and re.match(r"\w+=", words[0]):
            words.pop(0)
        if words:
            yield words


def typed(page):
    """Each command of a page's blocks, and whether its block has put the environment's programs on the PATH by then."""
    for block in blocks((ROOT / page).read_text()):
        has_environment = False
        for line in block.splitlines():
            for words in commands(line):
                has_environment = has_environment or shlex.join(words) == ENVIRONMENT
                yield words, has_environment


def test_commands_are_found():
    pages = {page for page in PAGES if list(typed(page))}
    assert {"README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/how-to/users.md", "lab/README.md"} <= pages


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_block_can_be_typed(page):
    found = [f"{page}: {shlex.join(words)}: {why}" for words, known in typed(page) if (why := error(words, known))]
    assert found == []


@pytest.mark.parametrize("page", PAGES)
def test_programs_of_the_environment_are_named_where_it_is_explained(page):
    """In running text: behind the words that put them on the PATH."""
    text = (ROOT / page).read_text()
    spans = [span for span in re.finditer(r"`([^`\n]+)`", text) if is_of_environment(span[1].split()[0])]
    early = [span[1] for span in spans if len(span[1].split()) > 1 and ENVIRONMENT not in text[: span.start()]]
    assert early == []
