"""How many people one videobridge carries."""

# cameras -> measured points (vCPU, people), ascending
MEASURED = {
    "few": ((4, 80), (8, 160)),
    "small_rooms": ((4, 180), (8, 250)),
    "all": ((4, 14), (8, 28)),
}


def bridge_capacity(vcpus: int, cameras: str = "few") -> int:
    """Return the people one bridge with vcpus virtual CPUs carries; raises ValueError."""
    if cameras not in MEASURED:
        raise ValueError(f"cameras is {cameras!r}: write one of {', '.join(MEASURED)}")
    if not isinstance(vcpus, int) or vcpus < 1:
        raise ValueError("give the number of virtual CPUs, at least 1")
    (low, few), (high, many) = MEASURED[cameras]
    if vcpus <= low:
        return few * vcpus // low
    return few + (many - few) * (min(vcpus, high) - low) // (high - low)
