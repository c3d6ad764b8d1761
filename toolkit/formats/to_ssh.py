"""A file as the value of an option of ssh, such as IdentityFile."""

from .texts import in_quotes, line_of


def to_ssh(value: object) -> str:
    """Return the file's name in quotes, with what ssh would put something in for escaped.

    Raises ValueError for line breaks and other control characters, and for ${, which ssh has no escape for.
    """
    text = line_of(value, "an option of ssh")
    if "${" in text:
        raise ValueError("an option of ssh cannot have ${, which is a variable there")
    return in_quotes(text.replace("%", "%%"))
