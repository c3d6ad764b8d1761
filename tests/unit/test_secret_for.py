import pytest

from toolkit.secrets.secret_for import secret_for

SEED = "0123456789abcdef0123456789abcdef"


def test_is_hmac_sha256_of_the_purpose():
    # printf turn | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | base64
    assert secret_for(SEED, "turn") == "nn03aft6S31BowfdwbYfqqpEQsqCQex8azhlddV_OgA"


def test_every_purpose_and_every_seed_has_its_own_secret():
    secrets = {secret_for(s, p) for s in (SEED, SEED + "x") for p in ("turn", "prosody/focus", "prosody/jvb")}
    assert len(secrets) == 6


@pytest.mark.parametrize("seed", ["", "short", SEED[1:], None, 12345678901234567890123456789012])
def test_refuses_a_seed_that_is_none_without_quoting_it(seed):
    with pytest.raises(ValueError, match="jitsi_seed") as refusal:
        secret_for(seed, "turn")
    assert not seed or str(seed) not in str(refusal.value)


def test_refuses_a_missing_purpose():
    with pytest.raises(ValueError, match="purpose"):
        secret_for(SEED, "")
