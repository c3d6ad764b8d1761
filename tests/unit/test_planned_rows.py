from toolkit.firewall.planned_rows import planned_rows

LDAP = {"proto": "tcp", "port": 636, "peer": "directories", "why": "people"}
PAGE = {"proto": "tcp", "port": 443, "peer": "world", "why": "page"}
MATRIX = {
    "meet": {"ingress": [PAGE], "egress": [LDAP]},
    "directories": {"ingress": [{"proto": "tcp", "port": 636, "peer": "meet", "why": "people"}]},
}


def test_a_matrix_whose_groups_are_all_planned_stays_as_it_is():
    assert planned_rows(MATRIX, {"meet": ["a-meet"], "directories": ["a-ldap"]}) == MATRIX


def test_a_group_without_hosts_goes_as_subject_and_as_peer():
    for groups in ({"meet": ["a-meet"]}, {"meet": ["a-meet"], "directories": []}):
        assert planned_rows(MATRIX, groups) == {"meet": {"ingress": [PAGE], "egress": []}}
