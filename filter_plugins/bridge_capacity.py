"""Filter bridge_capacity: how many people one videobridge carries."""

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: bridge_capacity
short_description: People one videobridge carries, by virtual CPUs and use of cameras
description:
  - A planning figure from published measurements, interpolated between them, proportional below the smallest and never
    extrapolated above the largest. It holds near the conditions it was measured in; own load runs are better.
  - >-
    V(few), large rooms with about ten cameras on. 80 people on 4 vCPU, 90 percent of the processor (openfun load tests
    2022, Scaleway GP1-XS, 4 vCPU and 16 GB), which is also jicofo's own limit of 80 participants per conference and
    bridge (C(max-bridge-participants) in jicofo-selector's reference.conf). 160 on 8 vCPU is computed from the load
    that meet.jit.si counts per participant on 8 vCPU bridges (0.005) and jicofo's overload threshold (0.8).
  - >-
    V(small_rooms), rooms of up to ten people, cameras on. 180 people in 36 rooms took 2.14 of 4 cores (openfun load
    tests 2022). 250 on 8 vCPU is the upper end of the same computation and was not measured.
  - >-
    V(all), large rooms, everyone shows a 720p camera and sees all others. 14 people took 3.5 cores, 24 saturated 4
    (load tests of hpi-schul-cloud); 28 on 8 vCPU is the same load per core.
positional: _input, cameras
options:
  _input:
    description: Virtual CPUs of the bridge's flavor.
    type: int
    required: true
  cameras:
    description: How the customer meets.
    type: str
    settings: [few, small_rooms, all]
    default: few
"""

EXAMPLES = r"""
people: "{{ 4 | bridge_capacity('few') }}"   # 80
"""

RETURN = r"""
_value:
  description: People at the same time.
  type: int
"""

# cameras -> measured points (vCPU, people), ascending
MEASURED = {
    "few": ((4, 80), (8, 160)),
    "small_rooms": ((4, 180), (8, 250)),
    "all": ((4, 14), (8, 28)),
}


def bridge_capacity(vcpus: int, cameras: str = "few") -> int:
    """Return the people one bridge with vcpus virtual CPUs carries."""
    if cameras not in MEASURED:
        raise AnsibleFilterError(f"bridge_capacity: cameras is {cameras!r}: write one of {', '.join(MEASURED)}")
    if not isinstance(vcpus, int) or vcpus < 1:
        raise AnsibleFilterError("bridge_capacity: give the number of virtual CPUs, at least 1")
    (low, few), (high, many) = MEASURED[cameras]
    if vcpus <= low:
        return few * vcpus // low
    return few + (many - few) * (min(vcpus, high) - low) // (high - low)


class FilterModule:
    """Makes bridge_capacity known to Ansible."""

    def filters(self):
        return {"bridge_capacity": bridge_capacity}
