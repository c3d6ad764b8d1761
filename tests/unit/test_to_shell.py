import subprocess

import pytest
from corpus import UNPRINTABLE, examples, first_difference, texts

from toolkit.formats.to_shell import to_shell

VALUES = examples(texts("\"'\\$`!*?[]{}()<>|&;#~= "))


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_shells_read_back_what_was_written(shell, tmp_path):
    script = tmp_path / "script"
    script.write_text(
        "".join(f"value={to_shell(value)}\nprintf '%s\\0' \"$value\" {to_shell(value)}\n" for value in VALUES)
    )
    done = subprocess.run([shell, script], capture_output=True, check=True, cwd=tmp_path)
    read = done.stdout.decode().split("\0")[:-1]
    assert first_difference([each for value in VALUES for each in (value, value)], read) is None


def test_what_is_harmless_stays_as_it_is():
    assert to_shell("meet.acme.example") == "meet.acme.example"


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None])
def test_refuses_what_is_not_one_line(wrong):
    with pytest.raises(ValueError, match="a shell script"):
        to_shell(wrong)
