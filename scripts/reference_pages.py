"""Write the generated pages commands.md and errors.md, from the files that own the facts.

usage: reference_pages.py FOLDER, for the documents: docs
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRINTED = """<!-- Written by scripts/reference_pages.py from {sources}.
Change those, then: .venv/bin/python scripts/reference_pages.py docs -->

"""

COMMANDS = """# Commands

Every verb of `make`, run in the checkout. A verb for a customer prints the line it runs; after `. scripts/environment`
that line works without make.

| command | does |
|---|---|
"""
ERRORS = """# Errors

## How an error reads

Settings, files and plans are refused before anything is changed, all errors at once, one sentence each: the place (file
and line, or the setting), the value (shortened; never a secret), and the fix. What each setting accepts is in the
[list of settings](settings.md).

| exit code | meaning |
|---|---|
| 0 | everything was done |
| 2 | a setting, a file or the plan was refused, [another run](how-to/history.md) is in progress, or a task failed |
| 3 | everything was done except [deferred restarts](how-to/restarts.md) |
| 4 | a host could not be reached |

`make` prints these as "Error N" and ends with 2 itself.

"""
ROLES = """## A role fails

The run prints these commands for the role that failed. Run them on the host, as root ([log in](how-to/servers.md)).
Commands of `openstack` and the state folder are for the operator's machine, after `. scripts/environment`.

| role | where to look |
|---|---|
"""
CHECKS = """
## A check of the verification fails

`make verify` and the end of `make deploy` print the failed check, what a customer would notice and where to look.

| check | what a customer would notice | where to look |
|---|---|---|
"""


def cell(text: str) -> str:
    """The text as one cell of a Markdown table."""
    return re.sub(r"([|<>])", r"\\\1", " ".join(text.split()))


def commands(makefile: str) -> str:
    """The page of commands: variables from the comment at the head, goals from the comments behind them."""
    variables = re.findall(r"^#   ([A-Z]+)  +(.*)$", makefile, re.MULTILINE)
    goals = re.findall(r"^([a-z][a-z0-9-]*):.*?## (.*)$", makefile, re.MULTILINE)
    rows = [f"| `make {goal}` | {cell(meaning)} |\n" for goal, meaning in goals]
    rows += ["\n| variable | meaning |\n|---|---|\n"]
    rows += [f"| `{name}` | {cell(meaning)} |\n" for name, meaning in variables]
    return PRINTED.format(sources="the comments of Makefile") + COMMANDS + "".join(rows)


def constants(module: ast.Module) -> dict[str, ast.expr]:
    """Names of a module to the expressions they were given."""
    return {
        node.targets[0].id: node.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def checks(module: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Title, notice and place to look of each check of the verification."""
    names = constants(module)
    for function in [node for node in module.body if isinstance(node, ast.FunctionDef)]:
        for mark in [names.get(ast.unparse(node), node) for node in function.decorator_list]:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) in ("pytest.mark.notice", "pytest.mark.guard"):
                what, look = (str(ast.literal_eval(names.get(ast.unparse(text), text))) for text in mark.args)
                yield str(ast.get_docstring(function)).splitlines()[0], what, look


def errors(root: Path) -> str:
    """The page of errors: commands for each role, and the checks of the verification."""
    hints = constants(ast.parse((root / "toolkit/display/where_to_look.py").read_text()))["WHERE_TO_LOOK"]
    rows = [f"| `{role}` | `{look}` |\n" for role, look in sorted(ast.literal_eval(hints).items())]
    modules = [ast.parse(path.read_text()) for path in sorted(root.glob("tests/conference/test_*.py"))]
    found = [f"| {' | '.join(map(cell, row))} |\n" for module in modules for row in checks(module)]
    head = PRINTED.format(sources="toolkit/display/where_to_look.py and tests/conference")
    return head + ERRORS + ROLES + "".join(rows) + CHECKS + "".join(found)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    (folder / "commands.md").write_text(commands((ROOT / "Makefile").read_text()))
    (folder / "errors.md").write_text(errors(ROOT))
