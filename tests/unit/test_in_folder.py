import pytest
from in_folder import in_folder


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("brand/logo.svg", "/srv/acme/brand/logo.svg"),
        ("../shared/logo.svg", "/srv/acme/../shared/logo.svg"),
        ("/srv/logo.svg", "/srv/logo.svg"),
        ("~/logo.svg", "~/logo.svg"),
        ("", ""),
    ],
)
def test_only_relative_paths_change(path, found):
    assert in_folder(path, "/srv/acme") == found
    assert in_folder({"de": path}, "/srv/acme") == {"de": found}
