"""A program that publishes a stream: a test picture with sound, as a recorder would send it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from browser import need

# A picture whose colours change.
COLORS = "color=red:size=320x240:rate=15,hue=H=2*PI*t/4"


def publish(
    server: str, key: str, folder: Path, picture: str = COLORS, name: str = "live", near: Sequence[str] = ()
) -> subprocess.Popen:
    """Starts one, for five minutes at most. The key goes by a file in the folder: command lines are seen by anybody."""
    options = folder / f"{name}.ffpreset"
    options.touch(mode=0o600)
    options.write_text(f"rtmp_playpath={name}?key={key}\n")
    line = [*near, need("ffmpeg", "ffmpeg"), "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture]
    line += ["-f", "lavfi", "-i", "sine=frequency=440", "-t", "300", "-threads", "1"]
    line += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30", "-b:v", "3M", "-c:a", "aac"]
    line += ["-fpre", str(options), "-f", "flv", f"rtmps://{server}/live"]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
