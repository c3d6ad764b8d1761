"""What is wrong with names of the cloud's things, before anything is made."""

from types import SimpleNamespace as Thing

from openstack_names import duplicate, error

IMAGES = [
    Thing(id="id-1", name="debian-12", status="active"),
    Thing(id="id-2", name="debian-13", status="active"),
    Thing(id="id-3", name="debian-13", status="deactivated"),
    Thing(id="id-4", name="old", status="deactivated"),
]


def test_a_name_that_means_one_thing_is_right():
    assert error("image", "cloud_image", "debian-12", IMAGES) == ""


def test_two_of_one_name_are_refused_with_their_identifiers_and_the_fix():
    assert error("image", "cloud_image", "debian-13", IMAGES) == (
        "The cloud has 2 images named debian-13 (id-2, id-3): write the identifier of the one you mean as cloud_image."
    )
    assert error("image", "cloud_image", "id-2", IMAGES) == ""


def test_a_missing_one_is_refused_with_what_there_is():
    assert error("flavor", "cloud_flavors", "huge", [Thing(id="1", name="small")]) == (
        "cloud_flavors names the flavor huge, and the cloud has small: write one it has."
    )
    assert "the cloud has none" in error("external network", "cloud_external_network", "public", [])


def test_an_image_that_cannot_be_booted_is_refused():
    assert error("image", "cloud_image", "old", IMAGES) == (
        "The image old (id-4) is deactivated: write an active one as cloud_image."
    )


def test_several_of_what_the_toolkit_makes_once_are_refused():
    routers = [Thing(id="id-2", name="acme-jitsi"), Thing(id="id-1", name="acme-jitsi"), Thing(id="id-3", name="b")]
    assert duplicate("router", "b", routers) == ""
    assert duplicate("router", "acme-jitsi", routers) == (
        "The cloud has 2 routers named acme-jitsi (id-1, id-2), and the toolkit makes one: delete or rename all but "
        "the one in use."
    )
