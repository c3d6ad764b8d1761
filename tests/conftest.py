"""The environment of every test."""

import os
from pathlib import Path

# Programs that tests run import the toolkit of this checkout, whichever one is installed: scripts/mutants runs copies.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
# Tests that run make see what an operator sees: inside another make (make test) it would announce its directory.
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)
