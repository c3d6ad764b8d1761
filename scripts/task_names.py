"""Names of Ansible tasks, and the words in them that name nothing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

# In place of these stands the name of a unit, file, package or resource.
PRONOUNS = re.compile(
    r"\b(it|its|they|them|their|theirs|this|these|those|what|who|whom|whose|he|she|him|her|we|us|our|nobody|somebody|"
    r"everybody|everything|something|nothing|others)\b",
    re.IGNORECASE,
)
# Such verbs say that something is done, not what.
VAGUE = re.compile(
    r"(Agree|Answer|Ask|Await|Be|Break|Bring|Do|Dress|Forget|Give|Go|Have|Keep|Know|Lay|Learn|Leave|Let|Look|Lose|"
    r"Make|Meet|Prove|Remember|Say|See|Speak|Take|Tell|Treat)\b"
)
PLACES = ("playbooks/*.yml", "roles/*/tasks/*.yml", "molecule/**/*.yml")


def task_files(root: Path) -> list[Path]:
    """Files of tasks and plays below the root."""
    return [file for place in PLACES for file in sorted(root.glob(place)) if file.name != "molecule.yml"]


def tasks_of(data: list[dict[str, Any]] | None) -> Iterator[dict[str, Any]]:
    """Every task in a list of tasks or plays, blocks opened."""
    for entry in data or []:
        yield entry
        for inner in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from tasks_of(entry.get(inner))


def task_names(file: Path) -> list[str]:
    """Names of the tasks and plays in a file."""
    data = yaml.safe_load(file.read_text())
    return [entry["name"] for entry in tasks_of(data) if "name" in entry] if isinstance(data, list) else []


def is_vague(name: str) -> bool:
    """Whether the name of a task has a pronoun, or begins with a verb that does not say what changes."""
    return bool(PRONOUNS.search(name) or VAGUE.match(name))
