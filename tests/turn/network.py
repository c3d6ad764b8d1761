"""A cloud with floating addresses and the offices around it, in network namespaces."""

import contextlib
import os
import subprocess

PRIVATE, FLOATING, IPV6 = "10.71.0.", "198.51.100.", "2001:db8:71::"
OFFICES = {4: "203.0.113.2", 6: "2001:db8:113::2"}
NUMBERS = range(11, 30)

# What OpenStack's router does, and the firewall of offices that let out nothing but the web.
ROUTER = f"""
table ip floating {{
  map inwards {{
    type ipv4_addr : ipv4_addr
    elements = {{ {", ".join(f"{FLOATING}{n} : {PRIVATE}{n}" for n in NUMBERS)} }}
  }}
  map outwards {{
    type ipv4_addr : ipv4_addr
    elements = {{ {", ".join(f"{PRIVATE}{n} : {FLOATING}{n}" for n in NUMBERS)} }}
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat
    dnat to ip daddr map @inwards
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat
    oifname "office*" snat to ip saddr map @outwards
    ct status dnat snat to ip saddr map @outwards
  }}
}}
table inet offices {{
  chain forward {{
    type filter hook forward priority filter
    iifname "office*" tcp dport 443 accept
    iifname "office*" drop
  }}
}}
"""


class Place:
    """A network namespace; it goes with its process."""

    def __init__(self, setup="true"):
        script = f"ip link set lo up\n{setup}\necho ready\nexec sleep infinity"
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-ec", script], stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"

    def close(self):
        self.holder.kill()
        self.holder.wait()


def enter(place):
    """The words in front of a command to run it there."""
    return ["nsenter", f"--net=/proc/{place.holder.pid}/ns/net"]


def run(place, script):
    subprocess.run([*enter(place), "sh", "-ec", script], check=True)


@contextlib.contextmanager
def inside(place):
    """Sockets made meanwhile live there, and stay there."""
    with open("/proc/thread-self/ns/net") as here, open(f"/proc/{place.holder.pid}/ns/net") as there:
        os.setns(there.fileno(), os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(here.fileno(), os.CLONE_NEWNET)


class Cloud(Place):
    """The network inside and its router."""

    def __init__(self):
        super().__init__(
            f"""
            echo 1 > /proc/sys/net/ipv4/ip_forward
            echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
            # The router's own for good: otherwise it is that of one of its ports, and changes with them.
            ip link add br0 address 02:00:00:00:00:01 type bridge
            ip address add {PRIVATE}1/24 dev br0
            ip address add {IPV6}1/64 dev br0 nodad
            ip link set br0 up
            printf '%s' '{ROUTER}' | nft -f -
            """
        )

    def plug(self, place, number):
        """Gives a server its addresses; the floating one exists at the router only."""
        self._cable(place, f"server{number}")
        run(self, f"ip link set server{number} master br0")
        # Whoever gets this number next is found where its neighbours remember this one.
        run(place, f"ip link set eth0 address 02:00:00:00:00:{number}")
        self._address(place, f"{PRIVATE}{number}/24", f"{IPV6}{number}/64")
        self._route(place, f"{PRIVATE}1", f"{IPV6}1")

    def unplug(self, number):
        run(self, f"ip link delete server{number}")

    def connect(self, office, version):
        """Connects an office of that IP version alone."""
        own = OFFICES[version]
        router = f"{own[:-1]}1"
        name, size = f"office{version}", {4: 24, 6: 64}[version]
        self._cable(office, name)
        nodad = "nodad" if version == 6 else ""
        run(self, f"ip address add {router}/{size} dev {name} {nodad}")
        self._address(office, f"{own}/{size}")
        self._route(office, router)

    def _cable(self, place, name):
        run(self, f"ip link add {name} type veth peer name eth0 netns {place.holder.pid}; ip link set {name} up")
        run(place, "ip link set eth0 up")

    def _address(self, place, *addresses):
        run(place, ";".join(f"ip address add {a} dev eth0 {'nodad' if ':' in a else ''}" for a in addresses))

    def _route(self, place, *routers):
        run(place, ";".join(f"ip route add default via {router}" for router in routers))
