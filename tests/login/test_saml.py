"""Logins at a SAML identity provider that does everything right, and then one thing wrong."""

import base64
import contextlib
import re
import subprocess
import time

import pytest
from asking import ASKER, PYTHON, ROOT, Asker, preflight
from directories import Authority
from provider_site import Documents
from saml_site import ENTITY, NAME, REDIRECT, SamlProvider

BROWSER = "cookie-of-this-browser"
REFUSED = "an answer of the provider is refused: "
UNKNOWN = "it is not signed, or by a key that the metadata does not have"
ANNA = {"uid": ["Anna"], "groups": ["staff", "hosts"]}


@pytest.fixture(scope="module", autouse=True)
def _programs():
    packages = ("python3-aiohttp", "python3-pysaml2", "python3-xmlsec", "python3-jwt", "xmlsec1")
    subprocess.run([ROOT / "scripts/need", *packages], check=True)


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with contextlib.closing(SamlProvider(tmp_path_factory.mktemp("provider"))) as provider:
        yield provider


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """One with the same name and another key."""
    with contextlib.closing(SamlProvider(tmp_path_factory.mktemp("stranger"))) as provider:
        yield provider


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    with contextlib.closing(Documents(tmp_path_factory.mktemp("documents"), Authority())) as documents:
        yield documents


@pytest.fixture(scope="module")
def settings(provider):
    return {
        "entity_id": ENTITY,
        "redirect_url": REDIRECT,
        "metadata_file": str(provider.file),
        "login_attribute": "uid",
        "moderator_attribute": "groups",
        "moderator_value": "hosts",
    }


@pytest.fixture(scope="module")
def start(settings, tmp_path_factory):
    """start(**changes): a service with settings that differ."""
    with contextlib.ExitStack() as stack:

        def run(**changes) -> Asker:
            folder = tmp_path_factory.mktemp("service") / "asker"
            asker = Asker(PYTHON, "saml", settings | changes, folder, str(folder), str(ASKER))
            stack.callback(asker.stop)
            return asker

        yield run


@pytest.fixture(scope="module")
def service(start):
    return start()


def log_in(service, provider, **asked) -> dict:
    """The whole way of a person in one browser."""
    address = service.ask(start="daily", browser=BROWSER)["address"]
    assert address.startswith("https://id.acme.test/sso?SAMLRequest="), address
    return service.finish(BROWSER, **provider.visit(address, **{"attributes": ANNA} | asked))


def refused(answer: dict, why: str, reason="provider") -> None:
    assert (answer["user"], answer["moderator"], answer["reason"]) == ("", False, reason)
    assert answer["said"] == ([REFUSED + why] if why else []), answer["said"]


@pytest.mark.parametrize("signed", ["response", "assertion"])
def test_a_login_leads_to_the_room(service, provider, signed):
    answer = log_in(service, provider, sign=signed)
    assert answer["reason"] == "", answer["said"]
    assert (answer["user"], answer["moderator"], answer["room"], answer["only"]) == ("anna", True, "daily", "")


def test_any_attribute_may_make_moderators(start, service, provider):
    assert log_in(service, provider, attributes={"uid": ["bernd"], "groups": ["staff"]})["moderator"] is False
    answer = log_in(service, provider, attributes={"uid": ["bernd"]})
    assert answer["moderator"] is False
    assert answer["said"] == ["attribute groups is missing: who logs in is no moderator"]
    host = start(moderator_attribute="host", moderator_value="")
    assert log_in(host, provider, attributes={"uid": ["bernd"], "host": ["true"]})["moderator"] is True
    assert log_in(host, provider, attributes={"uid": ["bernd"], "host": ["false"]})["moderator"] is False
    assert log_in(start(moderator_attribute=""), provider)["moderator"] is False


def test_the_login_may_be_the_name_id(start, provider):
    service = start(login_attribute="")
    assert log_in(service, provider, name="Bernd")["user"] == "bernd"
    nobody = "the NameID is missing, changes with every login, or names nobody"
    refused(log_in(service, provider, format="transient"), nobody)


@pytest.mark.parametrize("attributes", [{}, {"uid": []}, {"uid": ["anna", "bernd"]}, {"uid": ["a" * 300]}])
def test_an_answer_that_names_nobody_is_refused(service, provider, attributes):
    why = "attribute uid is missing, changes with every login, or names nobody"
    answer = log_in(service, provider, attributes=attributes)
    assert (answer["user"], answer["reason"], answer["said"][-1]) == ("", "provider", REFUSED + why)


def test_an_answer_belongs_to_one_browser(service, provider):
    """Nobody can be logged in with somebody else's answer, nor with one that was not asked for."""
    fields = provider.visit(service.ask(start="daily", browser=BROWSER)["address"], attributes=ANNA)
    for browser in ("another", ""):
        refused(service.finish(browser, **fields), "", "stale")
    refused(service.finish(BROWSER, SAMLResponse=fields["SAMLResponse"]), "", "stale")
    victim = provider.visit(service.ask(start="daily", browser="victim")["address"], attributes=ANNA)
    mixed = victim | {"SAMLResponse": fields["SAMLResponse"]}
    refused(service.finish("victim", **mixed), "it is the answer to another login, or to none")


