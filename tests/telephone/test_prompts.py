"""Prompts: rendered once, in two languages, again only when they change."""

import json
import re
import wave

import pytest
import yaml
from gateway import ROOT


@pytest.fixture(params=["de", "en"])
def spoken(request, place, rendered, authority):
    place.stop()
    place.write(rendered(jitsi_language=request.param), authority.read_text(), tones=False)
    place.machine.sh("rm -f /etc/dial-in-ivr/prompts/*")
    return place


def speak(place):
    return place.machine.sh("/usr/local/sbin/dial-in-ivr render /etc/dial-in-ivr/settings.json").stdout


def start(place, files):
    """What the unit does before it runs the IVR."""
    commands = re.findall("^ExecStartPre=[+](.*)$", files["dial_in_ivr/dial-in-ivr.service"], re.M)
    return "".join(place.machine.sh(command).stdout for command in commands)


def said(place):
    return {file.name for file in (place.machine.root / "etc/dial-in-ivr/prompts").glob("*.wav")}


def prompts(place):
    folder = place.machine.root / "etc/dial-in-ivr/prompts"
    return {file.name.rpartition("-")[0]: file for file in folder.glob("*.wav")}


def sound(file):
    with wave.open(str(file)) as source:
        assert source.getparams()[:3] == (1, 2, 8000)
        return source.readframes(source.getnframes())


def test_prompts_are_spoken_once(spoken):
    names = {"welcome", "wrong", "connecting", "waiting", "unavailable", "goodbye"}
    assert speak(spoken).count("rendered ") == len(names)
    assert set(prompts(spoken)) == names
    assert speak(spoken) == ""
    for name, file in prompts(spoken).items():
        data = memoryview(sound(file)).cast("h")
        loud = [n for n, value in enumerate(data) if abs(value) > 1000]
        assert len(loud) > 2000, name
        # Behind the last word it is quiet, for so long that a call does not end by itself; or until it shall.
        assert (len(data) - loud[-1]) / 8000 > (0.5 if name in ("unavailable", "goodbye") else 70)
        # Nobody but root writes there, everybody reads.
        assert file.stat().st_mode & 0o777 == 0o644


def test_another_name_is_spoken_alone(spoken, rendered, authority):
    speak(spoken)
    before = {name: file.name for name, file in prompts(spoken).items()}
    language = json.loads((spoken.machine.root / "etc/dial-in-ivr/settings.json").read_text())["language"]
    files = rendered(jitsi_language=language, jitsi_service_name="Besprechungen der ACME")
    spoken.write(files, authority.read_text(), tones=False)
    assert re.fullmatch(r"rendered welcome-\S+\n", speak(spoken))
    # The running IVR plays the old ones until it restarts.
    assert len(said(spoken)) == len(before) + 1
    assert set(before.values()) < said(spoken)
    assert start(spoken, files) == f"removed {before['welcome']}\n"
    after = {name: file.name for name, file in prompts(spoken).items()}
    assert {name for name in before if before[name] != after[name]} == {"welcome"}


def test_menu_that_starts_has_its_prompts(spoken, rendered):
    """Also after a run that was aborted between settings and prompts."""
    assert start(spoken, rendered()).count("rendered ") == len(prompts(spoken)) == 6
    assert start(spoken, rendered()) == ""


def test_languages_differ(place, rendered, authority):
    heard = {}
    for language in ("de", "en"):
        place.write(rendered(jitsi_language=language), authority.read_text(), tones=False)
        place.machine.sh("rm -f /etc/dial-in-ivr/prompts/*")
        speak(place)
        heard[language] = {name: sound(file) for name, file in prompts(place).items()}
    assert not [name for name, data in heard["de"].items() if data == heard["en"][name]]


def test_every_word_has_both_languages():
    words = yaml.safe_load((ROOT / "roles/dial_in_ivr/vars/main.yml").read_text())["__dial_in_ivr_words"]
    assert set(words) == {"de", "en"}
    assert set(words["de"]["texts"]) == set(words["en"]["texts"])
