"""A SAML identity provider of Debian's pysaml2, a process: answers to requests, one line of JSON in and one out.

saml_provider.py FOLDER NAME: the folder has idp.pem, idp.key and sp.xml, our own metadata. {"metadata": true} gets the
provider's metadata; {"request": SAMLRequest, ...} its answer, with what is wrong with it (see answer).
"""

import datetime
import json
import sys
from base64 import b64encode
from pathlib import Path

from saml2 import BINDING_HTTP_REDIRECT, class_name
from saml2.config import IdPConfig
from saml2.metadata import create_metadata_string
from saml2.saml import NameID
from saml2.server import Server
from saml2.sigver import pre_signature_part

URL = "https://id.acme.test/sso"
FORMATS = {
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
}


def configuration(folder: Path, name: str) -> dict:
    return {
        "entityid": name,
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": str(folder / "idp.key"),
        "cert_file": str(folder / "idp.pem"),
        "metadata": {"local": [str(folder / "sp.xml")]},
        "service": {
            "idp": {
                "endpoints": {"single_sign_on_service": [(URL, BINDING_HTTP_REDIRECT)]},
                "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
            }
        },
    }


def moment(seconds: float) -> str:
    return f"{datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def answer(idp: Server, request: str, asked: dict) -> str:
    """The answer to a request. What is asked for may be in it instead of what belongs there."""
    read = idp.parse_authn_request(request, BINDING_HTTP_REDIRECT).message
    arguments = idp.response_args(read)
    made = idp.create_authn_response(
        asked.get("attributes", {}), **{key: value for key, value in arguments.items() if key != "name_id_policy"},
        name_id=NameID(format=FORMATS[asked.get("format", "persistent")], text=asked.get("name", "anna")),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": URL},
        sign_response=False, sign_assertion=False,
    )  # fmt: skip
    assertion = made.assertion if not isinstance(made.assertion, list) else made.assertion[0]
    change(made, assertion, asked)
    signed = asked.get("sign", "response")
    if signed == "nothing":
        return str(made)
    part = made if signed == "response" else assertion
    part.signature = pre_signature_part(part.id, idp.sec.my_cert, 1)
    return idp.sec.sign_statement(str(made), class_name(part), node_id=part.id)


def change(made, assertion, asked: dict) -> None:
    confirmation = assertion.subject.subject_confirmation[0].subject_confirmation_data
    if "not_before" in asked:
        assertion.conditions.not_before = moment(asked["not_before"])
    if "until" in asked:
        assertion.conditions.not_on_or_after = confirmation.not_on_or_after = moment(asked["until"])
    if "audience" in asked:
        assertion.conditions.audience_restriction[0].audience[0].text = asked["audience"]
    if "in_response_to" in asked:
        made.in_response_to = confirmation.in_response_to = asked["in_response_to"]
    if "issuer" in asked:
        made.issuer.text = assertion.issuer.text = asked["issuer"]
    if "destination" in asked:
        made.destination = confirmation.recipient = asked["destination"]


def main(folder: Path, name: str) -> None:
    settings = configuration(folder, name)
    config = IdPConfig().load(settings)
    idp = Server(config=config)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "metadata" in asked:
            text = create_metadata_string(None, config=config).decode()
        else:
            text = b64encode(answer(idp, asked["request"], asked).encode()).decode()
        print(json.dumps(text), flush=True)


main(Path(sys.argv[1]), sys.argv[2])
