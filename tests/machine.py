"""A Debian with prosody in namespaces of its own, for tests. Needs root, and mmdebstrap for the first run."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

CACHE = Path(os.environ.get("LAB_CACHE", "/var/cache/jitsi-openstack-lab"))
SUITES = ("bookworm", "trixie")
# One Debian for every suite: to make one takes minutes, to have more in it than a suite needs nothing.
PACKAGES = (
    *("ca-certificates", "curl", "iproute2", "openssh-server", "openssl", "procps", "python3", "util-linux"),
    # The stand-ins for Jitsi's packages, and the moderator rules.
    *("apt-utils", "debconf-utils", "init-system-helpers", "jq", "logrotate", "nginx-light", "prosody", "ruby-hocon"),
    *("lua-basexx", "lua-cjson", "lua-inspect", "lua-luaossl", "lua-sec", "uuid-runtime"),
    *("python3-ldap", "slapd"),  # directories
    *("coturn", "libnginx-mod-rtmp", "libnginx-mod-stream"),  # relays, streaming
    *("baresip-core", "espeak-ng", "kamailio", "kamailio-json-modules", "kamailio-tls-modules"),  # telephone
    *("kamailio-utils-modules", "python3-aiohttp", "sox"),
    "systemd",  # judges the sandboxes of units
)


def wait(probe, what, seconds=30):
    """The first true value of the probe."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.1)


def processor_seconds(process):
    """Processor time the process has had."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def root_filesystems():
    """One Debian per release with PACKAGES, a folder in the lab's cache, made once."""
    assert os.geteuid() == 0, "needs root, for namespaces"
    CACHE.mkdir(parents=True, exist_ok=True)
    version = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    roots = {suite: CACHE / f"suites-{suite}-{version}" for suite in SUITES}
    # Suites that run side by side want the same ones.
    with (CACHE / "suites.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [suite for suite, root in roots.items() if not root.exists()]
        assert not missing or shutil.which("mmdebstrap"), "mmdebstrap is missing. Cure: apt-get install mmdebstrap"
        making = {}
        for suite in missing:
            new = roots[suite].with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)  # of a run that was broken off
            making[suite] = subprocess.Popen(
                ["mmdebstrap", "--quiet", "--variant=minbase", "--format=directory", "--dpkgopt=force-unsafe-io",
                 f"--include={','.join(PACKAGES)}", suite, new]
            )  # fmt: skip
        for suite, process in making.items():
            assert process.wait() == 0, f"mmdebstrap {suite} failed"
            roots[suite].with_suffix(".new").rename(roots[suite])
    return roots


class Machine:
    """A Debian in a network and a mount namespace, its changes on a memory file system that goes with them."""

    def __init__(self, root, mountpoint, setup=""):
        self.running = []
        setup = f"""
            mount -t tmpfs changes {mountpoint}
            mkdir -m 755 {mountpoint}/new {mountpoint}/work
            mount -t overlay -o lowerdir={root},upperdir={mountpoint}/new,workdir={mountpoint}/work root {mountpoint}
            mount -t proc proc {mountpoint}/proc
            mount --bind /dev {mountpoint}/dev
            ip link set lo up
            {setup}
            echo ready
            exec sleep infinity
        """
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-ec", setup], stdout=subprocess.PIPE
        )
        assert self.holder.stdout.readline() == b"ready\n"
        self.mountpoint = mountpoint
        self.root = Path(f"/proc/{self.holder.pid}/root{mountpoint}")

    def command(self, *words):
        enter = ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "chroot", str(self.mountpoint)]
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        return [*enter, *clean, *words]

    def sh(self, script, check=True, **options):
        done = subprocess.run(self.command("sh", "-ec", script), capture_output=True, text=True, check=False, **options)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def put(self, path, text):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)

    def start(self, *words, **options):
        process = subprocess.Popen(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
        self.running.append(process)
        return process

    def daemon(self, user, group, script):
        """Starts a daemon as its user, as its unit would."""
        words = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        process = subprocess.Popen(self.command(*words, "sh", "-ec", script), start_new_session=True)
        self.running.append(process)
        return process

    def start_prosody(self, open_files=1024):
        """With the limit of open files that its unit sets; the default is systemd's own."""
        self.sh("install -d -o prosody -g prosody /run/prosody")
        script = f"ulimit -n {open_files}; exec prosody -F > /var/log/prosody/out.log 2>&1"
        return self.daemon("prosody", "prosody", script)

    def stop(self, process, killed_after=None):
        """Stops a daemon as its unit would; one that may be killed has that many seconds, another has to end in ten."""
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(killed_after or 10)
        except subprocess.TimeoutExpired:
            if not killed_after:
                raise
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name):
        path = self.root / "var/log" / name
        return path.read_text() if path.exists() else ""

    def close(self):
        for process in self.running:
            process.kill()
            process.wait()
        self.holder.kill()
        self.holder.wait()
