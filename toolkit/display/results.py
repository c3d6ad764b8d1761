"""What results of tasks say to the operator. They are dictionaries, censored by Ansible where the task has no_log."""

from collections.abc import Mapping
from typing import Any

from toolkit.display.model import plain

OUTPUTS = ("stderr", "module_stderr", "stdout", "module_stdout")
LINES = 12  # of a program's output; all of it is in the log


def message(value: object) -> str:
    """A message as text: a list has one line for each element."""
    return plain("\n".join(map(str, value)) if isinstance(value, list) else str(value)).strip()


def error_text(result: Mapping[str, Any]) -> str:
    """Why a task failed: its message, and the end of what the program printed."""
    text = message(result.get("msg") or result.get("censored") or "")
    output = next((message(result[key]) for key in OUTPUTS if result.get(key)), "")
    if output and output not in text:
        text = "\n".join([text, *output.splitlines()[-LINES:]]).strip()
    return text or "no message; see the log"


def adds(line: str, text: str) -> bool:
    """Whether a line of the log says more than the text of the error does, be it with other words around it."""
    bare = line.strip()
    return bool(bare) and bare not in text and not any(said in bare for said in text.splitlines() if len(said) > 7)


def notes(action: str, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    """What the playbook wants to be read: debug, what assert says of success, and warnings of the toolkit's modules."""
    said: list[str] = []
    for one in result.get("results") or [result]:
        if action in ("debug", "ansible.builtin.debug"):
            said += [message(one["msg"])] if "msg" in one else []
        elif "success_msg" in arguments:
            said += [message(one.get("msg", ""))]
    if "." not in action:  # others warn of what is no concern of the operator
        said += [f"Warning: {message(warning)}" for warning in result.get("warnings") or []]
    return said
