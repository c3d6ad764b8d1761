"""How much memory a daemon in Java may take for its heap."""

from collections.abc import Sequence

# daemon -> its group; alone, the share of the host (numerator, denominator); least and most MiB
DAEMONS = {
    "jicofo": ("meet", (1, 5), 256, 3072),
    "videobridge": ("videobridges", (3, 5), 384, 8192),
    "jigasi": ("gateways", (1, 2), 256, 3072),
}
SHARED = (1, 5)
STEP = 64


def java_heap(memory_mb: int, daemon: str, groups: Sequence[str]) -> int:
    """Return the MiB of heap for the daemon on a host with that memory (MiB) and in those groups; raises ValueError."""
    if daemon not in DAEMONS:
        raise ValueError(f"daemon is {daemon!r}: write one of {', '.join(DAEMONS)}")
    group, alone, least, most = DAEMONS[daemon]
    if group not in groups:
        raise ValueError(f"{daemon} runs on hosts of group {group}, not of {', '.join(groups)}")
    shared = sum(other in groups for other, *_ in DAEMONS.values()) > 1
    part, whole = SHARED if shared else alone
    return min(max(memory_mb * part // whole // STEP * STEP, least), most)
