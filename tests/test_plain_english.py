"""Names of tasks are what an engineer searches for at night: they say what is changed, and name the object."""

from pathlib import Path

import pytest
from task_names import is_vague, task_files, task_names

ROOT = Path(__file__).parents[1]
FILES = task_files(ROOT)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_names_of_tasks_say_what_is_changed(file):
    assert [name for name in task_names(file) if is_vague(name)] == []
