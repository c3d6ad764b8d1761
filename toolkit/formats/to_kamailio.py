"""A text as a string of Kamailio's script."""

from .texts import in_quotes, line_of


def to_kamailio(value: object, plain: bool = False) -> str:
    """Return the text as a string, in quotes, that a function takes for exactly this text.

    plain: whether it is a string of an assignment or of modparam, where $ begins no variable.
    Raises ValueError for line breaks and other control characters.
    """
    text = line_of(value, "Kamailio")
    return in_quotes(text if plain else text.replace("$", "$$"))
