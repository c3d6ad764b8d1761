"""Names of tasks are what an engineer searches for at night: they say what is changed, and name the object."""

import re
from pathlib import Path

import pytest
import yaml
from test_laws import tasks_of

ROOT = Path(__file__).parents[1]
# In place of these stands the name of a unit, file, package or resource.
PRONOUNS = re.compile(
    r"\b(it|its|they|them|their|theirs|this|these|those|what|who|whom|whose|he|she|him|her|we|us|our|nobody|somebody|"
    r"everybody|everything|something|nothing|others)\b",
    re.IGNORECASE,
)
# Such verbs say that something is done, not what.
VAGUE = re.compile(
    r"(Answer|Bring|Do|Dress|Forget|Give|Have|Keep|Know|Lay|Learn|Leave|Let|Look|Make|Meet|Prove|Say|See|Speak|Take|"
    r"Tell|Treat)\b"
)
PLACES = ("playbooks/*.yml", "roles/*/tasks/*.yml", "molecule/**/*.yml")
FILES = [file for place in PLACES for file in ROOT.glob(place) if file.name != "molecule.yml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_names_of_tasks_say_what_is_changed(file):
    data = yaml.safe_load(file.read_text())
    found = [entry["name"] for entry in tasks_of(data) if "name" in entry] if isinstance(data, list) else []
    assert [name for name in found if PRONOUNS.search(name) or VAGUE.match(name)] == []
