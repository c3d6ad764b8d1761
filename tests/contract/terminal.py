"""A terminal of its own for a program: what it shows, what is typed, how it ends."""

import fcntl
import itertools
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from pathlib import Path

HEIGHT, WIDTH = 40, 100
# Escape sequences, characters that move, and text.
PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


def drawn(cells: list[tuple[str, str]]) -> str:
    """A line of characters with their styles."""
    runs = [
        (style, "".join(cell[1] for cell in same)) for style, same in itertools.groupby(cells, lambda cell: cell[0])
    ]
    return "".join(f"{style}{text}\x1b[0m" if style else text for style, text in runs).rstrip()


class Terminal:
    """Runs a program; what it prints is read by conditions, never after a time."""

    def __init__(self, words: list, environment: dict, folder: Path):
        self.raw, self.patience = b"", time.monotonic() + 120
        self._process, self._end = pty.fork()
        if not self._process:
            os.chdir(folder)
            os.execvpe(words[0], list(map(str, words)), {**environment, "TERM": "xterm-256color"})  # noqa: S606 -- a program of ours
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))

    def read(self, seconds: float = 1.0) -> bool:
        """Whether something was printed within the time; at the end of the program nothing is."""
        if not select.select([self._end], [], [], seconds)[0]:
            return False
        try:
            new = os.read(self._end, 65536)
        except OSError:  # the program has let go of the terminal
            new = b""
        self.raw += new
        return bool(new)

    def until(self, condition) -> str:
        """What the terminal shows when the condition holds for it."""
        while not condition(self.shown):
            assert time.monotonic() < self.patience, self.shown
            self.read()
        return self.shown

    def at_rest(self) -> str:
        """What the terminal shows when nothing has been printed for longer than a clock needs."""
        while self.read():
            assert time.monotonic() < self.patience, self.shown
        return self.shown

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def signal(self, number: signal.Signals) -> None:
        """As by the keyboard: for the program and all it has started in the terminal."""
        os.killpg(self._process, number)

    def end(self) -> int:
        """The exit code, once it has ended."""
        while not (ended := os.waitpid(self._process, os.WNOHANG))[0]:
            assert time.monotonic() < self.patience, self.shown
            self.read()
        while self.read(0):
            pass
        self.close()
        return os.waitstatus_to_exitcode(ended[1])

    def close(self) -> None:
        """The terminal is gone; a program that has not ended notices it."""
        if self._end >= 0:
            os.close(self._end)
        self._end = -1

    @property
    def shown(self) -> str:
        """All lines, from the first on, as they stand there now, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.coloured)

    @property
    def coloured(self) -> str:
        """The same with the sequences of their colours."""
        lines, line, column, style = [[]], 0, 0, ""
        for sequence, kind, move, text in PIECES.findall(self.raw.decode(errors="replace")):
            if kind == "m":
                style = "" if sequence in ("", "0") else f"{style}\x1b[{sequence}m"
            elif kind == "A":
                line -= int(sequence or 1)
            elif kind == "K":
                lines[line] = []
            elif move == "\r":
                column = 0
            elif move == "\n":
                line += 1
                lines += [[]] if line == len(lines) else []
            for character in text:
                lines[line] += [("", " ")] * (column + 1 - len(lines[line]))
                lines[line][column] = (style, character)
                column += 1
        return "\n".join(map(drawn, lines))

    @property
    def cursor(self) -> bool:
        """Whether it can be seen."""
        return self.raw.rfind(b"\x1b[?25h") >= self.raw.rfind(b"\x1b[?25l")
