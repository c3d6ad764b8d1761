"""Fail unless the play recap in an ansible-playbook log shows every host unchanged and none failed.

usage: unchanged.py LOG
"""

import re
import sys
from pathlib import Path

RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def errors(log: str) -> list[str]:
    """Name every host of the log's recaps that changed or failed; an absent recap is an error, too."""
    recap = RECAP.findall(log)
    if not recap:
        return ["no play recap found"]
    return [
        f"{host}: changed={changed} unreachable={unreachable} failed={failed}"
        for host, changed, unreachable, failed in recap
        if (changed, unreachable, failed) != ("0", "0", "0")
    ]


if __name__ == "__main__":
    found = errors(Path(sys.argv[1]).read_text())
    print("\n".join(found) or "unchanged: every host reports changed=0")
    sys.exit(bool(found))
