"""What languages of configuration files have in common: a text is one line, and most of them quote it in one way."""

import unicodedata

# Control characters, line breaks among them, and halves of characters, which no file can have.
REFUSED = {"Cc", "Cs"}


def line_of(value: object, language: str) -> str:
    """Return the text or whole number as the line that it is.

    Raises ValueError for any other type, and for what no line of the language can have. The message does not have the
    value, which may be a secret.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{language} needs a text here and not a {type(value).__name__}")
    if any(unicodedata.category(character) in REFUSED for character in str(value)):
        raise ValueError(f"{language} cannot have a text with a line break or another control character here")
    return str(value)


def in_quotes(text: str) -> str:
    """Return the text in double quotes, as nginx, Kamailio, systemd and ssh read it but for their variables."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
