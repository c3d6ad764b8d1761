"""Filter program_archive: a program of the toolkit as the one file that is put on servers."""

import base64
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit import program_archive as archives

DOCUMENTATION = r"""
name: program_archive
short_description: Pack a program of the toolkit for servers
description:
  - Packs a package of C(programs/) as one executable file (a zipapp) that Debian's own Python runs.
  - The same files give the same bytes.
options:
  _input:
    description: Name of the package.
    type: str
    required: true
"""

EXAMPLES = r"""
program: "{{ 'conference_mapper' | program_archive }}"
"""

RETURN = r"""
_value:
  description: The file, C(base64), as action P(binary_file#module) takes it.
  type: str
"""


def program_archive(package: str) -> str:
    """Return the archive of the package, base64. Raises OSError where there is no such package."""
    return base64.b64encode(archives.program_archive(package)).decode()


class FilterModule:
    """Makes program_archive known to Ansible."""

    def filters(self):
        return {"program_archive": program_archive}
