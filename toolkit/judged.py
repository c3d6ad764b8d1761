"""What was judged in this run, for those who read it later in the same process."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from .customer_folder import fingerprint
from .yaml_data import Error

# For each customer's folder the fingerprint from before it was judged, until that is compared.
JUDGED: dict[Path, str] = {}


def changed_since() -> list[Error]:
    """An error for each folder that is no longer as it was judged. What was compared counts as judged no more."""
    text = "a file of the folder changed while it was read. Fix: run the same again."
    found = [Error(str(folder), 0, text) for folder, before in JUDGED.items() if fingerprint(folder) != before]
    JUDGED.clear()
    return found


def refuse(found: Iterable[Error | str]) -> NoReturn:
    """End the run with a sentence for each error."""
    print("\n".join(["Refused, nothing was touched:", *(f"* {error}" for error in found)]), file=sys.stderr)
    sys.exit(2)
