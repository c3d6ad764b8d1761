"""How the SSH host key of each server was learnt."""

from collections.abc import Iterable

MEANINGS = {"console": "read from its console", "trusted": "TRUSTED at the first contact, whoever answered"}


def host_key_sources(known_hosts: str, hosts: Iterable[str]) -> list[str]:
    """Return a line per server, from the text of known_hosts."""
    # name,address type key server-id source
    lines = [line.split(" ", 4) for line in known_hosts.splitlines()]
    sources = {line[0].split(",")[0]: line[4] for line in lines if len(line) == 5}
    return [f"{host} {MEANINGS.get(source := sources.get(host, 'not recorded'), source)}" for host in hosts]