# What each alone spoils an answer, and what the log says then.
SPOILT = {
    "expired": ({"not_before": -300, "until": -120}, "it has expired; or this machine's clock is fast"),
    "not valid yet": ({"not_before": 120}, "it is not valid yet; or this machine's clock is slow"),
    "another audience": ({"audience": "https://other.test"}, "it is for another audience"),
    "another request": ({"in_response_to": "id-other"}, "it is the answer to another login, or to none"),
    "another provider": (
        {"issuer": "https://id.other.test"},
        UNKNOWN,
    ),
    "unsigned": ({"sign": "nothing"}, UNKNOWN),
}


@pytest.mark.parametrize(("asked", "why"), SPOILT.values(), ids=SPOILT)
def test_an_answer_that_is_wrong_is_refused(service, provider, asked, why):
    refused(log_in(service, provider, **asked), why)


def test_an_answer_for_another_address_is_refused(service, provider):
    answer = log_in(service, provider, destination="https://other.test/login/finish")
    assert answer["reason"] == "provider"


def test_a_clock_may_differ_by_a_minute(service, provider):
    assert log_in(service, provider, not_before=-300, until=-30)["user"] == "anna"
    assert log_in(service, provider, not_before=30)["user"] == "anna"


def test_an_answer_that_somebody_else_signed_is_refused(service, stranger):
    refused(log_in(service, stranger), UNKNOWN)


def changed(fields: dict, change) -> dict:
    """The fields with a change to the answer's XML."""
    text = base64.b64decode(fields["SAMLResponse"]).decode()
    new = change(text)
    assert new != text
    return fields | {"SAMLResponse": base64.b64encode(new.encode()).decode()}


def wrapped(text: str) -> str:
    """A made-up assertion before the signed one."""
    assertion = re.search(r"<(\w+:)Assertion.*</\1Assertion>", text, re.DOTALL)[0]
    evil = re.sub(r"<(\w+:)Signature .*</\1Signature>", "", assertion, flags=re.DOTALL)
    evil = evil.replace("Bernd", "Anna", 1).replace('ID="', 'ID="evil-', 1)
    return text.replace(assertion, evil + assertion)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("Bernd", "Anna"), id="another name"),
        pytest.param(wrapped, id="an assertion beside the signed one"),
        pytest.param(
            lambda text: re.sub(r"<(\w+:)Signature .*?</\1Signature>", "", text, flags=re.DOTALL), id="no signature"
        ),
        pytest.param(lambda text: f'<!DOCTYPE a [<!ENTITY b "Anna">]>{text}'.replace("Bernd", "&b;"), id="an entity"),
    ],
)
@pytest.mark.parametrize("signed", ["response", "assertion"])
def test_an_answer_that_is_changed_on_its_way_makes_nobody_another(service, provider, signed, change):
    asked = {"attributes": {"uid": ["Bernd"], "groups": ["hosts"]}, "sign": signed}
    fields = provider.visit(service.ask(start="daily", browser=BROWSER)["address"], **asked)
    answer = service.finish(BROWSER, **changed(fields, change))
    assert (answer["user"], answer["reason"]) == ("", "provider"), answer


@pytest.mark.parametrize("answer", ["", "nonsense", "PGE+", "PGE+PC9hPg==", "A" * 300_000, "ä"], ids=len)
def test_what_is_no_answer(service, answer):
    state = service.ask(start="daily", browser=BROWSER)["address"].split("RelayState=")[1].split("&")[0]
    told = service.finish(BROWSER, RelayState=state, SAMLResponse=answer)
    assert (told["user"], told["reason"]) == ("", "provider")
    assert len(told["said"]) == 1


def test_the_log_has_no_names(start, provider):
    service = start()
    log_in(service, provider)
    log_in(service, provider, not_before=-300, until=-120)
    log_in(service, provider, sign="nothing")
    written = service.stop().lower()
    assert written.count(REFUSED.lower()) == 2
    assert not [word for word in ("anna", "hosts", "saml:") if word in written], written


# Metadata from an address.


def test_new_keys_are_read_when_they_sign(start, provider, stranger, documents):
    address = documents.put("/metadata", stranger.file.read_text())
    service = start(metadata_file="", metadata_url=address, ca_file=documents.ca_file, renewal_seconds=0)
    refused(log_in(service, provider), UNKNOWN)
    documents.put("/metadata", provider.file.read_text())
    assert log_in(service, provider)["user"] == "anna"
    documents.put("/metadata", "", 500)
    assert log_in(service, provider)["user"] == "anna", "what is known is still good"


