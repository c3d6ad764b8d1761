"""What Jitsi itself publishes about its page: the type of config.js, the keys an address may change, the buttons.

From the npm package @jitsi/react-native-sdk, which has the page's TypeScript sources. Two versions of it: a key that
was renamed between supported releases stands in one of them only.
"""

import base64
import functools
import hashlib
import re

from site_of import STATE, need, run

PACKAGE = "@jitsi/react-native-sdk"
INTEGRITY = {
    "11.6.3": "sha512-Z4A06VIa/zCCXWBdH0vh1dlujVcihLAqUt5bNd/cHXezjWEBRYKCk1kQsegBbADLGAKPD0JqJBsN4mWQKggIcw==",
    "13.2.0": "sha512-J7itSoy85IScxeC4letOtoS33Sp0tH5hLYFHYtH+v3WQwLjganuWlFCjlDbL5ks9ebGhVNsCyCBdML9qC+SAWw==",
}
CONFIG = "react/features/base/config"


def tarball(package: str, version: str, integrity: str):
    """The package as npm's registry has it, kept in the cache; refused when it is not what was pinned."""
    file = STATE / "cache" / f"{package.lstrip('@').replace('/', '-')}-{version}.tgz"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        run(need("npm", "npm"), "pack", "--silent", "--pack-destination", file.parent, f"{package}@{version}")
    digest = "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    assert digest == integrity, f"{file} is not what was pinned: {digest}"
    return file


def source(version: str, path: str) -> str:
    """A source file of the page, without comments."""
    text = run("tar", "-xzOf", tarball(PACKAGE, version, INTEGRITY[version]), f"package/{path}")
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def interfaces(text: str) -> dict[str, dict]:
    """Interface -> its keys, each a mapping of its own keys or the words of its type. Sources have one key a line."""
    found, parents = {}, []
    for line in map(str.strip, text.splitlines()):
        if opened := re.match(r"export interface (\w+)(?: extends (\w+))? {", line):
            parents = [found.setdefault(opened[1], dict(found.get(opened[2], {})))]
        elif parents and line.startswith("}"):
            parents.pop()
        elif parents and (key := re.match(r"(\w+|\[.+\])\??: (.+)", line)):
            inner = {} if key[2].endswith("{") else None
            parents[-1][key[1]] = inner if key[2] == "{" else key[2].rstrip(";")
            if inner is not None:
                parents.append(inner)
    return found


def paths(keys: dict, known: dict[str, dict], parents: tuple = ()):
    """The paths of keys (a.b) down to what is no mapping of the sources, or one with any keys."""
    for key, inner in keys.items():
        below = known.get(inner) if isinstance(inner, str) else inner
        if below and not any(name.startswith("[") for name in below):
            yield from paths(below, known, (*parents, key))
        else:
            yield ".".join((*parents, key))


@functools.cache
def keys() -> set[str]:
    """The paths of every key of config.js that one of the versions reads."""
    every = set()
    for version in INTEGRITY:
        known = interfaces(source(version, f"{CONFIG}/configType.ts"))
        every |= set(paths(known["IConfig"], known))
    return every


@functools.cache
def overridable() -> set[str]:
    """What an address may change, with everything below it."""
    lists = (source(version, f"{CONFIG}/configWhitelist.ts").partition("[")[2] for version in INTEGRITY)
    return {key for text in lists for key in re.findall(r"'([\w.]+)'", text)}


@functools.cache
def buttons() -> set[str]:
    """The names of the toolbar's buttons."""
    types = (source(version, "react/features/toolbox/types.ts") for version in INTEGRITY)
    unions = (re.search(r"type ToolbarButton = ([^;]+);", text)[1] for text in types)
    return {name for union in unions for name in re.findall(r"'([\w-]+)'", union)} - {"__end"}
