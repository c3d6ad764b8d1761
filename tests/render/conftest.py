"""Every example inventory, rendered without hosts."""

import os
import shutil

import pytest
from rendering import EXAMPLES, render


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Tests of one rendering run in one process (`--dist loadgroup`), so that it is made once."""
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        for fixture in given.keys() & {"rendered", "long"}:
            item.add_marker(pytest.mark.xdist_group(f"{fixture}-{given[fixture]}"))


@pytest.fixture(scope="session", params=EXAMPLES)
def rendered(request, tmp_path_factory):
    return render(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def program():
    """Names a program the judgement needs, with the package that brings it."""

    def find(name, package):
        path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        assert path, f"this test needs {name}: apt-get install {package}"
        return path

    return find
