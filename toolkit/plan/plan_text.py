"""What would be deployed, for a person to read."""

from toolkit.shapes import Plan, Settings

CAMERAS = {
    "few": "few cameras in large rooms",
    "small_rooms": "rooms of up to ten people",
    "all": "everyone's camera on in large rooms",
}
PEERS = {
    "world": "the world",
    "admin": "operators' networks",
    "publishers": "jitsi_stream_publishers",
    "trunk": "the SIP trunk",
}
RECORDS = {
    "printed": "set them yourself once the servers have addresses",
    "designate": "set in the cloud's DNS service",
}


def _table(rows: list[list[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _disk(volume_gb: int) -> str:
    return f"volume of {volume_gb} GB" if volume_gb else "local disk"


def _capacity(plan: Plan, settings: Settings, people_per_bridge: int) -> list[str]:
    bridges = sum("videobridges" in server["groups"] for server in plan["servers"])
    carried, promised = bridges * people_per_bridge, settings["jitsi_plans"][settings["jitsi_plan"]]["users"]
    lines = [
        f"  {bridges} x bridge with {settings['cloud_bridge_vcpus']} vCPU "
        f"({CAMERAS[settings['jitsi_usage_profile']]}): about {people_per_bridge} people each, {carried} together"
    ]
    # A recorder records one meeting.
    recorders = sum("recorders" in server["groups"] for server in plan["servers"])
    if recorders:
        lines.append(f"  {recorders} x recorder: {recorders} recording{'s' * (recorders > 1)} at the same time")
    gateways = sum("gateways" in server["groups"] for server in plan["servers"])
    if gateways:
        lines.append(
            f"  {gateways} x telephone gateway: {gateways * settings['jitsi_dial_in_lines']} calls at the same time"
        )
    if not promised:
        return [*lines, f"  plan {settings['jitsi_plan']} promises no number of people"]
    verdict = "enough" if carried >= promised else f"TOO FEW, {-(-promised // people_per_bridge)} bridges would do"
    if carried >= promised and carried - people_per_bridge < promised:
        verdict += ", without a spare bridge"
    return [*lines, f"  plan {settings['jitsi_plan']} promises {promised}: {verdict}"]


def plan_text(plan: Plan, settings: Settings, people_per_bridge: int) -> str:
    """Return the plan as text; the settings are valid ones."""
    networks = [n for n in (settings["cloud_network_cidr"], settings["cloud_network_cidr_ipv6"]) if n]
    floating = [server["name"] for server in plan["servers"] if server["floating_ip"]]
    servers = [[s["name"], s["flavor"], _disk(s["volume_gb"]), ", ".join(s["groups"])] for s in plan["servers"]]
    ports = [[p["group"], p["port"], f"from {PEERS.get(p['peer'], p['peer'])}", p["why"]] for p in plan["ports"]]
    releases, release = settings["jitsi_releases"], settings["jitsi_release"]
    lines = [
        f"Servers ({len(plan['servers'])}) on cloud {settings['cloud_name']}, image {settings['cloud_image']}",
        *_table(servers),
        "Networks",
        f"  {', '.join(networks)}, routed to {settings['cloud_external_network']}",
        "Open ports, from outside and between servers",
        *_table(ports),
        f"Floating IPs ({len(floating)})",
        f"  {', '.join(floating)}",
        f"DNS records ({RECORDS[settings['cloud_dns']['mode']]})",
        *_table([[record["name"], f"-> floating IP of {record['server']}"] for record in plan["dns"]]),
        f"Software: Jitsi {release} from {settings['jitsi_repository']['url']}",
        *_table([[package, version] for package, version in releases[release].items()]),
        "Capacity",
        *_capacity(plan, settings, people_per_bridge),
    ]
    return "\n".join(lines)
