"""Callback restarts: what a run says of restarts it did not make, and how it ends."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible import context

FILE = Path(__file__).parents[2] / "callback_plugins/restarts.py"
spec = importlib.util.spec_from_file_location("restarts", FILE)
restarts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(restarts)

FINE, FAILED = SimpleNamespace(failures={}, dark={}), SimpleNamespace(failures={"acme-meet": 1}, dark={})
HELD = {"unit": "jicofo.service", "needed": True, "ends": "holds 1 of meetings", "reads": ["/etc/jitsi/jicofo"]}
PLAYBOOK = {"inventory": ["inventories/a b"], "args": ("playbooks/site.yml",)}


@pytest.fixture
def callback(monkeypatch):
    said = []
    made = restarts.CallbackModule()
    monkeypatch.setattr(context, "CLIARGS", dict(PLAYBOOK))
    made._display = SimpleNamespace(display=lambda text, **_: said.append(text))
    made.said = said
    return made


def told(callback, **result):
    role = SimpleNamespace(get_name=lambda: "jicofo")
    host = SimpleNamespace(get_name=lambda: "acme-meet")
    callback.v2_runner_on_ok(SimpleNamespace(host=host, task=SimpleNamespace(_role=role), result=result))


def test_a_deferred_restart_has_a_code_of_its_own_and_the_line_that_does_it(callback):
    told(callback, changed=False, restart=HELD)
    with pytest.raises(SystemExit) as end:
        callback.v2_playbook_on_stats(FINE)
    assert end.value.code == 3
    assert callback.said[0] == "acme-meet: jicofo.service is not restarted: it holds 1 of meetings."
    assert callback.said[1].endswith(
        ". scripts/environment; ansible-playbook -i 'inventories/a b' playbooks/site.yml --limit acme-meet "
        "--tags jicofo -e restarts=now"
    )


def test_a_failure_is_a_failure(callback):
    told(callback, changed=False, restart=HELD)
    callback.v2_playbook_on_stats(FAILED)
    assert len(callback.said) == 2


def test_a_restart_that_was_made_is_not_listed(callback):
    told(callback, changed=True, restart=HELD | {"ends": None})
    callback.v2_playbook_on_stats(FINE)
    assert callback.said == []


@pytest.mark.parametrize(
    ("dest", "needed", "ends", "said"),
    [
        ("/etc/jitsi/jicofo/jicofo.conf", False, None, ["it holds no meeting"]),
        ("/etc/jitsi/jicofo/jicofo.conf", False, "holds 1 of meetings", ["deferred: it holds 1 of meetings"]),
        ("/etc/nginx/nginx.conf", True, None, ["it holds no meeting"]),
        ("/etc/nginx/nginx.conf", False, None, []),
    ],
    ids=["its file", "its file, with meetings", "changed before", "the file of another"],
)
def test_a_dry_run_lists_what_would_be_restarted(callback, dest, needed, ends, said):
    context.CLIARGS["check"] = True
    told(callback, changed=True, dest=dest)
    told(callback, changed=False, restart=HELD | {"needed": needed, "ends": ends})
    callback.v2_playbook_on_stats(FINE)
    assert callback.said == [f"acme-meet: jicofo.service would be restarted; {text}" for text in said]