def test_metadata_that_is_unavailable(start, provider, documents):
    """Logins fail with words; when it is back all is well without a restart."""
    address = documents.put("/metadata", "", 503)
    service = start(metadata_file="", metadata_url=address, ca_file=documents.ca_file)
    assert "unavailable: " in service.ask(start="daily", browser=BROWSER)["address"]
    documents.put("/metadata", provider.file.read_text())
    assert log_in(service, provider)["user"] == "anna"


# The preflight: each error is a sentence.


@pytest.fixture
def check(settings, provider, documents):
    """check(text, **changes): the preflight with metadata at an address, whose page to log in is at another."""
    documents.put("/sso", "log in")

    def run(text=None, status=200, **changes):
        text = provider.file.read_text() if text is None else text
        address = documents.put("/metadata", text.replace("https://id.acme.test/sso", f"{documents.url}/sso"), status)
        from_url = {"metadata_file": "", "metadata_url": address, "ca_file": documents.ca_file, "seconds": 2}
        return preflight(PYTHON, "saml", settings | from_url | changes)

    return run


def test_preflight(check):
    done = check()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["ok", "ok"]


def without(pattern: str):
    return lambda text: re.sub(pattern, "", text, flags=re.DOTALL)


# What is wrong with metadata, and the sentence.
FAULTS = {
    "a page": (lambda _: "<html>log in</html>", "the metadata has no identity provider"),
    "nothing": (lambda _: "", "the metadata is no SAML metadata"),
    "no provider": (without(r"<ns\d:IDPSSODescriptor.*</ns\d:IDPSSODescriptor>"), "has no identity provider"),
    "no longer valid": (
        lambda text: text.replace(" entityID=", ' validUntil="2020-01-01T00:00:00Z" entityID='),
        "no longer valid (validUntil)",
    ),
    "no address": (
        without(r"<ns\d:SingleSignOnService[^>]*>"),
        "has no SingleSignOnService with binding HTTP-Redirect",
    ),
    "no certificate": (without(r"<ns\d:KeyDescriptor.*</ns\d:KeyDescriptor>"), "has no certificate for signatures"),
    "an address without TLS": (
        lambda text: text.replace("https://id.acme.test/sso", "http://id.acme.test/sso"),
        "http://id.acme.test/sso does not begin with https://",
    ),
}


@pytest.mark.parametrize(("change", "words"), FAULTS.values(), ids=FAULTS)
def test_preflight_finds(check, provider, change, words):
    text = provider.file.read_text()
    new = change(text)
    assert new != text
    done = check(new)
    assert done.returncode == 1, done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "ask the identity provider's administrator" in errors[0]


def test_preflight_finds_a_certificate_that_has_expired(check, tmp_path):
    with contextlib.closing(SamlProvider(tmp_path / "old", days=-1)) as old:
        done = check(old.file.read_text())
    assert done.returncode == 1
    assert "error: the certificate that signs answers expired on 20" in done.stdout


def test_preflight_finds_more_than_one_provider(check, provider):
    text = provider.file.read_text()
    body = re.search(r"<ns\d:EntityDescriptor.*", text, re.DOTALL)[0]
    other = body.replace(NAME, "https://other.test")
    both = f'<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">{body}{other}</EntitiesDescriptor>'
    assert "the metadata has 2 identity providers and not one" in check(both).stdout


def test_preflight_finds_a_provider_that_does_not_know_us(check, documents):
    documents.put("/sso", "who?", 403)
    done = check()
    assert done.returncode == 1
    assert f"refuses requests of {ENTITY} (status 403)" in done.stdout
    assert f"with the assertion consumer service {REDIRECT}" in done.stdout


def test_preflight_finds_a_wrong_clock(check, documents):
    documents.put("/sso", "log in", Date="Sat, 01 Jan 2000 00:00:00 GMT")
    assert "the provider's clock and this machine's differ by" in check().stdout


def test_preflight_finds_metadata_that_cannot_be_read(check, documents):
    done = check("", 404)
    assert done.returncode == 1
    assert "/metadata answers with status 404: ask" in done.stdout
    assert "is not trusted" in check(ca_file="").stdout
    done = check(metadata_url="https://nowhere.invalid/metadata")
    assert done.returncode == 2
    assert "has no address" in done.stdout
    documents.put("/slow", lambda *_: (time.sleep(2), (200, ""))[1])
    done = check(metadata_url=f"{documents.url}/slow", seconds=0.5)
    assert done.returncode == 2
    assert "does not answer within 0.5 s" in done.stdout


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metadata_url": ""}, "either metadata_file or metadata_url is needed"),
        ({"metadata_url": "http://id.acme.test"}, "metadata_url does not begin with https://"),
        ({"metadata_file": "/nowhere.xml", "metadata_url": ""}, "No such file"),
        ({"entityid": ""}, "entityid"),
    ],
)
def test_settings_that_cannot_work(check, changes, words):
    done = check(**changes)
    assert done.returncode == 64
    assert words in done.stderr
