import argon2
import pytest

from toolkit.secrets.password_hashes import MEMORY_KIB, TIME_COST, password_hashes

SEED = "0123456789abcdef0123456789abcdef"


def test_the_password_and_no_other_fits_the_hash():
    hashed = password_hashes({"anna": "correct horse"}, SEED)["anna"]
    assert argon2.PasswordHasher().verify(hashed, "correct horse")
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(hashed, "battery staple")
    assert "horse" not in hashed


def test_the_hash_is_as_expensive_as_is_asked_for():
    parameters = argon2.extract_parameters(password_hashes({"anna": "x"}, SEED)["anna"])
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost) == (MEMORY_KIB, TIME_COST)
    assert MEMORY_KIB * TIME_COST >= 2 * 19 * 1024


def test_a_second_run_changes_nothing_and_equal_passwords_have_different_hashes():
    hashes = password_hashes({"anna": "x", "bernd": "x"}, SEED)
    assert hashes == password_hashes({"anna": "x", "bernd": "x"}, SEED)
    assert hashes["anna"] != hashes["bernd"]
    assert hashes["anna"] != password_hashes({"anna": "x"}, SEED[::-1])["anna"]


def test_nobody_has_no_hash():
    assert password_hashes({}, SEED) == {}
