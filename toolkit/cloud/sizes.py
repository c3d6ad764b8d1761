"""Whether servers of the planned flavors and volumes can boot the image and run their daemons."""

from collections.abc import Iterator

from toolkit.cloud.named import find
from toolkit.cloud.shapes import Facts, Flavor, Image, Planned, Wanted
from toolkit.machines import kinds_of

DISK_GB = 4  # Debian with the packages of one machine and room for its logs


def size_errors(facts: Facts, wanted: Wanted) -> Iterator[str]:
    """Yield what is too small; what is named wrongly is the business of name_errors."""
    images = find(wanted["image"], facts["images"])
    seen = set()
    for server in wanted["servers"]:
        kind = kinds_of(server["groups"])[0]
        flavors = find(server["flavor"], facts["flavors"])
        if len(flavors) != 1 or len(images) != 1 or kind.name in seen:
            continue
        seen.add(kind.name)
        yield from _memory(kind.name, kind.memory_mb, flavors[0], images[0])
        yield from _disk(kind.name, server, flavors[0], images[0], facts["has_volumes"])


def _memory(kind: str, least: int, flavor: Flavor, image: Image) -> Iterator[str]:
    if flavor["ram"] < max(least, image["min_ram"]):
        yield (
            f"cloud_flavors.{kind} is {flavor['name']} with {flavor['ram']} MB of memory, and "
            f"{_whose(kind, least, image['min_ram'], image)} {max(least, image['min_ram'])} MB: write a larger flavor."
        )


def _disk(kind: str, server: Planned, flavor: Flavor, image: Image, has_volumes: bool) -> Iterator[str]:
    least = max(DISK_GB, image["min_disk"])
    if server["volume_gb"] and not has_volumes:
        yield (
            f"cloud_volume_gb.{kind} is {server['volume_gb']}, and the cloud has no block storage: write 0, and a "
            f"flavor with {least} GB of disk."
        )
    elif server["volume_gb"] and server["volume_gb"] < least:
        yield (
            f"cloud_volume_gb.{kind} is {server['volume_gb']}, and {_whose(kind, DISK_GB, image['min_disk'], image)} "
            f"{least} GB: write {least} at least."
        )
    elif not server["volume_gb"] and flavor["disk"] < least:
        volume = f", or cloud_volume_gb.{kind}: {max(least, 10)}" if has_volumes else ""
        yield (
            f"cloud_flavors.{kind} is {flavor['name']} with {flavor['disk']} GB of disk, and "
            f"{_whose(kind, DISK_GB, image['min_disk'], image)} {least} GB: write a larger flavor{volume}."
        )


def _whose(kind: str, own: int, images: int, image: Image) -> str:
    """Who asks for so much."""
    return f"the image {image['name']} needs" if images > own else f"a {kind} host needs"
