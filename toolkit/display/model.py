"""What a run did and does: stages, hosts, durations, errors. Knows neither Ansible nor a terminal."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

# Escape sequences and control characters, which a terminal would obey; line feeds and tabs stay.
CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Text of a server, without what could take hold of the terminal that shows it."""
    return CONTROLS.sub("", text)


def duration(seconds: float) -> str:
    """Minutes and seconds, 3:07; with hours 1:03:07."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def listed(names: Iterable[str], most: int = 3) -> str:
    """Names in one line: a, b, c and 4 more."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def counted(number: int, noun: str) -> str:
    """1 change, 2 changes."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass
class Stage:
    """A play on its hosts."""

    key: str
    name: str
    group: str  # nothing where the hosts are no group of the inventory
    hosts: list[str]
    began: float
    batch: list[str] = field(default_factory=list)
    ready: int = 0  # hosts of batches before this one
    tasks: int = 0  # of this batch, the one that runs included
    changes: int = 0
    failed: bool = False
    ended: float | None = None

    @property
    def where(self) -> str:
        """Group and hosts."""
        return f"{self.group}: {listed(self.hosts)}" if self.group not in ("", *self.hosts) else listed(self.hosts)

    @property
    def took(self) -> float:
        """Seconds from its beginning to its end, 0 while it runs."""
        return self.ended - self.began if self.ended else 0

    def done(self, steps: int) -> float:
        """How much of it is done, from 0 to 1, if it has so many tasks."""
        tasks = min(max(self.tasks - 1, 0) / steps, 1) if steps else 0
        return min((self.ready + len(self.batch) * tasks) / max(len(self.hosts), 1), 1)


@dataclass
class Task:
    """What runs now, and the hosts that have not answered yet, each with what is known of its tries."""

    name: str
    began: float
    waits: dict[str, str] = field(default_factory=dict)

    @property
    def waits_for(self) -> str:
        """The hosts, as one line; another thread may ask while they answer."""
        return listed(f"{host} ({tries})" if tries else host for host, tries in list(self.waits.items()))


@dataclass
class Error:
    """What went wrong, once, however many hosts it hit."""

    task: str
    what: str  # failed on, could not reach
    text: str
    role: str  # whose commands show the cause
    hosts: list[str]
    excerpt: list[tuple[int, str]] = field(default_factory=list)  # numbers and lines of the log


class Run:
    """A run from its first stage to its end; steps are the numbers of tasks of all stages, by their keys, in order."""

    def __init__(self, steps: dict[str, int], now: Callable[[], float] = time.monotonic) -> None:
        self._steps, self._now = steps, now
        self.began = now()
        self.stages: list[Stage] = []
        self.task: Task | None = None
        self._errors: dict[tuple[str, ...], Error] = {}
        self.notes: list[str] = []
        self._done = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._now() - self.began

    @property
    def stage(self) -> Stage | None:
        """The stage that runs."""
        return self.stages[-1] if self.stages and self.stages[-1].ended is None else None

    @property
    def errors(self) -> list[Error]:
        """What went wrong, in the order it did."""
        return list(self._errors.values())

    @property
    def changes(self) -> int:
        """Changes of all stages."""
        return sum(stage.changes for stage in self.stages)

    @property
    def done(self) -> float:
        """How much of the run is done, from 0 to 1; it never becomes less."""
        if self.stages:
            stage, keys = self.stages[-1], list(self._steps)
            steps = self._steps.get(stage.key, 0)
            before = sum(self._steps[key] for key in keys[: keys.index(stage.key)]) if stage.key in keys else 0
            part = 1 if stage.ended is not None else stage.done(steps)
            self._done = max(self._done, (before + part * steps) / max(sum(self._steps.values()), 1))
        return self._done

    def since(self, began: float) -> float:
        """Seconds since a moment of the run's clock."""
        return self._now() - began

    def begin_stage(self, key: str, name: str, group: str, batch: list[str], hosts: list[str]) -> Stage:
        """The next stage, or with the key of the one that runs its next batch of hosts; the one before has ended."""
        self.task = None
        stage = self.stage
        if not stage or stage.key != key:
            self.end_stage()
            stage = Stage(key, name, group, hosts, self._now())
            self.stages.append(stage)
        stage.ready, stage.batch, stage.tasks = stage.ready + len(stage.batch), batch, 0
        return stage

    def end_stage(self) -> None:
        """What ran last is remembered: a run that was broken off says it."""
        if stage := self.stage:
            stage.ended = self._now()

    def begin_task(self, name: str) -> None:
        """The next task of the stage that runs."""
        self.task = Task(name, self._now())
        if self.stage:
            self.stage.tasks += 1

    def wait_for(self, host: str, tries: str = "") -> None:
        """A host works at the task; tries: how often it has tried already."""
        if self.task:
            self.task.waits[host] = tries

    def answer(self, host: str, changed: bool = False) -> None:
        """A host is through with the task."""
        if self.task:
            self.task.waits.pop(host, None)
        if self.stage and changed:
            self.stage.changes += 1

    def fail(self, host: str, task: str, what: str, text: str, role: str) -> Error | None:
        """The error, if it is a new one: the same one on another host differs in the host's name at most."""
        stage = self.stage
        order = stage.hosts if stage else []
        key = (stage.key if stage else "", task, what, text.replace(host, ""))
        if stage:
            stage.failed = True
        if known := self._errors.get(key):
            known.hosts = sorted(
                {*known.hosts, host}, key=lambda name: order.index(name) if name in order else len(order)
            )
            return None
        return self._errors.setdefault(key, Error(task, what, text, role, [host]))

    def note(self, text: str) -> None:
        """What the playbook says to its operator; once, however many hosts say it."""
        if text and text not in self.notes:
            self.notes.append(text)
