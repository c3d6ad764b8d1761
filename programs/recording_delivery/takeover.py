"""How recordings change hands: from Jibri's user, whose browser may be in strangers' hands, to the delivery's."""

import os
import pwd
import re
import shutil
import stat
from pathlib import Path

from .sessions import move, unused_path

FINISHED = "finished"  # Jibri's user moves sessions in here
TAKEN = "taken"  # only root reaches what is in here


def take_over(folder: Path, user: str) -> None:
    """Move the sessions that Jibri has finished into outgoing, as the user's; the sole work that needs root.

    A session is moved out of the reach of Jibri's user before it is looked at. Regular files are kept, everything else
    is deleted: a link would give the user another file of this host. A round that was interrupted is completed.
    """
    account = pwd.getpwnam(user)
    for session in (folder / FINISHED).iterdir():
        session.rename(unused_path(folder / TAKEN, _plain(session.name)))
    for session in (folder / TAKEN).iterdir():
        if _give(session, account):
            move(session, folder / "outgoing")
    # What an operator or a former release has put there.
    for place in ("outgoing", "failed", "stored"):
        for session in (folder / place).iterdir():
            if session.lstat().st_uid != account.pw_uid:
                _give(session, account)


def _plain(name: str) -> str:
    """Return the name without what would end a line of a log or a path."""
    return re.sub(r"[^0-9A-Za-z-]", "-", name)[:64]


def _give(session: Path, account: pwd.struct_passwd) -> bool:
    """Make a session and its files the account's; False where it was no folder and has been deleted."""
    if not stat.S_ISDIR(session.lstat().st_mode):
        session.unlink()
        return False
    folder = os.open(session, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(folder, account.pw_uid, account.pw_gid)
        for name in os.listdir(folder):
            _give_file(folder, name, account)
    finally:
        os.close(folder)
    return True


def _give_file(folder: int, name: str, account: pwd.struct_passwd) -> None:
    about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(about.st_mode):
        shutil.rmtree(name, dir_fd=folder)
    elif stat.S_ISREG(about.st_mode) and about.st_nlink == 1:
        os.chown(name, account.pw_uid, account.pw_gid, dir_fd=folder, follow_symlinks=False)
    else:
        os.unlink(name, dir_fd=folder)
