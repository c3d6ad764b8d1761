"""Write what is printed from the schema of the settings (toolkit/settings/schema).

usage: settings           write group_vars/all/settings.yml, docs/settings.md and docs/settings.schema.json
       settings --check   say which of them is not what the schema prints
"""

import sys
from typing import NoReturn

from toolkit.cli.program import ROOT, run
from toolkit.settings.documents import DOCUMENTS


def refuse(sentence: str) -> NoReturn:
    """End the program with the sentence."""
    sys.exit(f"settings: {sentence}")


def main(words: list[str]) -> None:
    """Write the documents, or compare them. Ends with a sentence where that cannot be."""
    if words not in ([], ["--check"]):
        sys.exit(__doc__)
    for file, printed in DOCUMENTS.items():
        if not words:
            file.write_text(printed())
        elif not file.exists() or file.read_text() != printed():
            refuse(f"{file.relative_to(ROOT)} is not what the schema prints: run scripts/settings.")


def program() -> None:
    """Run with the words of the command line."""
    run(main, refuse)
