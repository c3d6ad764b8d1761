"""A server's answer as its software bill of materials."""

from typing import TypedDict

from toolkit.sbom.bill import FOREIGN, bill, printed, vendors
from toolkit.sbom.installed import AnswerError, Installed, installed
from toolkit.sbom.own import own


class Sbom(TypedDict):
    """The bill as JSON and a line about it; or why there is none, and nothing else."""

    error: str
    document: str
    summary: str


def sbom(answer: str, host: str, jitsi_site: str) -> Sbom:
    """The bill of the host that gave the answer; jitsi_site is the host of Jitsi's repository."""
    try:
        found = installed(answer)
    except AnswerError as error:
        sentence = (
            f"{host}: {error}, so its answer is not that of the toolkit's program and no list was written. Fix: look "
            f"at the server (make ssh HOST={host}) before its next list is believed."
        )
        return Sbom(error=sentence, document="", summary="")
    document = printed(bill(host, found, own(), jitsi_site))
    return Sbom(error="", document=document, summary=f"{host}: {summary(found, jitsi_site)}")


def summary(found: Installed, jitsi_site: str) -> str:
    """How many packages are whose, and the names of those that are neither Debian's nor Jitsi's."""
    names: dict[str, list[str]] = {}
    for package in found["packages"]:
        names.setdefault(" and ".join(sorted(vendors(package, jitsi_site))), []).append(package["name"])
    counted = [
        f"{len(those)} {vendor}" + (f" ({', '.join(sorted(those))})" if FOREIGN in vendor else "")
        for vendor, those in sorted(names.items())
    ]
    return f"packages: {', '.join(counted)}; {len(found['files'])} files of other programs"
