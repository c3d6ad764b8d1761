import json
import subprocess

import pytest
from corpus import UNPRINTABLE, examples, first_difference, texts

from toolkit.formats.to_ldif import to_ldif

VALUES = examples(texts(' :<#-=,\\"\u00a0'))
# python-ldap, of Debian's own Python.
READER = """
import json, sys, ldif
records = ldif.LDIFRecordList(sys.stdin.buffer)
records.parse()
print(json.dumps([entry["description"][0].decode() for _, entry in records.all_records]))
"""


def test_python_ldap_reads_back_what_was_written():
    text = "".join(f"{to_ldif(f'cn={n}', 'dn')}\n{to_ldif(value, 'description')}\n\n" for n, value in enumerate(VALUES))
    done = subprocess.run(["/usr/bin/python3", "-c", READER], input=text.encode(), capture_output=True, check=True)
    assert first_difference(VALUES, json.loads(done.stdout)) is None


def test_what_is_harmless_stays_as_it_is():
    assert to_ldif("to * by * none", "olcAccess") == "olcAccess: to * by * none"
    assert to_ldif(300, "olcIdleTimeout") == "olcIdleTimeout: 300"


# python-ldap would take some of them as they are.
@pytest.mark.parametrize("value", [":x", "<x", " x", "x ", "\u00fc"])
def test_what_rfc_2849_allows_in_base64_only(value):
    assert to_ldif(value, "cn").startswith("cn:: ")


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None])
def test_refuses_what_is_not_one_line(wrong):
    with pytest.raises(ValueError, match="LDIF"):
        to_ldif(wrong, "cn")
