"""scripts/vault-password: one password per operator, whoever asks first."""

import os
import stat
import subprocess

from contract import ROOT

SCRIPT = ROOT / "scripts/vault-password"


def password(file, path=None):
    variables = os.environ | {"JITSI_VAULT_PASSWORD_FILE": str(file)} | ({"PATH": path} if path else {})
    return subprocess.run([SCRIPT], env=variables, capture_output=True, text=True, check=True).stdout


def test_it_is_made_once_and_nobody_else_reads_it(tmp_path):
    file = tmp_path / "new/vault-password"
    first = password(file)
    assert len(first) >= 43
    assert password(file) == first == file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["vault-password"]


def test_of_two_first_uses_both_get_the_same(tmp_path):
    """While one makes it, another one comes and is done."""
    file, programs, other = tmp_path / "vault-password", tmp_path / "bin", tmp_path / "other"
    programs.mkdir()
    slow = programs / "base64"
    slow.write_text(f'#!/bin/sh\nPATH={os.environ["PATH"]} {SCRIPT} > {other}\nexec {find("base64")} "$@"\n')
    slow.chmod(0o755)
    assert password(file, f"{programs}:{os.environ['PATH']}") == other.read_text() == file.read_text()


def find(program):
    return subprocess.run(
        ["sh", "-c", f"command -v {program}"], capture_output=True, text=True, check=True
    ).stdout.strip()
