"""rclone and the storage it knows: configured by environment variables, so that no secret is in a file or argument."""

import os
from typing import IO

from .commands import run
from .errors import DeliveryError
from .settings import Settings

RCLONE = ("rclone", "--config=/dev/null", "--retries=1", "--low-level-retries=3", "--contimeout=15s", "--timeout=60s")


class Rclone:
    """rclone with the remote "storage:", unless the storage is a local folder."""

    def __init__(self, settings: Settings) -> None:
        """Configure the remote. Raises DeliveryError when rclone is missing or fails."""
        target = settings.target
        address = target.get("host") or target.get("url") or target.get("endpoint") or ""
        self._storage = f"{target['kind']} {address}".strip()
        options = _remote_options(settings) if target["kind"] != "local" else {}
        variables = {f"RCLONE_CONFIG_STORAGE_{key}": value for key, value in options.items()}
        self._environment = dict(os.environ) | variables

    def __call__(self, *words: str, stdin: IO[bytes] | None = None) -> str:
        """Return what an rclone command prints. Raises DeliveryError, which names the storage and the command."""
        try:
            return run(*RCLONE, *words, stdin=stdin, environment=self._environment).decode()
        except DeliveryError:
            raise self.error(f"rclone {words[0]} failed") from None

    def error(self, problem: str) -> DeliveryError:
        """Return an error about the storage."""
        return DeliveryError(f"the storage of recordings ({self._storage}) is unavailable or refuses: {problem}")


def _remote_options(settings: Settings) -> dict[str, str]:
    kinds = {"sftp": _sftp, "webdav": _webdav, "s3": _s3}
    return kinds[settings.target["kind"]](settings)


def _sftp(settings: Settings) -> dict[str, str]:
    target = settings.target
    port = target.get("port") or 22
    name = target["host"] if port == 22 else f"[{target['host']}]:{port}"
    # A file in memory: it ends with this process, and a full disk does not matter.
    known_hosts = os.memfd_create("known_hosts")
    os.write(known_hosts, f"{name} {target['host_key']}\n".encode())
    options = {"TYPE": "sftp", "HOST": target["host"], "PORT": str(port), "USER": target["user"]}
    options["KNOWN_HOSTS_FILE"] = f"/proc/{os.getpid()}/fd/{known_hosts}"
    if settings.ssh_key:
        return options | {"KEY_PEM": settings.ssh_key.strip().replace("\n", "\\n")}
    return options | {"PASS": _obscured(settings.password)}


def _webdav(settings: Settings) -> dict[str, str]:
    target, password = settings.target, _obscured(settings.password)
    return {"TYPE": "webdav", "URL": target["url"], "VENDOR": "other", "USER": target["user"], "PASS": password}


def _s3(settings: Settings) -> dict[str, str]:
    target = settings.target
    options = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": target["endpoint"], "NO_CHECK_BUCKET": "true"}
    options |= {"ACCESS_KEY_ID": target["access_key"], "SECRET_ACCESS_KEY": settings.password}
    return options | ({"REGION": target["region"]} if target.get("region") else {})


def _obscured(password: str) -> str:
    """Return the password as rclone reads it; given by standard input, because everybody can read command lines."""
    return run(*RCLONE, "obscure", "-", given=password.encode()).decode().strip()
