"""Makes the toolkit's filters, modules, scripts and the parts of its display importable by their file names."""

import os
import sys
from pathlib import Path

import ansible.module_utils
from ansible.plugins.loader import filter_loader

ROOT = Path(__file__).parent.parent
NAMES = (".", "filter_plugins", "display", "scripts", "collections")
PLACES = [*(ROOT / name for name in NAMES), *ROOT.glob("roles/*/library")]
sys.path[:0] = map(str, PLACES)
ansible.module_utils.__path__.append(str(ROOT / "module_utils"))  # where Ansible has modules find it, too
# Filters that call others ask Ansible for them.
filter_loader.add_directory(str(ROOT / "filter_plugins"))
# Tests that run make see what an operator sees: inside another make (make test) it would announce its directory.
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)
