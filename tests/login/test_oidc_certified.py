"""The OpenID back end at a certified provider, all the way as a browser goes."""

import contextlib

import pytest
from asking import ASKER, NEWEST, PYTHON, Asker, preflight
from browsing import Browser
from certified import CertifiedProvider
from openid import CLIENT, HOME, REDIRECT, SECRET

CLIENTS = {
    "with a secret": {"client_id": CLIENT, "client_secret": SECRET},
    "without a secret": {"client_id": "public"},
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with contextlib.closing(CertifiedProvider(tmp_path_factory.mktemp("provider"))) as provider:
        yield provider


@pytest.fixture(params=CLIENTS.values(), ids=CLIENTS)
def settings(request, provider):
    return request.param | {
        "issuer": provider.issuer,
        "redirect_url": REDIRECT,
        "home_url": HOME,
        "scopes": ["openid", "profile"],
        "login_claim": "preferred_username",
        "moderator_claim": "groups",
        "moderator_value": "hosts",
        "ca_file": str(provider.ca_file),
    }


@pytest.fixture(params=[PYTHON, NEWEST], ids=["Debian's packages", "newest packages"])
def service(request, settings, tmp_path):
    folder = tmp_path / "asker"
    asker = Asker(request.param, "oidc", settings, folder, str(folder), str(ASKER))
    yield asker
    asker.stop()


@pytest.mark.parametrize(("login", "moderator"), [("anna", True), ("bernd", False)])
def test_a_person_logs_in_and_out(service, provider, login, moderator):
    browser = Browser(provider.ca_file)
    fields = browser.log_in(service.ask(start="daily", browser="b")["address"], login)
    answer = service.finish("b", **fields)
    assert answer["reason"] == "", answer["said"]
    assert (answer["user"], answer["moderator"], answer["room"]) == (login, moderator, "daily")
    again = service.finish("b", **fields)
    assert again["reason"] == "provider", "a code is good once"
    assert again["said"] == ["a login at the provider is refused: the provider refuses the code (invalid_grant)"]
    address = service.ask(logout=answer["logout"])["address"]
    assert browser.follow(address, logout="yes").startswith(HOME)
    # Logged out there, too: without a password nobody gets in.
    fields = browser.log_in(service.ask(start="daily", browser="c")["address"], "carla")
    assert service.finish("c", **fields)["user"] == "carla"


def test_preflight(settings):
    done = preflight(PYTHON, "oidc", settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok: ") == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "nobody"}, "the provider refuses client nobody (jitsi_directory.client_id) or its redirect"),
        ({"redirect_url": "https://other.test/login/finish"}, "the redirect address https://other.test/login/finish"),
        ({"client_secret": "a-wrong-one"}, "without looking at the code (invalid_client)"),
    ],
)
def test_preflight_finds(settings, changes, words):
    done = preflight(PYTHON, "oidc", settings | changes)
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stdout
