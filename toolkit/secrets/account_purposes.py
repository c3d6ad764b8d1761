"""Whose password comes from which purpose."""

from collections.abc import Iterable, Mapping
from typing import Any

FIRST = 1


def account_purposes(accounts: Mapping[str, Mapping[str, Any]], written: Iterable[str]) -> dict[str, str]:
    """Return {name: purpose} of accounts ({name: {password: number of issue}}) and of those that are written down."""
    issues = dict.fromkeys(written, FIRST) | {name: account["password"] for name, account in accounts.items()}
    return {name: f"moderator/{name}" + (f"/{issue}" if issue > FIRST else "") for name, issue in issues.items()}
