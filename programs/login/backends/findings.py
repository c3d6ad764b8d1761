"""What a preflight finds at a provider: one sentence for each thing asked."""

import dataclasses
from collections.abc import Iterable

OK, UNREACHABLE, ERROR = "ok", "unreachable", "error"
ASK = "ask the identity provider's administrator"


@dataclasses.dataclass(frozen=True)
class Finding:
    """kind is one of OK, UNREACHABLE (what may be different from elsewhere) and ERROR; text says the fix."""

    kind: str
    text: str


def report(findings: Iterable[Finding]) -> int:
    """Print the findings; return 1 for an error, 2 for something that could not be reached, else 0."""
    kinds = set()
    for finding in findings:
        print(f"{finding.kind}: {finding.text}", flush=True)
        kinds.add(finding.kind)
    return 1 if ERROR in kinds else 2 if UNREACHABLE in kinds else 0
