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
# What the stand-ins for Jitsi's packages and the tests' directories need.
BASE = (
    "prosody,lua-sec,lua-basexx,lua-cjson,lua-inspect,lua-luaossl,ruby-hocon,python3,nginx-light,ca-certificates,"
    "openssl,debconf-utils,iproute2,logrotate,curl,procps,jq,uuid-runtime,init-system-helpers,apt-utils,slapd,python3-ldap"
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


def root_filesystems(name="packages", packages=BASE):
    """One archive per release with these packages, made once and kept in the lab's cache under that name."""
    assert os.geteuid() == 0, "needs root, for namespaces"
    CACHE.mkdir(parents=True, exist_ok=True)
    version = hashlib.sha256(packages.encode()).hexdigest()[:12]
    tars = {suite: CACHE / f"{name}-{suite}-{version}.tar" for suite in SUITES}
    # Suites that run side by side want the same ones.
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [suite for suite, tar in tars.items() if not tar.exists()]
        assert not missing or shutil.which("mmdebstrap"), "mmdebstrap is missing. Cure: apt-get install mmdebstrap"
        making = {
            suite: subprocess.Popen(
                ["nice", "mmdebstrap", "--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io",
                 f"--include={packages}", suite, tars[suite].with_suffix(".new.tar")]
            )
            for suite in missing
        }  # fmt: skip
        for suite, process in making.items():
            assert process.wait() == 0, f"mmdebstrap {suite} failed"
            tars[suite].with_suffix(".new.tar").rename(tars[suite])
    return tars


class Machine:
    """A Debian in a network and a mount namespace, on a memory file system that goes with them."""

    def __init__(self, tar, mountpoint, setup=""):
        self.running = []
        setup = f"""
            mount -t tmpfs -o mode=755 root {mountpoint}
            tar -C {mountpoint} -xf {tar}
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
