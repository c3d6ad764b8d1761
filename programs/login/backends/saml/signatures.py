"""Checks XML signatures in this process: pysaml2 starts xmlsec1 for each, which takes ten times as long.

libxmlsec1 is the same. What a signature may cover, and by whose key, pysaml2 judges before and after.
"""

import xmlsec
from lxml import etree
from saml2.sigver import CryptoBackend

SIGNATURE = f"{{{xmlsec.constants.DSigNs}}}Signature"
# What may be done with what is signed: as SAML allows it (core, 5.4.4), and a digest.
TRANSFORMS = (
    xmlsec.constants.TransformEnveloped,
    xmlsec.constants.TransformExclC14N,
    xmlsec.constants.TransformExclC14NWithComments,
    xmlsec.constants.TransformSha1,
    xmlsec.constants.TransformSha256,
    xmlsec.constants.TransformSha384,
    xmlsec.constants.TransformSha512,
)


class InProcess(CryptoBackend):  # type: ignore[misc]
    """What of pysaml2's interface a service provider without a key of its own needs."""

    def validate_signature(
        self, signedtext: str | bytes, cert_file: str, cert_type: str, node_name: str, node_id: str
    ) -> bool:
        """Return whether the element with that ID, the only one, is signed by the key of the certificate."""
        text = signedtext.encode() if isinstance(signedtext, str) else signedtext
        document = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
        nodes = [node for node in document.iter("*") if node.get("ID") == node_id]
        signatures = nodes[0].findall(SIGNATURE) if len(nodes) == 1 else []
        if len(signatures) != 1:
            return False
        xmlsec.tree.add_ids(nodes[0], ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(cert_file, xmlsec.constants.KeyDataFormatCertPem)
        for transform in TRANSFORMS:
            context.enable_reference_transform(transform)
        try:
            context.verify(signatures[0])
        except xmlsec.Error:
            return False
        return True
