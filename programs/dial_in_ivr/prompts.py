"""Prompts: WAV files with speech and the silence behind it."""

import hashlib
import subprocess
import tempfile
import wave
from pathlib import Path

from .settings import Settings

MAX_SILENCE = 75  # seconds behind a prompt; baresip ends a call when its file ends


def prompt_file(settings: Settings, name: str) -> Path:
    """Return the file of a prompt; its name contains a hash of its text and its properties."""
    content = f"{settings.language}\n{settings.texts[name]}\n{trailing_silence(name)}\n{settings.sample_rate}"
    return Path(settings.prompts) / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.wav"


def trailing_silence(name: str) -> float:
    """Return the seconds of silence behind a prompt. After the last prompt of a call the call ends."""
    return 0.7 if name in ("unavailable", "goodbye") else MAX_SILENCE


def speech_seconds(settings: Settings, name: str) -> float:
    """Return the seconds until the last word of a prompt is spoken. Raises OSError where the file is missing."""
    with wave.open(str(prompt_file(settings, name)), "rb") as source:
        seconds = float(source.getnframes()) / source.getframerate()
    return max(0.0, seconds - trailing_silence(name))


def render_missing(settings: Settings) -> None:
    """Render the prompts that are missing, and print each one's name. Raises CalledProcessError or OSError."""
    for name in settings.texts:
        file = prompt_file(settings, name)
        if not file.exists():
            _render(settings, name, file)
            print(f"rendered {file.name}")


def remove_unused(settings: Settings) -> None:
    """Remove all other prompts, and print each one's name."""
    for file in set(Path(settings.prompts).glob("*.wav")) - {prompt_file(settings, name) for name in settings.texts}:
        file.unlink()
        print(f"removed {file.name}")


def _render(settings: Settings, name: str, file: Path) -> None:
    """Render one prompt; the file has its name only once it is complete."""
    new = file.with_suffix(".new")
    with tempfile.TemporaryDirectory() as folder:
        speech = f"{folder}/speech.wav"
        speak = ["espeak-ng", "-v", settings.language, "-s", "150", "-w", speech, settings.texts[name]]
        subprocess.run(speak, check=True)
        # espeak-ng has a rate of its own.
        effects = ["rate", str(settings.sample_rate), "pad", "0", str(trailing_silence(name))]
        subprocess.run(["sox", "--no-dither", "--guard", speech, "--type", "wav", str(new), *effects], check=True)
    new.chmod(0o644)
    new.rename(file)
