"""Settings of the LDAP back end: the object `backend` of the settings file."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Settings:
    """The servers and what is searched for; times are seconds."""

    servers: list[str]  # ldaps://host[:port], or ldap://host[:port] for StartTLS
    base: str
    bind_dn: str
    password: str = dataclasses.field(repr=False)
    ca_file: str  # the system's CAs if empty
    login_attribute: str
    login_suffix: str = ""  # follows what users type: @acme.example for userPrincipalName
    user_filter: str = "(objectClass=*)"
    current_filter: str = ""  # what is true of those as well who stay logged in, such as not to be disabled
    moderators_group: str = ""
    chain: bool = False  # members of groups in the group count, too, by Active Directory's rule
    seconds: float = 8  # one login in all
    server_seconds: float = 3  # one question to one server
    rest: float = 30  # a server that failed is asked last for so long
    workers: int = 32  # passwords that are checked at the same time

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Settings":
        """Return the settings. Raises TypeError for unknown or missing ones, ValueError without a server."""
        made = cls(**settings)
        if not made.servers:
            raise ValueError("servers is empty")
        return made
