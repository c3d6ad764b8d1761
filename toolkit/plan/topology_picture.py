"""A customer's servers and who talks to whom, as a Mermaid diagram."""

import re

from toolkit.shapes import Plan

OUTSIDE = {"world": "Internet", "admin": "Operators", "publishers": "Publishers", "trunk": "SIP trunk"}
EVERY_SERVER = "jitsi"


def _id(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _text(text: str) -> str:
    """Text as Mermaid takes it inside quotes."""
    return "".join(c if c.isalnum() or c in " -_.,:/()<>" else f"#{ord(c)};" for c in text)


def topology_picture(plan: Plan, title: str) -> str:
    """Return the Mermaid text of plan."""
    members = {EVERY_SERVER: [server["name"] for server in plan["servers"]]}
    for server in plan["servers"]:
        for group in server["groups"]:
            members.setdefault(group, []).append(server["name"])
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in plan["ports"]:
        for target in members.get(rule["group"], []):
            for source in [rule["peer"]] if rule["peer"] in OUTSIDE else members.get(rule["peer"], []):
                if source != target and not (rule["group"] == EVERY_SERVER and source in OUTSIDE):
                    ports = arrows.setdefault((source, target), [])
                    ports += [rule["port"]] if rule["port"] not in ports else []
    come = {source for source, _ in arrows}
    lines = ["flowchart LR", *(f'  {key}(("{words}"))' for key, words in OUTSIDE.items() if key in come)]
    lines.append(f'  subgraph network["{_text(title)}"]')
    for server in plan["servers"]:
        words = f"{server['name']}<br/>{', '.join(server['groups'])}<br/>{server['flavor']}"
        lines.append(f'    {_id(server["name"])}["{_text(words)}"]')
    lines.append("  end")
    for (source, target), ports in arrows.items():
        lines.append(f'  {_id(source)} -- "{_text(", ".join(ports))}" --> {_id(target)}')
    return "\n".join(lines) + "\n"
