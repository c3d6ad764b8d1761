"""Settings of the OpenID back end: the object `backend` of the settings file."""

import dataclasses
from urllib.parse import urlsplit


@dataclasses.dataclass(frozen=True)
class Settings:
    """The provider, and what of its claims counts; times are seconds."""

    issuer: str  # as in its discovery document, whose address begins with it
    client_id: str
    redirect_url: str  # https://DOMAIN/login/finish
    home_url: str  # where the provider leads after a logout
    client_secret: str = dataclasses.field(default="", repr=False)  # empty for a public client
    scopes: list[str] = dataclasses.field(default_factory=lambda: ["openid"])
    login_claim: str = "sub"
    moderator_claim: str = ""  # nobody is a moderator if empty
    moderator_value: str = ""  # what that claim is, or has in its list; true if empty
    ca_file: str = ""  # the system's CAs if empty
    seconds: float = 8  # one request, and one login in all
    leeway: float = 60  # by which the provider's clock may differ
    renewal_seconds: float = 30  # between two requests for keys
    metadata_seconds: float = 3600  # for which the discovery document is kept

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot work."""
        for name in ("issuer", "redirect_url", "home_url"):
            if urlsplit(getattr(self, name)).scheme != "https":
                raise ValueError(f"{name} does not begin with https://")
        if "openid" not in self.scopes:
            raise ValueError("scopes lacks openid")

    @property
    def discovery_url(self) -> str:
        """The address of the discovery document."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
