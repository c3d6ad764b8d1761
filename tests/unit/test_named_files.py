"""Files that settings name: none is read without end or waited for, whatever kind of file it is."""

import os
from pathlib import Path

import pytest

from toolkit.customer_folder import fingerprint
from toolkit.files import BYTES, content, is_within
from toolkit.folder.access_errors import access_errors
from toolkit.page.markdown_page import markdown_page
from toolkit.page.picture import picture
from toolkit.trust.ca_errors import ca_errors
from toolkit.trust.certificate_errors import certificate_errors

READERS = {
    "text": lambda file: markdown_page(file)["errors"],
    "picture": lambda file: picture(file)["errors"],
    "certificate": lambda file: certificate_errors(file, file, ["meet.acme.example"]),
    "authority": lambda file: ca_errors({"jitsi_directory": {"ca_file": file}}, "/"),
    "key": lambda file: access_errors({"cloud_ssh_private_key_file": file}, "/"),
}


@pytest.fixture
def odd(tmp_path):
    """What is no file of a sensible size."""
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(10**12)
    return {"pipe": tmp_path / "pipe", "large": tmp_path / "large", "folder": tmp_path}


@pytest.mark.parametrize("kind", ["/dev/zero", "/dev/random", "pipe", "large", "folder"])
@pytest.mark.parametrize("reader", READERS)
def test_a_setting_that_names_no_ordinary_file_is_refused_at_once(reader, kind, odd):
    file = str(odd.get(kind, kind))
    [error] = READERS[reader](file)
    assert file in error
    assert "no regular file" in error or "it has more than" in error or "Is a directory" in error


def test_content_and_its_limit(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"x" * BYTES)
    assert len(content(file)) == BYTES
    with pytest.raises(OSError, match="it has more than 0 kB"):
        content(file, 10)


def test_a_pipe_among_the_settings_is_not_waited_for(tmp_path):
    """The folder's fingerprint is taken before the folder is judged."""
    (tmp_path / "group_vars/jitsi").mkdir(parents=True)
    os.mkfifo(tmp_path / "group_vars/jitsi/main.yml")
    assert fingerprint(tmp_path)


def test_where_a_path_leads(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/out").symlink_to(tmp_path)
    assert is_within(tmp_path / "in/x", tmp_path / "in")
    assert not is_within(Path(f"{tmp_path}/in/../x"), tmp_path / "in")
    assert not is_within(tmp_path / "in/out/x", tmp_path / "in")
