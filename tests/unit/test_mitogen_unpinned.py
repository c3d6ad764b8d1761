"""Strategy mitogen_unpinned: each host is reached its own way."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import ansible_mitogen.strategy
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import strategy_loader
from ansible.template import trust_as_template
from ansible.utils.display import Display

FILE = Path(__file__).parents[2] / "strategy_plugins/mitogen_unpinned.py"


@pytest.fixture
def strategy(monkeypatch):
    """The strategy, and the variables of each task that it queues."""
    spec = importlib.util.spec_from_file_location("mitogen_unpinned", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    queued = []
    monkeypatch.setattr(
        ansible_mitogen.strategy.StrategyMixin,
        "_queue_task",
        lambda _self, _host, _task, variables, _context: queued.append(variables),
    )
    made = module.StrategyModule.__new__(module.StrategyModule)
    made._reached, made._loader = {}, DataLoader()
    return made, queued


def test_hosts_do_not_share_how_they_are_reached(strategy):
    made, queued = strategy
    way = trust_as_template("-o ProxyCommand={{ jump }}")
    for name in ("one", "other", "one"):
        variables = {"ansible_ssh_common_args": way, "jump": f"through {name}"}
        made._queue_task(SimpleNamespace(name=name), SimpleNamespace(connection="ssh"), variables, None)
    ways = [variables["ansible_ssh_common_args"] for variables in queued]
    assert ways == [f"-o ProxyCommand=through {name}" for name in ("one", "other", "one")]


def test_of_deprecations_only_the_one_about_strategies_is_left_out(strategy, monkeypatch):
    shown = []
    monkeypatch.setattr(Display, "_deprecated_with_plugin_info", lambda _self, msg, **_: shown.append(msg))
    strategy_loader.get("mitogen_unpinned", class_only=True)
    Display().deprecated("This module is deprecated.", version="2.99")
    assert shown == ["This module is deprecated."]
