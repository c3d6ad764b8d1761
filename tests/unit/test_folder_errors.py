import pytest

from toolkit.folder.folder_errors import folder_errors

SECRETS = ["jitsi_seed"]


def file(name, place="settings", encrypted=False, keys=()):
    return {"path": f"acme/{name}", "folder": "acme", "place": place, "encrypted": encrypted, "keys": list(keys)}


VAULT = file("vault.yml", "vault", True, ["jitsi_seed"])


def test_a_tidy_folder_has_no_error():
    assert folder_errors([VAULT, file("main.yml", keys=["jitsi_domain"])], SECRETS) == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            [file("main.yml")],
            "acme/group_vars/jitsi/vault.yml is missing: run . scripts/environment; ansible-vault create "
            "acme/group_vars/jitsi/vault.yml and write jitsi_seed, at least 32 random characters.",
        ),
        (
            [file("vault.yml", "vault", False, ["jitsi_seed"])],
            "acme/vault.yml is not encrypted: run . scripts/environment; ansible-vault encrypt acme/vault.yml.",
        ),
        (
            [VAULT, file("main.yml", keys=["jitsi_seed"])],
            "jitsi_seed stands in acme/main.yml in clear: move it to vault.yml beside it, encrypted.",
        ),
        (
            [VAULT, file("group_vars/jitsi/main.yml", keys=["jitsi_accounts"])],
            "jitsi_accounts stands in acme/group_vars/jitsi/main.yml, which wins over what make users writes: move it "
            "to group_vars/jitsi/accounts.yml.",
        ),
        (
            [VAULT, file("group_vars/jitsi/accounts.yml", keys=["jitsi_accounts", "jitsi_domain"])],
            "jitsi_domain stands in acme/group_vars/jitsi/accounts.yml, which make users alone writes: move it to "
            "main.yml.",
        ),
    ],
)
def test_each_error_is_one_sentence(files, sentence):
    assert folder_errors(files, SECRETS) == [sentence]
