import pytest

from toolkit.folder.in_folder import in_folder


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("brand/logo.svg", "/srv/acme/brand/logo.svg"),
        ("../shared/logo.svg", "/srv/shared/logo.svg"),
        ("/srv/logo.svg", "/srv/logo.svg"),
        ("~/logo.svg", "~/logo.svg"),
        ("/srv/acme/state/../ca.crt", "/srv/acme/ca.crt"),
        ("", ""),
    ],
)
def test_only_relative_paths_change(path, found):
    assert in_folder(path, "/srv/acme") == found
    assert in_folder({"de": path}, "/srv/acme") == {"de": found}
