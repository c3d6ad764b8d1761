import os
import re
import subprocess

import pytest
from corpus import UNPRINTABLE, examples, first_difference, texts

from toolkit.formats.to_systemd import to_systemd

VALUES = examples(texts("\"'\\$%;#{}=: @-+!|"))


def systemd_says(folder, lines):
    """systemd's own reading of a unit with these lines in its section Service."""
    unit = folder / "written.service"
    unit.write_text("[Unit]\nDescription=x\n[Service]\nType=oneshot\n" + "".join(f"{line}\n" for line in lines))
    told = {"SYSTEMD_LOG_LEVEL": "debug", "SYSTEMD_COLORS": "0", "SYSTEMD_LOG_TARGET": "console", "LANG": "C.UTF-8"}
    command = ["systemd-analyze", "verify", "--man=no", unit]
    done = subprocess.run(command, env=os.environ | told, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode()


def test_a_setting_reads_back_what_was_written(tmp_path):
    lines = [f"Environment={to_systemd(f'N{number}={value}')}" for number, value in enumerate(VALUES)]
    said = systemd_says(tmp_path, [*lines, "ExecStart=/bin/true"])
    read = dict(re.findall(r"^\s*Environment: N(\d+)=(.*)$", said, re.M))
    assert len(read) == len(VALUES), said[-3000:]
    assert first_difference(VALUES, [read[str(number)] for number in range(len(VALUES))]) is None


def test_an_argument_of_a_command_reads_back_what_was_written(tmp_path):
    said = systemd_says(tmp_path, [f"ExecStart=/bin/echo {to_systemd(f'x{value}', command=True)}" for value in VALUES])
    # systemd prints it as a word of a shell; it puts in variables, and $ for $$, only when it runs the command.
    words = re.findall(r"^\s*Command Line: /bin/echo (.*)$", said, re.M)
    assert len(words) == len(VALUES), said[-3000:]
    script = "".join(f"printf '%s\\0' {word}\n" for word in words)
    read = (
        subprocess.run(["dash", "-"], input=script.encode(), capture_output=True, check=True)
        .stdout.decode()
        .split("\0")
    )
    assert [word for word in read if word.replace("$$", "").count("$")] == []
    assert first_difference(VALUES, [word.replace("$$", "$")[1:] for word in read[:-1]]) is None


def test_what_is_harmless_stays_as_it_is():
    assert to_systemd("/var/lib/recording") == "/var/lib/recording"


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None])
def test_refuses_what_is_not_one_line(wrong):
    with pytest.raises(ValueError, match="systemd"):
        to_systemd(wrong)
