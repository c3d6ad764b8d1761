"""An OpenID provider whose every answer a test may change, and a person who logs in there."""

import hashlib
from base64 import b64decode
from urllib.parse import parse_qs, unquote, urlsplit

from customer import base64url
from directories import Authority
from provider_site import Documents
from signing import Issuer

CLIENT, SECRET = "jitsi meet", "client:secret/1"  # both need encoding in HTTP's password
REDIRECT, HOME = "https://meet.acme.test/login/finish", "https://meet.acme.test/"
DISCOVERY = "/realm/.well-known/openid-configuration"
ANNA = {"sub": "4711", "preferred_username": "Anna", "groups": ["staff", "hosts"]}


class Provider:
    """Does what OpenID Connect asks for; `changes` replace claims of ID tokens, `header` parts of their header."""

    def __init__(self, folder, **options):
        self.documents = Documents(folder, Authority(), **options)
        self.url = self.documents.url
        self.issuer = Issuer(f"{self.url}/realm", CLIENT)
        self.reset()

    def reset(self):
        """All is well again."""
        self.changes, self.header, self.info, self.key, self.public = {}, {}, {}, None, False
        self.documents.put(DISCOVERY, self.discovery())
        self.documents.put("/jwks", self.issuer.public())
        self.documents.put("/token", self.token)
        self.documents.put("/userinfo", self.userinfo)
        self.documents.put("/authorize", self.authorize)

    def discovery(self, **changes) -> dict:
        document = {
            "issuer": self.issuer.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/end?realm=acme",
            "response_types_supported": ["code", "id_token"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "id_token_signing_alg_values_supported": ["RS256", "none"],
            "scopes_supported": ["openid", "profile"],
            "claims_supported": ["sub", "preferred_username", "groups"],
        }
        return {key: value for key, value in (document | changes).items() if value is not None}

    def settings(self, **changes) -> dict:
        return {
            "issuer": self.issuer.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_url": REDIRECT,
            "home_url": HOME,
            "scopes": ["openid", "profile"],
            "login_claim": "preferred_username",
            "moderator_claim": "groups",
            "moderator_value": "hosts",
            "ca_file": self.documents.ca_file,
            "seconds": 2,
        } | changes

    def visit(self, address: str) -> dict[str, str]:
        """A person logs in at the address; returns the query of the way back."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        self.asked = {name: value for name, (value,) in parse_qs(parts.query).items()}
        assert self.asked["redirect_uri"] == REDIRECT
        assert self.asked["response_type"] == "code"
        assert self.asked["code_challenge_method"] == "S256"
        return {"code": "the-code", "state": self.asked["state"], "iss": self.issuer.issuer}

    def authorize(self, query, _headers):
        return (200, "log in") if f"client_id={CLIENT.replace(' ', '+')}" in query else (400, "who?")

    def token(self, body, headers):
        """Tokens for the code, once the client and the verifier are right."""
        sent = {name: value for name, (value,) in parse_qs(body).items()}
        if not self.public:
            user, _, password = b64decode(headers.get("Authorization", "Basic Og==").split()[1]).decode().partition(":")
            if (unquote(user.replace("+", " ")), unquote(password)) != (CLIENT, SECRET):
                return 401, {"error": "invalid_client"}
        elif sent.get("client_id") != CLIENT or "Authorization" in headers:
            return 401, {"error": "invalid_client"}
        verifier = base64url(hashlib.sha256(sent["code_verifier"].encode()).digest())
        if sent["code"] != "the-code" or sent["redirect_uri"] != REDIRECT or verifier != self.asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "Anna's code is over"}
        claims = ANNA | {"nonce": self.asked["nonce"]} | self.changes
        return 200, {"id_token": self.issuer.token(claims, self.key, **self.header), "access_token": "access"}

    def userinfo(self, _query, headers):
        return (200, self.info) if headers.get("Authorization") == "Bearer access" else (401, {})
