from toolkit.firewall.directory_rows import directory_rows


def test_one_row_per_port_whatever_the_number_of_servers():
    servers = ["ldaps://dc1.acme.example", "ldap://dc2.acme.example", "ldaps://dc3.acme.example", "ldaps://dc4:3269"]
    assert [row["port"] for row in directory_rows(servers)] == [636, 389, 3269]
    assert {(row["proto"], row["peer"]) for row in directory_rows(servers)} == {("tcp", "world")}


def test_no_directory_no_row():
    assert directory_rows([]) == []
