"""What every start of Ansible pays for: it loads all filters, used or not."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_filters_load_no_library_that_takes_a_second():
    """Lark compiled 38 grammars for jsonschema; openstack reads every service of a cloud."""
    load = "import sys; from filter_plugins.toolkit import FilterModule; FilterModule().filters(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", load], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "jsonschema" in done.stdout.split()
    assert {"lark", "openstack"} & set(done.stdout.split()) == set()
