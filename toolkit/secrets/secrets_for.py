"""One secret per name, each derived as filter secret_for does."""

from collections.abc import Iterable, Mapping

from toolkit.secrets.secret_for import secret_for


def secrets_for(names: Iterable[str] | Mapping[str, str], seed: str) -> dict[str, str]:
    """Return {name: secret}; raises ValueError for a single text, which would be taken letter by letter."""
    if isinstance(names, str):
        raise ValueError("needs a list of names")
    purposes = names if isinstance(names, Mapping) else {name: name for name in names}
    return {name: secret_for(seed, purpose) for name, purpose in purposes.items()}
