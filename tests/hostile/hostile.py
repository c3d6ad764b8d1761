"""Try all hostile cases and count (make hostile). What is tried once is a test, too: test_hostile_cases.py."""

import re
import sys
import traceback
from collections import Counter
from dataclasses import dataclass

from contract import SEED
from folders import Folder, HangError, in_time
from hostile_cases import CASES, SECRET, Case

COUNTED = ("executed", "tracebacks", "hangs", "secrets", "other sentences")


@dataclass
class Outcome:
    """What came of a case: which of COUNTED, and what was said."""

    faults: list[str]
    said: list[str]


def tried(case: Case) -> Outcome:
    folder = Folder()
    canary = folder.path.parent / "pwned"
    try:
        case.make(folder, canary)
        try:
            with in_time():
                said = folder.said()
        except HangError:
            return Outcome(["hangs"], [])
        except BaseException:
            return Outcome(["tracebacks"], traceback.format_exc().splitlines()[-3:])
        return Outcome(list(_faults(case, said, canary.exists())), said)
    finally:
        folder.remove()


def _faults(case: Case, said: list[str], executed: bool) -> list[str]:
    text = "\n".join(said)
    found = {
        "executed": executed,
        "tracebacks": re.search(r"Traceback|object at 0x|<class ", text),
        "secrets": SECRET in text or SEED in text,
        "other sentences": case.says not in text or any(len(each) > 1000 or not each.isprintable() for each in said),
    }
    return [name for name, fault in found.items() if fault]


def main() -> int:
    """Print the counts of each kind, and what is not as it must be."""
    cases, counts = Counter(case.kind for case in CASES), Counter()
    for case in CASES:
        outcome = tried(case)
        for fault in outcome.faults:
            counts[case.kind, fault] += 1
            print(f"{fault}: {case.kind}: {case.name[:120]!r} (expected: {case.says})")
            print(*(f"    {line[:300]}" for line in outcome.said[:4]), sep="\n")
    print(f"{'kind':35} {'cases':>6} " + " ".join(f"{name:>16}" for name in COUNTED))
    for kind in [*cases, ""]:
        row = [
            counts[kind, fault] if kind else sum(n for (_, f), n in counts.items() if f == fault) for fault in COUNTED
        ]
        print(
            f"{kind or 'all':35} {cases[kind] if kind else len(CASES):6} " + " ".join(f"{number:16}" for number in row)
        )
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
