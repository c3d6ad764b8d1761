"""Trunks that are known by a name: where DNS says they are, and what is said where it does not; a login of its own."""

import pytest
from gateway import TRUNK
from trunk import NUMBER, TRUNK_PASSWORD, USER, Provider, Registrar, check

NAME, SERVER, SPARE = "tel.trunk.example", "a.trunk.example", "b.trunk.example"
SPARE_ADDRESS = "192.0.2.11"
LOGIN = f"{USER}@trunk.example"


def assert_registered(registrar):
    """As the user, by the login of the registrar; the first request has none."""
    _, second = (registrar.seen.get(timeout=30) for _ in range(2))
    assert second.uri == f"sip:{NAME}"
    assert second.get("To") == f"<sip:{USER}@{NAME}>"
    assert f'username="{registrar.user}"' in second.get("Authorization")


def assert_answered(trunk):
    caller = trunk.call(NUMBER)
    assert caller.wait_answer() == 200
    assert caller.hang_up() == 200


def test_servers_and_ports_that_only_dns_names(gateway, names):
    """The one that is preferred does not answer, so the next one is asked, for all there is to ask."""
    names.records = {
        f"SRV _sip._udp.{NAME}": [f"10 0 5070 {SERVER}.", f"20 0 5071 {SPARE}."],
        f"A {SERVER}": [TRUNK],
        f"A {SPARE}": [SPARE_ADDRESS],
    }
    running = gateway(host=NAME, user=USER, auth_user=LOGIN)
    assert f"The trunk {NAME} does not answer. " in check(running, 1)
    spare = running.outside(SPARE_ADDRESS, port=5071)
    spare.registrar = Registrar(LOGIN, TRUNK_PASSWORD)
    assert_registered(spare.registrar)
    assert check(running, 0) == f"The trunk {NAME} is there.\n"
    assert_answered(spare)


def test_port_that_only_dns_names_over_tcp(gateway, names, place):
    names.records = {f"SRV _sip._tcp.{NAME}": [f"0 0 5070 {SERVER}."], f"A {SERVER}": [TRUNK]}
    provider = Provider(place.world, 5070)
    try:
        check(gateway(host=NAME, transport="tcp"), 0)
        assert_answered(provider.phones[-1])
    finally:
        provider.close()


@pytest.mark.parametrize("secure", [f"DNS:{NAME}"], indirect=True)
def test_server_that_only_dns_names_over_tls(gateway, names, secure):
    """The certificate is that of the trunk's name, whatever its servers are called."""
    secure.believed()
    running = gateway(host=NAME, user=USER, transport="tls")
    assert f"is not in DNS, where it needs SRV _sips._tcp.{NAME} or A {NAME}. " in check(running, 1)
    running.stop()
    names.records = {f"SRV _sips._tcp.{NAME}": [f"0 0 5061 {SERVER}."], f"A {SERVER}": [TRUNK]}
    running.start()
    assert_registered(secure.registrar)
    check(running, 0)
    assert_answered(secure.phones[-1])


@pytest.mark.parametrize(("given", "port"), [({}, 5060), ({"port": 5070}, 5070)])
def test_name_without_srv_records(gateway, names, given, port):
    names.records = {f"A {NAME}": [TRUNK]}
    running = gateway(host=NAME, **given)
    running.outside(port=port)
    hostport = f"{NAME}:{port}" if given else NAME
    assert check(running, 0) == f"The trunk {hostport} is there.\n"
    # Of a trunk whose port is chosen nobody looks for another.
    assert any(question.startswith("SRV ") for question in names.asked) == (not given)


def test_port_that_hides_srv_records(gateway, names):
    names.records = {f"SRV _sip._udp.{NAME}": [f"0 0 5070 {SERVER}."], f"A {SERVER}": [TRUNK]}
    running = gateway(host=NAME, port=5070)
    assert f"The trunk {NAME}:5070 is not in DNS, where it needs A {NAME}. Cure: host, port" in check(running, 1)
