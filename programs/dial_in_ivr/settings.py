"""Settings of the dial-in IVR, read from JSON."""

import dataclasses
import json
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Settings:
    """The fields of the settings file."""

    channels: int  # calls at the same time
    address: str  # where the trunk's sound arrives
    codecs: list[str]  # of the trunk, the preferred first
    srtp: bool
    display_name: str  # of callers in the meeting
    language: str  # the voice, as espeak-ng calls it
    texts: dict[str, str]  # of the prompts: welcome, wrong, connecting, waiting, unavailable, goodbye
    prompts: str  # the folder of the prompts
    first_sip_port: int
    first_control_port: int
    rtp_ports: str
    # Seconds:
    first_digit: float = 60  # until the first digit is pressed
    next_digit: float = 6  # after the last digit, until the PIN is taken as it is
    ring: float = 20  # until Jigasi answers; it takes 15 at most, unless the meeting has not begun
    max_wait: float = 1800  # until the meeting begins

    @classmethod
    def read(cls, file: Path) -> "Settings":
        """Read a JSON object of these fields. Raises OSError, ValueError or TypeError."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    @property
    def narrowband(self) -> bool:
        """Whether all codecs have a telephone's 8 kHz."""
        return set(self.codecs) <= {"PCMA", "PCMU"}

    @property
    def sample_rate(self) -> int:
        """Samples per second of all sound inside: that of the calls, or the one baresip's filters need."""
        return 8000 if self.narrowband else 48000
