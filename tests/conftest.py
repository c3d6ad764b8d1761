"""The environment of every test."""

import os

# Tests that run make see what an operator sees: inside another make (make test) it would announce its directory.
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)
