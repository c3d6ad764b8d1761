"""A text for files that have one value a line and no way to quote it: debconf's answers, apt's sources, hosts."""

from .texts import line_of


def one_line(value: object) -> str:
    """Return the text as it is.

    Raises ValueError for line breaks and other control characters, for blanks at an end, which would be lost, and for a
    backslash at the end, after which the next line would be this one's.
    """
    text = line_of(value, "this file")
    if text != text.strip() or text.endswith("\\"):
        raise ValueError("this file cannot have a text with a blank at an end, or with a \\ at its end")
    return text
