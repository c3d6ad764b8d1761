import pytest
from unchanged import errors

LINE = "acme-{}  : ok=31   changed={}    unreachable={}    failed={}    skipped=4    rescued=0    ignored=0\n"


def test_every_host_unchanged_is_no_error():
    assert errors("PLAY RECAP ***\n" + LINE.format("meet", 0, 0, 0) + LINE.format("jvb-1", 0, 0, 0)) == []


@pytest.mark.parametrize("numbers", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_changed_unreachable_or_failed_host_is_named(numbers):
    assert "acme-jvb-1" in errors(LINE.format("meet", 0, 0, 0) + LINE.format("jvb-1", *numbers))[0]


def test_a_log_without_recap_is_a_error():
    assert errors("nothing ran") == ["no play recap found"]
