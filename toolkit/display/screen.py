"""Draws a run: on a terminal its stages and a bar, elsewhere a line where a stage begins and ends; then the report."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from toolkit.display.log import RunLog
from toolkit.display.model import Error, Run, Stage, counted, duration, plain
from toolkit.display.where_to_look import where_to_log_in, where_to_look

EVERY = 0.25  # seconds, after which the clock is drawn again
MOST_LINES = 60  # of one error; the rest is in the log


def row(*cells: RenderableType) -> Table:
    """One line: the first and the last two cells keep their width, the middle gives way."""
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(width=1)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_column(justify="right", no_wrap=True, min_width=5)
    line.add_row(*cells)
    return line


class Screen:
    """What the operator sees of a run; lock keeps other threads and forks out while it is drawn."""

    def __init__(self, run: Run, stream: TextIO, lock: threading.RLock, live: bool, colours: bool) -> None:
        self._run, self._lock, self._is_live = run, lock, live
        self._console = Console(
            file=stream, force_terminal=live, no_color=not colours, highlight=False, markup=False, emoji=False
        )
        self._live: Live | None = None
        self._spinner = Spinner("dots", style="cyan")
        self._pauses = 0
        self._over = threading.Event()
        if live:
            self._show()
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()

    # --- while it runs

    def begins(self, stage: Stage) -> None:
        """A stage has begun."""
        if not self._is_live:
            self._say(f"{duration(self._run.elapsed):>6}  begin   {stage.name} [{stage.where}]")

    def ended(self, stage: Stage, how: str = "done") -> None:
        """A stage is over."""
        how = "failed" if stage.failed else how
        took, changes = duration(stage.took), counted(stage.changes, "change") if stage.changes else ""
        if not self._is_live:
            told = ", ".join(filter(None, (took, changes)))
            self._say(f"{duration(self._run.elapsed):>6}  {how:<6}  {stage.name} ({told})")
            return
        mark, style = {"failed": ("✗", "red"), "stopped": ("■", "yellow")}.get(how, ("✓", "green"))
        with self._lock:
            self._console.print(
                row(Text(mark, style), titled(stage, "bold red" if stage.failed else ""), Text(changes, "dim"), took)
            )

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The terminal belongs to somebody else for a while: to a prompt, or to a message of Ansible's own."""
        with self._lock:
            self._pauses += 1
            self._hide()
        try:
            yield
        finally:
            with self._lock:
                self._pauses -= 1
                if self._is_live and not self._pauses and not self._over.is_set():
                    self._show()

    def close(self) -> None:
        """The terminal is as it was before."""
        self._over.set()
        with self._lock:
            self._hide()

    def _show(self) -> None:
        self._live = Live(
            get_renderable=self._drawn, console=self._console, auto_refresh=False, transient=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live.start()

    def _hide(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def _tick(self) -> None:
        # What the keyboard sends is for the thread that waits for an answer to a question.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._over.wait(EVERY):
            with self._lock:
                if self._live:
                    self._live.refresh()

    def _drawn(self) -> RenderableType:
        run, lines = self._run, []
        if stage := run.stage:
            lines.append(row(self._spinner, titled(stage, "bold"), "", duration(run.since(stage.began))))
        if stage and (task := run.task):
            waits = Text.assemble(task.name, (f"  waits for {task.waits_for}" if task.waits else "", "dim"))
            lines.append(row("", waits, "", Text(duration(run.since(task.began)), "dim")))
        bar = ProgressBar(total=1, completed=run.done, complete_style="cyan", finished_style="cyan")
        return Group(*lines, row("", bar, f"{run.done:4.0%}", Text(duration(run.elapsed), "bold")))

    # --- at its end

    def report(self, arguments: Mapping[str, Any]) -> None:
        """What the playbook said to its operator, and what went wrong; arguments are those of Ansible's command."""
        self.close()
        for note in self._run.notes:
            self._say(f"\n{note}")
        for error in self._run.errors:
            self._error(error, arguments)

    def finish(self, how: str, log: RunLog, dry: bool) -> None:
        """The outcome, and in the last line where everything stands."""
        run, words = self._run, {"done": "Done in", "failed": "Failed after", "stopped": "Stopped after"}
        changes = counted(run.changes, "change") if run.changes else "no changes"
        told = f"\n{words[how]} {duration(run.elapsed)}, {changes}{' to make (dry run)' if dry else ''}."
        if how == "stopped" and run.stages:
            told += f" It was at: {run.stages[-1].name}{f', {run.task.name}' if run.task else ''}."
        if how != "done":
            told += "\nRun the same again when the cause is gone: it goes on from there."
        self._say(told, {"done": "bold green", "failed": "bold red", "stopped": "bold yellow"}[how])
        self._say(f"No log was written: {log.error}" if log.error else f"Full log: {log.shown}")

    def _error(self, error: Error, arguments: Mapping[str, Any]) -> None:
        lines = error.text.splitlines()
        self._say(f"\n✗ {error.task} {error.what} {', '.join(error.hosts)}", "bold red")
        for line in lines[:MOST_LINES]:
            self._say(f"  {line}")
        if len(lines) > MOST_LINES:
            self._say(f"  ... and {len(lines) - MOST_LINES} more lines in the log")
        if look := where_to_look(error.role, error.hosts):
            self._say(f"  Look at: {look}", "yellow")
        if way := where_to_log_in(error.role, error.hosts, arguments):
            self._say(f"  Log in there: {way}", "yellow")
        if error.excerpt:
            self._say("  From the log:", "dim")
        for number, line in error.excerpt:
            self._say(f"  {number:>6}  {line}", "dim")

    def _say(self, text: str, style: str = "") -> None:
        """Lines as they are; a terminal that is too narrow breaks them itself, so that they can be copied."""
        with self._lock:
            self._console.print(Text(plain(text), style), soft_wrap=True)


def titled(stage: Stage, style: str) -> Text:
    """The stage's name and its hosts."""
    return Text.assemble((stage.name, style), (f"  {stage.where}", "dim"))
