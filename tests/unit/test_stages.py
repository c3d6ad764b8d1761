"""Callback stages: where to look after a failure, and how to get there."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible import context

FILE = Path(__file__).parents[2] / "callback_plugins/stages.py"
spec = importlib.util.spec_from_file_location("stages", FILE)
stages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stages)


@pytest.fixture
def callback(monkeypatch):
    made = stages.CallbackModule()
    monkeypatch.setattr(context, "CLIARGS", {"inventory": ["inventories/acme"]})
    made.said = []
    made._display = SimpleNamespace(display=lambda text, **_: made.said.append(text))
    return made


def fail(callback, host, role, action="daemon"):
    task = SimpleNamespace(
        _role=SimpleNamespace(get_name=lambda: role), action=action, get_name=lambda: f"{role} : Do something"
    )
    callback.v2_runner_on_failed(SimpleNamespace(host=SimpleNamespace(get_name=lambda: host), task=task))


def ended(callback):
    callback.v2_playbook_on_stats(None)
    return callback.said[1:]


def test_the_commands_for_a_host_come_with_the_line_that_logs_in(callback):
    fail(callback, "acme-meet", "prosody")
    fail(callback, "acme-jvb-1", "videobridge")
    fail(callback, "acme-jvb-1", "base")
    hints = ended(callback)
    assert "acme-meet: prosody : Do something failed; look at: prosodyctl check config; journalctl -u prosody" in hints
    assert hints[-1] == "  log in there: make ssh CUSTOMER=acme HOST=acme-jvb-1"


@pytest.mark.parametrize(
    ("role", "action"), [("certificate", "ansible.builtin.assert"), ("openstack_network", "daemon")]
)
def test_nobody_is_sent_to_a_host_that_has_nothing_to_say(callback, role, action):
    fail(callback, "acme-meet", role, action)
    (hint,) = ended(callback)
    assert "journalctl" not in hint


@pytest.mark.parametrize(
    ("source", "customer"),
    [
        ("inventories/acme/plan.yml", "CUSTOMER=acme"),
        ("/home/o hara/acme/", "'CUSTOMER=/home/o hara/acme'"),
    ],
)
def test_the_customer_is_named_as_make_takes_it(source, customer):
    way = stages.where_to_log_in("prosody", ["acme-meet"], {"inventory": [source]})
    assert way == f"make ssh {customer} HOST=acme-meet"
