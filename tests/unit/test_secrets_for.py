from pathlib import Path

import pytest

from toolkit.secrets.secret_for import secret_for
from toolkit.secrets.secrets_for import secrets_for

ROOT = Path(__file__).parents[2]

SEED = "0123456789abcdef0123456789abcdef"


def test_each_name_has_the_secret_of_its_purpose():
    assert secrets_for(["turn", "own-ca"], SEED) == {
        "turn": secret_for(SEED, "turn"),
        "own-ca": secret_for(SEED, "own-ca"),
    }


def test_a_name_may_have_a_purpose_of_its_own():
    purposes = {"anna": "moderator/anna/2"}
    assert secrets_for(purposes, SEED) == {"anna": secret_for(SEED, "moderator/anna/2")}


def test_nobody_has_no_secret():
    assert secrets_for([], SEED) == {}


def test_refuses_a_single_name():
    with pytest.raises(ValueError, match="list"):
        secrets_for("anna", SEED)


def test_a_bad_seed_is_refused_as_by_secret_for():
    with pytest.raises(ValueError, match="jitsi_seed"):
        secrets_for(["anna"], "short")
