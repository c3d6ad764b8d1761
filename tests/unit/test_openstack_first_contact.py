from openstack_first_contact import keys_of, keys_on_console, with_keys

OLD = ["acme-meet,198.51.100.7 ssh-ed25519 AAAA id-1", "acme-jvb-1,198.51.100.8 ssh-ed25519 BBBB id-2"]


def test_the_last_boots_keys_are_read_from_the_console():
    block = "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 {} root@x\n-----END SSH HOST KEY KEYS-----\n"
    assert keys_on_console("boot\n" + block.format("AAAA") + "again\n" + block.format("BBBB")) == ["ssh-ed25519 BBBB"]


def test_a_console_without_keys_gives_none():
    assert keys_on_console("cloud-init has not finished") == []


def test_keys_are_those_of_the_very_server():
    assert keys_of(OLD, "acme-meet", "id-1") == ["ssh-ed25519 AAAA"]
    assert keys_of(OLD, "acme-meet", "id-9") == []  # made anew under the same name


def test_a_server_made_anew_replaces_the_former_ones_keys():
    lines = with_keys(OLD, "acme-meet", "198.51.100.7", "id-9", ["ssh-ed25519 CCCC"])
    assert sorted(lines) == [OLD[1], "acme-meet,198.51.100.7 ssh-ed25519 CCCC id-9"]


def test_an_address_belongs_to_the_server_that_had_it_last():
    lines = with_keys(OLD, "acme-meet", "198.51.100.8", "id-1", ["ssh-ed25519 AAAA"])
    assert lines == ["acme-meet,198.51.100.8 ssh-ed25519 AAAA id-1"]
