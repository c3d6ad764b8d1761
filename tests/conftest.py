"""Makes the toolkit's filters, modules and the parts of its display importable by their file names."""

import os
import sys
from pathlib import Path

from ansible.plugins.loader import filter_loader

ROOT = Path(__file__).parent.parent
PLACES = [ROOT, ROOT / "filter_plugins", ROOT / "display", ROOT / "collections", *ROOT.glob("roles/*/library")]
sys.path[:0] = map(str, PLACES)
# Filters that call others ask Ansible for them.
filter_loader.add_directory(str(ROOT / "filter_plugins"))
# Tests that run make see what an operator sees: inside another make (make test) it would announce its directory.
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)
