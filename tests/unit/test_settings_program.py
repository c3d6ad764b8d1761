"""scripts/settings: the documents are written, and one that is not as printed is named."""

import pytest

from toolkit.cli import settings as program


@pytest.fixture
def documents(tmp_path, monkeypatch):
    """Two documents in place of the checkout's own."""
    printed = {tmp_path / "a.md": lambda: "a\n", tmp_path / "b.yml": lambda: "b: 1\n"}
    monkeypatch.setattr(program, "DOCUMENTS", printed)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    return tmp_path


def test_what_was_written_passes_the_check(documents):
    program.main([])
    assert {file.name: file.read_text() for file in documents.iterdir()} == {"a.md": "a\n", "b.yml": "b: 1\n"}
    program.main(["--check"])


@pytest.mark.parametrize("found", [None, "b: 2\n"], ids=["missing", "changed"])
def test_the_check_names_the_document_that_differs_and_writes_nothing(documents, found):
    program.main([])
    file = documents / "b.yml"
    file.unlink()
    if found:
        file.write_text(found)
    with pytest.raises(SystemExit, match=r"settings: b.yml is not what the schema prints: run scripts/settings"):
        program.main(["--check"])
    assert (file.read_text() if file.exists() else None) == found


def test_other_words_are_answered_with_the_usage(documents):
    with pytest.raises(SystemExit, match="usage: settings"):
        program.main(["--chek"])
    assert list(documents.iterdir()) == []
