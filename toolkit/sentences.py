"""How values and names are shown in the sentences that refuse them, and what might have been meant."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence

# What nobody may read in a log, wherever it was written by mistake: keys, and logins in addresses.
LIKE_A_SECRET = re.compile(r"PRIVATE KEY|AGE-SECRET-KEY|ANSIBLE_VAULT|://[^/\s]*@", re.IGNORECASE)
LONGEST_QUOTE = 60
NEAR = 0.6
PREFIX = "^(jitsi|cloud)_"


def looks_secret(value: object) -> bool:
    """Whether the value is a text with a key, or a login in an address."""
    return isinstance(value, str) and LIKE_A_SECRET.search(value) is not None


def shorten(text: str) -> str:
    """The text, with its end left out where it is longer than LONGEST_QUOTE characters."""
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."


def quote(value: object) -> str:
    """The value as YAML would have it, short, printable, never a whole structure."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 200 else f"a number of {value.bit_length()} bits"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, str):
        return json.dumps(shorten(value), ensure_ascii=not value.isprintable())
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    kinds = ((dict, "a mapping"), (type(None), "empty"), (bytes, "binary"))
    return next((words for kind, words in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def name_of(key: object) -> str:
    """A key as it was written, quoted only where it is no plain word."""
    return shorten(key) if isinstance(key, str) and key.isprintable() and key.strip() == key != "" else quote(key)


def one_of(names: Sequence[object]) -> str:
    """a, b or c."""
    return ", ".join(map(name_of, names[:-1])) + f" or {name_of(names[-1])}" if len(names) > 1 else name_of(names[0])


def nearest(word: object, names: Iterable[str]) -> list[str]:
    """The name most like word, in a list; empty when none is. A prefix that all share makes nothing alike."""
    if not isinstance(word, str):
        return []
    tails = {re.sub(PREFIX, "", name) if re.match(PREFIX, word) else name: name for name in names}
    return [tails[tail] for tail in difflib.get_close_matches(re.sub(PREFIX, "", word[:LONGEST_QUOTE]), tails, 1, NEAR)]
