"""Requests to a SAML provider and its answers, as pysaml2 makes and checks them."""

import dataclasses
from typing import Any

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.response import StatusError, UnsolicitedResponse
from saml2.saml import NAMEID_FORMAT_TRANSIENT
from saml2.sigver import SigverError
from saml2.validate import ResponseLifetimeExceed, ToEarly

from .metadata import Provider
from .signatures import InProcess


class AnswerError(Exception):
    """An answer that is not believed; the message is for the log and has nothing of the answer's contents."""


class UnknownSignatureError(AnswerError):
    """An answer that no key of the metadata has signed."""


@dataclasses.dataclass(frozen=True)
class Person:
    """What an answer says of who logged in."""

    name_id: str  # empty for one that changes with every login
    attributes: dict[str, list[str]]  # by each of their names


def login_url(provider: Provider, state: str, request_id: str) -> str:
    """Return the address at which a person logs in. Raises ProviderError."""
    provider.login_url()
    _, information = Saml2Client(config=provider.config).prepare_for_authenticate(
        entityid=provider.entity_id, relay_state=state, binding=BINDING_HTTP_REDIRECT, message_id=request_id
    )
    return str(dict(information["headers"])["Location"])


def read(provider: Provider, answer: str, request_id: str) -> Person:
    """Return who logged in, by an answer to that request. Raises AnswerError. Takes some 20 ms of a processor."""
    # One client for each answer: a client keeps what it learns of people.
    client = Saml2Client(config=provider.config)
    client.sec.crypto = InProcess()
    try:
        response = client.parse_authn_request_response(answer, BINDING_HTTP_POST, {request_id: ""})
        assertion = response.assertion if response else None
    except SigverError as error:
        raise UnknownSignatureError("it is not signed, or by a key that the metadata does not have") from error
    except Exception as error:  # of what pysaml2 raises, some is Exception itself
        raise AnswerError(_words(error)) from error
    if assertion is None:
        raise AnswerError("it is no answer to a login")
    if response.issuer() != provider.entity_id:
        raise AnswerError("it is of another provider")
    return Person(_name_id(assertion), _attributes(assertion))


def _words(error: Exception) -> str:
    """Return what is wrong with an answer, without a word of its contents."""
    if isinstance(error, StatusError):
        return f"the provider refuses the login ({type(error).__name__.removeprefix('Status')})"
    if isinstance(error, ResponseLifetimeExceed):
        return "it has expired; or this machine's clock is fast"
    if isinstance(error, ToEarly):
        return "it is not valid yet; or this machine's clock is slow"
    if isinstance(error, UnsolicitedResponse):
        return "it is the answer to another login, or to none"
    if str(error).startswith("AudienceRestrictions"):
        return "it is for another audience"
    return f"it is malformed, or not for this address ({type(error).__name__})"


def _name_id(assertion: Any) -> str:
    name_id = assertion.subject.name_id if assertion.subject else None
    return "" if name_id is None or name_id.format == NAMEID_FORMAT_TRANSIENT else str(name_id.text or "").strip()


def _attributes(assertion: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for statement in assertion.attribute_statement:
        for attribute in statement.attribute:
            values = [str(value.text).strip() for value in attribute.attribute_value if value.text]
            for name in {attribute.name, attribute.friendly_name} - {None, ""}:
                found.setdefault(name, []).extend(values)
    return found
