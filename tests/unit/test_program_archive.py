import base64
import os
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from toolkit.formats import program_archive as archives
from toolkit.formats.program_archive import program_archive


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A package that prints its argument, in a folder of programs."""
    monkeypatch.setattr(archives, "PROGRAMS", tmp_path / "programs")
    package = tmp_path / "programs/echo"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text(
        "import sys\n\nfrom .words import end\n\ndef main():\n    print(sys.argv[1] + end)\n"
    )
    (package / "words.py").write_text('end = "!"\n')
    return tmp_path / "programs"


def test_a_program_runs_as_one_file(programs, tmp_path):
    file = tmp_path / "echo"
    file.write_bytes(base64.b64decode(program_archive("echo")))
    assert file.read_bytes().startswith(b"#!/usr/bin/python3\n")
    done = subprocess.run([sys.executable, file, "word"], capture_output=True, text=True, check=True)
    assert done.stdout == "word!\n"


def test_the_same_files_give_the_same_archive_at_any_time(programs, monkeypatch):
    before = program_archive("echo")
    monkeypatch.setattr(archives.zipfile.time, "time", lambda: 10.0**9)
    package = programs / "echo"
    (package / "__pycache__").mkdir()
    (package / "__pycache__/main.pyc").write_bytes(b"compiled")
    copy = programs / "copy"
    shutil.copytree(package, copy)
    shutil.rmtree(package)
    package.mkdir()
    for name in ("words.py", "main.py", "__init__.py"):
        shutil.copy(copy / name, package / name)
        os.utime(package / name, (10**9, 10**9))
    assert program_archive("echo") == before


def test_a_changed_and_a_removed_module_change_the_archive(programs):
    (programs / "echo/old.py").touch()
    (programs / "echo/notes.md").touch()
    before = program_archive("echo")
    (programs / "echo/old.py").unlink()
    after = program_archive("echo")
    assert before != after
    names = zipfile.ZipFile(BytesIO(base64.b64decode(after))).namelist()
    assert names == ["__main__.py", "echo/__init__.py", "echo/main.py", "echo/words.py"]
    (programs / "echo/words.py").write_text('end = "?"\n')
    assert program_archive("echo") != after


def test_a_package_in_the_package_goes_with_it(programs, tmp_path):
    (programs / "echo/inner").mkdir()
    (programs / "echo/inner/__init__.py").write_text('end = " from inside"\n')
    (programs / "echo/words.py").write_text("from .inner import end\n\n__all__ = ['end']\n")
    file = tmp_path / "echo"
    file.write_bytes(base64.b64decode(program_archive("echo")))
    done = subprocess.run([sys.executable, file, "word"], capture_output=True, text=True, check=True)
    assert done.stdout == "word from inside\n"


def test_a_program_that_is_missing_is_an_error(programs):
    with pytest.raises(FileNotFoundError, match="nobody"):
        program_archive("nobody")
