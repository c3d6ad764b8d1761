"""The preflight of a back end: asks its provider what a login needs, and prints a sentence for each thing asked.

    python3 -m login.preflight FILE   one line on stdin, if any, is a login to try: {"user": "...", "password": "..."}
    python3 -m login.preflight -      the settings are the line before that

Returns 1 for an error, 2 when something could not be reached (it may be from elsewhere), 64 for settings that cannot
work, 69 when a Python package of the back end is missing.
"""

import importlib
import json
import sys
from pathlib import Path

from .backends import MODULES
from .backends.findings import OK, Finding, report


def main(file: str) -> int:
    """Print the findings for a settings file, or for the first line of standard input."""
    try:
        settings = json.loads(sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8"))
        line = "" if sys.stdin.isatty() else sys.stdin.readline()
        test_login = json.loads(line) if line.strip() else None
        module = importlib.import_module(f".backends.{MODULES[settings['kind']]}", __package__)
        if not hasattr(module, "check"):
            return report([Finding(OK, "the accounts are in the settings; nobody is asked")])
        return report(module.check(settings["kind"], settings["backend"], test_login))
    except ImportError as error:
        print(f"{error.name} is missing on this machine", file=sys.stderr)
        return 69
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
