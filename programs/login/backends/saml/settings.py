"""Settings of the SAML back end: the object `backend` of the settings file."""

import dataclasses
from urllib.parse import urlsplit


@dataclasses.dataclass(frozen=True)
class Settings:
    """The provider, and what of its attributes counts; times are seconds."""

    entity_id: str  # our name at the provider
    redirect_url: str  # https://DOMAIN/login/finish, where its answers go
    metadata_file: str = ""  # of the provider; or:
    metadata_url: str = ""
    login_attribute: str = ""  # the NameID if empty
    moderator_attribute: str = ""  # nobody is a moderator if empty
    moderator_value: str = ""  # what that attribute has to have; true if empty
    ca_file: str = ""  # of metadata_url; the system's CAs if empty
    seconds: float = 8  # one request, and the check of one answer
    leeway: int = 60  # by which the provider's clock may differ
    metadata_seconds: float = 3600  # for which metadata of an address is kept
    renewal_seconds: float = 30  # between two requests for it

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot work."""
        if bool(self.metadata_file) == bool(self.metadata_url):
            raise ValueError("either metadata_file or metadata_url is needed")
        for name in ("redirect_url", "metadata_url"):
            if (address := getattr(self, name)) and urlsplit(address).scheme != "https":
                raise ValueError(f"{name} does not begin with https://")
