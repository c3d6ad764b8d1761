"""The environment of every test."""

import os
from pathlib import Path

import ansible.module_utils
import pytest

ROOT = Path(__file__).parents[1]
# Programs that tests run import the toolkit of this checkout, whichever one is installed: scripts/mutants runs copies.
os.environ["PYTHONPATH"] = str(ROOT)
ansible.module_utils.__path__.append(str(ROOT / "module_utils"))  # where Ansible has modules find it, too
# Tests that run make see what an operator sees: inside another make (make test) it would announce its directory.
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)


@pytest.fixture
def shoot():
    """shoot(page, name): a picture to look at, .lab/screenshots/name.png; some of them are in docs."""
    folder = Path(os.environ.get("LAB_STATE", ROOT / ".lab")) / "screenshots"
    return lambda page, name: page.screenshot(path=folder / f"{name}.png", full_page=True)
