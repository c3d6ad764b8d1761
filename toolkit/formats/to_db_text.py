"""A row of a table of Kamailio's module db_text."""

from collections.abc import Iterable

from .texts import line_of

ESCAPES = str.maketrans({"\\": r"\\", ":": r"\:"})


def to_db_text(values: Iterable[object]) -> str:
    """Return the values, texts and whole numbers, as a row.

    Raises ValueError for line breaks and other control characters.
    """
    return ":".join(line_of(value, "db_text").translate(ESCAPES) for value in values)
