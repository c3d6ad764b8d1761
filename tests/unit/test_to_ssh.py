import itertools
import subprocess

import pytest
from corpus import UNPRINTABLE, examples, first_difference, texts

from toolkit.formats.to_ssh import to_ssh

# An option that may stand up to a hundred times, each time with a file.
VALUES = examples(texts("\"'\\$%{}#=~ ").filter(lambda text: text and "${" not in text), 2000)


def test_ssh_reads_back_what_was_written(tmp_path):
    read = []
    for part in itertools.batched(VALUES, 90):
        config = tmp_path / "config"
        config.write_text("".join(f"IdentityFile {to_ssh(f'/{number}{value}')}\n" for number, value in enumerate(part)))
        said = subprocess.run(["ssh", "-G", "-F", config, "host"], capture_output=True, check=True).stdout.decode()
        read += [line.removeprefix("identityfile ") for line in said.split("\n") if line.startswith("identityfile ")]
    # Where %% is one, ssh looks when it opens the file.
    written = [f"/{number}{value}" for part in itertools.batched(VALUES, 90) for number, value in enumerate(part)]
    assert first_difference(written, [value.replace("%%", "%") for value in read]) is None
    assert [value for value in read if value.replace("%%", "").count("%")] == []


@pytest.mark.parametrize("wrong", [*UNPRINTABLE, None, "/home/${USER}/key"])
def test_refuses_what_ssh_has_no_form_for(wrong):
    with pytest.raises(ValueError, match="ssh"):
        to_ssh(wrong)
