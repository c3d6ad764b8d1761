"""The back ends for OpenID Connect and SAML at LemonLDAP::NG, all the way as a browser goes."""

import contextlib
import subprocess

import pytest
from asking import ASKER, PYTHON, ROOT, Asker, preflight
from browsing import Browser
from lemonldap import CLIENT, SECRET, Lemonldap
from openid import HOME, REDIRECT
from saml_site import ENTITY


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    packages = ("python3-aiohttp", "python3-pysaml2", "python3-xmlsec", "python3-jwt", "xmlsec1")
    subprocess.run([ROOT / "scripts/need", *packages], check=True)
    with contextlib.closing(Lemonldap(tmp_path_factory.mktemp("provider"))) as provider:
        yield provider


@pytest.fixture(params=["oidc", "saml file", "saml address"])
def way(request, provider, tmp_path):
    """The kind, and its settings."""
    if request.param == "oidc":
        return "oidc", {
            "issuer": f"{provider.url}/",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_url": REDIRECT,
            "home_url": HOME,
            "scopes": ["openid", "profile", "groups"],
            "login_claim": "preferred_username",
            "moderator_claim": "groups",
            "moderator_value": "timelords",
            "ca_file": str(provider.ca_file),
        }
    address, metadata = f"{provider.url}/saml/metadata", {}
    if request.param == "saml file":
        with Browser(provider.ca_file).opener.open(address) as page:
            (tmp_path / "metadata.xml").write_bytes(page.read())
        metadata = {"metadata_file": str(tmp_path / "metadata.xml")}
    else:
        metadata = {"metadata_url": address}
    return "saml", metadata | {
        "entity_id": ENTITY,
        "redirect_url": REDIRECT,
        "login_attribute": "uid",
        "moderator_attribute": "groups",
        "moderator_value": "timelords",
        "ca_file": str(provider.ca_file),
    }


@pytest.fixture
def service(way, tmp_path):
    folder = tmp_path / "asker"
    asker = Asker(PYTHON, *way, folder, str(folder), str(ASKER))
    yield asker
    asker.stop()


@pytest.mark.parametrize(("login", "moderator"), [("dwho", True), ("msmith", False)])
def test_a_person_logs_in(service, provider, login, moderator):
    browser = Browser(provider.ca_file)
    fields = browser.log_in(service.ask(start="daily", browser="b")["address"], login)
    answer = service.finish("b", **fields)
    assert answer["reason"] == "", answer["said"]
    assert (answer["user"], answer["moderator"], answer["room"]) == (login, moderator, "daily")
    assert service.finish("c", **fields)["reason"] == "stale", "the answer is of another browser"


def test_preflight(way):
    done = preflight(PYTHON, *way)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok: ") == (5 if way[0] == "oidc" else 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "nobody"}, "error: the provider refuses client nobody"),
        ({"client_secret": "a:b"}, "one of letters and digits alone is understood by every provider"),
    ],
)
@pytest.mark.parametrize("way", ["oidc"], indirect=True)  # by SAML it shows strangers a page without an error's status
def test_preflight_finds(way, changes, words):
    kind, settings = way
    done = preflight(PYTHON, kind, settings | changes)
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stdout
