"""make sbom, with this machine as the customer's server: one list for each server, and none that cannot be believed."""

import json

from contract import play, snapshot, write_customer

HERE = ("-e", "ansible_connection=local", "--limit", "acme-meet")


def test_the_list_is_written_once_and_again_only_after_a_change(tmp_path):
    folder = write_customer(tmp_path / "acme")
    done = play(folder, "sbom", *HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    lists = folder / "state/sbom"
    (written,) = lists.iterdir()
    assert written.name == "acme-meet.cdx.json"
    assert written.stat().st_mode & 0o777 == 0o600
    document = json.loads(written.read_text())
    assert document["metadata"]["component"]["name"] == "acme-meet"
    assert any(component["name"] == "dpkg" for component in document["components"])
    assert "acme-meet: packages: " in done.stdout
    before = snapshot(lists)
    again = play(folder, "sbom", *HERE)
    assert "changed=0" in again.stdout, again.stdout
    assert snapshot(lists) == before


def test_an_answer_that_is_not_the_programs_leaves_no_list(tmp_path):
    folder = write_customer(tmp_path / "acme")
    answer = {"__sbom_answer": {"stdout": "Segmentation fault"}}  # over what the program says
    done = play(folder, "sbom", *HERE, "-e", json.dumps(answer))
    assert done.returncode == 2
    assert 'acme-meet: the answer is "Segmentation fault" and not JSON' in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / "state/sbom").exists()
