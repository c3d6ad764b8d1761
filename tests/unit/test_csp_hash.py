from toolkit.page.csp_hash import csp_hash


def test_is_what_browsers_compute():
    """The example of the standard (CSP level 3, usage of hash sources)."""
    assert csp_hash("alert('Hello, world.');") == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
