"""What cannot work of the place where recordings go, one sentence per error."""

from collections.abc import Mapping

from toolkit.shapes import Settings

# Kind of place -> the keys of jitsi_recording_target it needs and what to write, and those it may have.
NEEDED: Mapping[str, Mapping[str, str]] = {
    "local": {},
    "sftp": {"host": "its name", "user": "the login there", "host_key": "the server's key (ssh-keyscan shows it)"},
    "webdav": {"url": "the address, https://...", "user": "the login there"},
    "s3": {"endpoint": "the address, https://...", "bucket": "its name", "access_key": "the name of the key"},
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "local": (),
    "sftp": ("port", "folder"),
    "webdav": ("folder",),
    "s3": ("region", "folder"),
}
# Kind -> the secrets one of which it needs.
SECRETS: Mapping[str, tuple[str, ...]] = {
    "local": (),
    "sftp": ("jitsi_recording_password", "jitsi_recording_ssh_key"),
    "webdav": ("jitsi_recording_password",),
    "s3": ("jitsi_recording_password",),
}


def recording_errors(settings: Settings) -> list[str]:
    """Return the errors of the place, one sentence each."""
    target = settings.get("jitsi_recording_target")
    target = target if isinstance(target, dict) else {}
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in NEEDED:
        return []
    known = dict.fromkeys(key for kinds in (NEEDED, ALLOWED) for keys in kinds.values() for key in keys)
    errors = [
        f"jitsi_recording_target.{key} means nothing to kind {kind}: remove it or write another kind."
        for key in known
        if key in target and key not in NEEDED[kind] and key not in ALLOWED[kind]
    ]
    errors += [
        f"jitsi_recording_target.{key} is missing: write {what}."
        for key, what in NEEDED[kind].items()
        if key not in target
    ]
    given = [name for name in SECRETS["sftp"] if name in settings]
    errors += [
        f"{name} means nothing to jitsi_recording_target.kind {kind}: remove it."
        for name in given
        if name not in SECRETS[kind]
    ]
    usable = [name for name in given if name in SECRETS[kind]]
    if SECRETS[kind] and len(usable) != 1:
        errors.append(
            f"jitsi_recording_target.kind {kind} needs {' or '.join(SECRETS[kind])}: write "
            f"{'one of them alone' if usable else 'it'} in group_vars/jitsi/vault.yml."
        )
    return errors
