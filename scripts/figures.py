"""Print the figures of the code: types, complexity, names of tasks, exemptions from linters, sizes, templates.

usage: figures.py
"""

import ast
import json
import re
import statistics
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from task_names import is_vague, task_files, task_names

ROOT = Path(__file__).resolve().parent.parent
# A file belongs to the first part whose pattern its path begins with.
PARTS = (
    ("verification shipped to operators", r"tests/conference/|verification/"),
    ("tests", r"tests/|molecule/|\.config/molecule/|programs/.*/test_"),
    ("lab", r"lab/"),
    ("benchmarks", r"bench/"),
    ("examples", r"inventories/"),
    ("lock files", r"requirements.*\.txt"),
    ("documents", r"docs/|.*\.md$|mkdocs\.yml"),
    ("licence", r"LICENSE"),
    ("product", r""),
)
TYPED = {
    "toolkit": ("toolkit/",),
    "programs": ("programs/", "roles/*/files/"),
    "modules": ("roles/*/library/", "roles/*/module_utils/"),
    "plugins": ("*_plugins/", "roles/*/*_plugins/"),
    "scripts": ("scripts/",),
}
EXEMPTION = re.compile(r"#\s*(?:noqa|nosec|type:\s*ignore|shellcheck disable=)|^skip_list:", re.MULTILINE)


def tracked() -> dict[Path, str]:
    """Tracked files that are text, without links, and their content."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink() and b"\0" not in (content := path.read_bytes()):
            found[Path(name)] = content.decode(errors="replace")
    return found


def is_python(path: Path, text: str) -> bool:
    """Whether a file is Python, by its name or its first line."""
    return path.suffix == ".py" or bool(re.match(r"#!.*python3?\n", text))


def part_of(path: Path) -> str:
    """The part of the repository a file belongs to."""
    return next(part for part, pattern in PARTS if re.match(pattern, str(path)))


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods of a Python file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_typed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether every parameter but self and cls, and the result (of __init__ it is known), has a type."""
    arguments = function.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    named = [argument for argument in given if argument and argument.arg not in ("self", "cls")]
    return all(argument.annotation for argument in named) and (
        function.returns is not None or function.name == "__init__"
    )


def share(part: int, whole: int) -> str:
    """Part of whole, with the share in per cent."""
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none there"


def typed_share(python: dict[Path, str], places: Iterable[str]) -> str:
    """How many functions below the places, without tests, are fully typed."""
    pattern = re.compile("|".join(re.escape(place).replace(r"\*", "[^/]*") for place in places))
    files = [text for path, text in python.items() if pattern.match(str(path)) and not path.name.startswith("test_")]
    judged = [is_typed(function) for text in files for function in functions(text)]
    return share(sum(judged), len(judged))


def complex_blocks() -> int:
    """Functions whose cyclomatic complexity is over the limit in pyproject.toml, exempted ones included."""
    command = ["ruff", "check", "--select=C901", "--ignore-noqa", "--output-format=json", "--exit-zero", "."]
    return len(json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout))


def rows(files: dict[Path, str]) -> Iterator[tuple[str, str]]:
    """Each figure: its name and its value."""
    python = {path: text for path, text in files.items() if is_python(path, text)}
    for name, places in TYPED.items():
        yield f"fully typed functions, {name}", typed_share(python, places)
    yield "functions over complexity 10", str(complex_blocks())
    names = [name for file in task_files(ROOT) for name in task_names(file)]
    yield "names of tasks with pronouns or vague verbs", share(sum(map(is_vague, names)), len(names))
    code = {path: text for path, text in files.items() if path.suffix not in (".md", ".txt")}
    own = {
        path: text
        for path, text in code.items()
        if path not in (Path("scripts/figures.py"), Path("tests/test_laws.py"))
    }
    exempt = Counter({path: len(EXEMPTION.findall(text)) for path, text in own.items()})
    yield "exemptions from linters, product", str(sum(exempt[path] for path in own if part_of(path) == "product"))
    yield "exemptions from linters, in all", str(exempt.total())
    product = {path: text for path, text in python.items() if part_of(path) == "product"}
    longest = max(product, key=lambda path: product[path].count("\n"))
    yield "longest Python file of the product, lines", f"{product[longest].count(chr(10))}: {longest}"
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for text in product.values() for node in functions(text)]
    median, high = statistics.median(lengths), statistics.quantiles(lengths, n=20)[-1]
    yield "functions of the product, lines", f"median {median:.0f}, 95 % under {high:.0f}, longest {max(lengths)}"
    lines = [line for path, text in files.items() if path.suffix == ".j2" for line in text.splitlines()]
    yield "template lines with a statement ({%)", share(sum("{%" in line for line in lines), len(lines))
    for part, _ in PARTS:
        sizes = [text.count("\n") for path, text in files.items() if part_of(path) == part]
        yield f"lines of {part}", f"{sum(sizes)} in {len(sizes)} files"
    folders: Counter[str] = Counter()
    for path, text in files.items():
        if part_of(path) == "product":
            folders[path.parts[0] if len(path.parts) > 1 else "the top level"] += text.count("\n")
    for folder, size in folders.most_common(6):
        yield f"lines of product, in {folder}", str(size)
    yield "lines in all", str(sum(text.count("\n") for text in files.values()))


def main() -> None:
    """Print the table, in Markdown."""
    table = Table("figure", "value", box=box.MARKDOWN)
    for row in rows(tracked()):
        table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
