"""docs/sandboxes.md, from the table of sandboxes."""

from toolkit.sandbox.sandbox_page import sandbox_page, scores_of
from toolkit.sandbox.units import UNITS

SCORES = {unit: {"12": 1.5, "13": 2.5} for unit in UNITS}


def test_scores_are_read_back_from_the_page():
    assert scores_of(sandbox_page(SCORES)) == SCORES


def test_a_difference_is_a_row_with_its_reason():
    page = sandbox_page(SCORES)
    assert (
        "| `nginx.service` | `MemoryDenyWriteExecute=no` | pcre_jit compiles patterns into memory that it executes |"
        in page
    )
    assert "| `jibri.service` | `SystemCallFilter=@system-service chroot seccomp` |" in page
    assert "| `jibri.service` | `/tmp`, `/var/lib/recording`, `/var/log/jitsi`, `/home/jibri` |" in page
