"""What the toolkit's modules for OpenStack share: whose a resource is, and how long the cloud may take."""

import time

from ansible_collections.openstack.cloud.plugins.module_utils.openstack import OpenStackModule


def owner(customer: str, host: str = "") -> str:
    """Return the mark in a resource's description: whose it is and, where it belongs to one host, of which."""
    return f"jitsi customer {customer}" + (f" host {host}" if host else "")


def is_of_a_host(description: str | None, customer: str) -> bool:
    """Tell by its description whether a resource belongs to a host of the customer."""
    return (description or "").startswith(f"{owner(customer)} host ")


class CustomerModule(OpenStackModule):
    """A module that gives the cloud as many seconds as its parameter timeout says."""

    def __init__(self) -> None:
        super().__init__()
        self.deadline = time.monotonic() + self.params["timeout"]

    def seconds_left(self) -> int:
        """Return the seconds until the deadline, at least 1."""
        return max(1, int(self.deadline - time.monotonic()))
