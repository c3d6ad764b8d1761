"""Names of the cloud's resources: each must mean one of them."""

from collections.abc import Iterator, Sequence

from toolkit.cloud.shapes import Facts, Named, Wanted


def find[T: Named](name: str, resources: Sequence[T]) -> list[T]:
    """Return the resources that a setting means by a name or an identifier."""
    return [one for one in resources if one["id"] == name] or [one for one in resources if one["name"] == name]


def name_errors(facts: Facts, wanted: Wanted) -> Iterator[str]:
    """Yield the errors of what the settings name, and of what the toolkit finds by names of its own."""
    yield from _error("image", "cloud_image", wanted["image"], facts["images"])
    for image in find(wanted["image"], facts["images"])[:1]:
        # Images are active, or wait for their data, or are withdrawn.
        if image["status"] != "active" and len(find(wanted["image"], facts["images"])) == 1:
            which = f"{wanted['image']} ({image['id']})"
            yield f"The image {which} is {image['status']}: write an active one as cloud_image."
    for flavor in sorted({server["flavor"] for server in wanted["servers"]}):
        yield from _error("flavor", "cloud_flavors", flavor, facts["flavors"])
    yield from _error(
        "external network", "cloud_external_network", wanted["external_network"], facts["external_networks"]
    )
    for zone in sorted({server["zone"] for server in wanted["servers"]} - {"", *facts["zones"]}):
        yield f"cloud_bridge_zones names {zone}, and the cloud has {', '.join(facts['zones'])}: write zones it has."
    for kind, found in facts["own"].items():
        if len(found) > 1:
            yield (
                f"The cloud has {len(found)} {kind}s named {found[0]['name']} ({_identifiers(found)}), and the toolkit "
                "makes one: delete or rename all but the one in use."
            )


def _error(kind: str, setting: str, name: str, resources: Sequence[Named]) -> Iterator[str]:
    """Yield what is wrong with a name that is to mean exactly one of the resources."""
    found = find(name, resources)
    if not found:
        known = ", ".join(sorted({one["name"] for one in resources})[:20]) or "none"
        yield f"{setting} names the {kind} {name}, and the cloud has {known}: write one it has."
    elif len(found) > 1:
        yield (
            f"The cloud has {len(found)} {kind}s named {name} ({_identifiers(found)}): write the identifier of the one "
            f"you mean as {setting}."
        )


def _identifiers(found: Sequence[Named]) -> str:
    return ", ".join(sorted(one["id"] for one in found))
