"""A server's software bill of materials. The same things installed give the same bill, whenever it is written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from toolkit.sbom.installed import Archive, File, Installed, Package
from toolkit.sbom.own import NAME, Own

FOREIGN = "neither Debian nor Jitsi"
DEBIANS = ("Debian", "Debian Backports")  # origins of its archives


def vendors(package: Package, jitsi_site: str) -> set[str]:
    """Who has the package in an archive: Debian, Jitsi (by the address of its repository) or FOREIGN."""
    return {_vendor(archive, jitsi_site) for archive in package["archives"]} or {FOREIGN}


def _vendor(archive: Archive, jitsi_site: str) -> str:
    if archive["origin"] in DEBIANS:
        return "Debian"
    return "Jitsi" if archive["site"] == jitsi_site else FOREIGN


def properties(**texts: str) -> list[Property]:
    """Properties with names of the toolkit's."""
    return [Property(name=f"{NAME}:{name.replace('_', '-')}", value=value) for name, value in texts.items()]


def _archive(package: Package) -> str:
    """Labels of the archives, such as Debian-Security."""
    labels = sorted({archive["label"] or archive["origin"] or archive["site"] for archive in package["archives"]})
    if not labels:
        return "none"
    return ", ".join(labels) + ("" if package["listed"] else " (in another version)")


def package_component(package: Package, codename: str, jitsi_site: str) -> Component:
    """A package. Its purl is for databases of weaknesses, which cannot know whose a foreign one is."""
    whose = sorted(vendors(package, jitsi_site) - {FOREIGN})
    known = {"arch": package["architecture"], "distro": codename}
    purls = [PackageURL("deb", vendor.lower(), package["name"], package["version"], known) for vendor in whose]
    return Component(
        type=ComponentType.LIBRARY,
        name=package["name"],
        version=package["version"],
        bom_ref=f"package/{package['name']}/{package['architecture']}",
        supplier=OrganizationalEntity(name=whose[0]) if whose and package["listed"] else None,
        purl=purls[0] if purls else None,
        properties=properties(
            origin=" and ".join(whose) or FOREIGN,
            archive=_archive(package),
            architecture=package["architecture"],
            source_package=package["source"],
            source_version=package["source_version"],
        ),
    )


def file_component(file: File, own: Own) -> Component:
    """A file that no package brought: the checkout's, with its version, one written from settings, or foreign."""
    known = own.programs.get(file["sha256"])
    ours = known or ("settings" if file["rendered"] else None)
    return Component(
        type=ComponentType.APPLICATION,
        name=file["path"],
        version=own.version if known else None,
        bom_ref=f"file{file['path']}",
        supplier=OrganizationalEntity(name=NAME) if ours else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file["sha256"])],
        properties=properties(origin=NAME, source=ours) if ours else properties(origin=f"{FOREIGN} nor this checkout"),
    )


def bill(host: str, installed: Installed, own: Own, jitsi_site: str) -> Bom:
    """All packages and programs of the host, each once."""
    system = installed["system"]
    server = Component(type=ComponentType.OPERATING_SYSTEM, name=host, version=system["name"], bom_ref=f"host/{host}")
    toolkit = Component(type=ComponentType.APPLICATION, name=NAME, version=own.version)
    bom = Bom(
        components=_components(installed, own, jitsi_site),
        metadata=BomMetaData(
            component=server,
            tools=ToolRepository(components=[toolkit]),
            timestamp=datetime.fromtimestamp(installed["changed"], UTC),
        ),
        serial_number=NAMESPACE_URL,
    )
    bom.register_dependency(server, bom.components)
    bom.serial_number = uuid5(NAMESPACE_URL, printed(bom))
    return bom


def _components(installed: Installed, own: Own, jitsi_site: str) -> Iterator[Component]:
    codename = installed["system"]["codename"]
    yield from (package_component(package, codename, jitsi_site) for package in installed["packages"])
    yield from (file_component(file, own) for file in installed["files"])


def printed(bom: Bom) -> str:
    """The bill as JSON of CycloneDX 1.6."""
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"
