"""The verification suite: is the conference there? Asked from outside, as participants, and on the servers.

It runs against one customer, told by `--conference FILE` (playbooks/verify.yml writes the file and calls pytest).
Without the option only the clients' own tests in unit/ are collected.

A check's first docstring line is its title; its mark `notice` says what a customer would notice when it fails, and
where to look. Both stand in the report of a failure; the traceback goes to the customer's log file, which has one run:
it begins with the run's start and ends, unless the run was killed, with its end. The mark `guard`
is the same for checks of what must not be possible: where nobody answers they have found nothing, and say so.
"""

import datetime
import textwrap
from pathlib import Path

import outside
import pytest
import testinfra
from customer import Customer, Host

CUSTOMER = pytest.StashKey[Customer]()
STOPPED = pytest.StashKey[set[tuple[str, str]]]()  # units that do not run, each with the host's name
SERVERS = "test_servers.py"  # judged first, shown first
HERE = Path(__file__).parent
SSH_SECONDS = 60  # for one login, the jump host's included: as long as Ansible waits (ansible.cfg)


def pytest_addoption(parser):
    parser.addoption("--conference", metavar="FILE", help="the expectations of one customer, as JSON")


def pytest_configure(config):
    if file := config.getoption("conference", None):
        config.stash[CUSTOMER] = Customer.read(file)
        config.stash[STOPPED] = set()
        Path(config.stash[CUSTOMER].log).unlink(missing_ok=True)
        note(config, "the verification begins")


def note(config, text: str) -> None:
    """Write it into the customer's log file, with the time."""
    with Path(config.stash[CUSTOMER].log).open("a") as log:
        log.write(f"{datetime.datetime.now():%F %T} {text}\n")


def pytest_sessionfinish(session, exitstatus):
    if CUSTOMER in session.config.stash:
        how = "is interrupted" if exitstatus == pytest.ExitCode.INTERRUPTED else "ends"
        note(session.config, f"the verification {how}: {session.testsfailed} failed of {session.testscollected} checks")


def pytest_ignore_collect(collection_path, config):
    """Checks need a customer, and some a group of the plan that is optional; the clients' own tests need neither."""
    if collection_path.parent == HERE and collection_path.name.startswith("test_"):
        if CUSTOMER not in config.stash:
            return True
        some = {
            "test_directory.py": EACH["directory"],
            "test_people.py": EACH["directory_server"],
            "test_stream.py": EACH["streamer"],
            "test_recording.py": lambda customer: customer.group("recorders"),
            "test_telephone.py": EACH["gateway"],
        }
        return collection_path.name in some and not some[collection_path.name](config.stash[CUSTOMER])
    if collection_path == HERE / "unit":
        return CUSTOMER in config.stash
    return None


# What checks ask for. `server`, `bridge`, `relay`, `name`, `directory`, `directory_server`, `provider`, `streamer`,
# `gateway` run a check once for each.

EACH = {
    "server": lambda customer: customer.hosts,
    "bridge": lambda customer: customer.group("videobridges"),
    "relay": lambda customer: customer.relays,
    "name": lambda customer: list(customer.addresses),
    "directory": lambda customer: customer.group("directories"),
    "directory_server": lambda customer: customer.directory,
    "provider": lambda customer: customer.providers,
    "streamer": lambda customer: customer.group("streamers"),
    "gateway": lambda customer: customer.group("gateways"),
}


def pytest_generate_tests(metafunc):
    if CUSTOMER not in metafunc.config.stash:
        return
    for what, find in EACH.items():
        if what in metafunc.fixturenames:
            values = find(metafunc.config.stash[CUSTOMER])
            metafunc.parametrize(what, values, ids=[getattr(value, "name", value) for value in values])


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name != SERVERS)


def pytest_runtest_setup(item):
    """What needs a daemon that does not run is skipped: its failure would only lead astray."""
    units = [unit for mark in item.iter_markers("needs") for unit in mark.args]
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    for unit in units if CUSTOMER in item.config.stash else ():
        hosts = [host for host in item.config.stash[CUSTOMER].hosts if unit in host.daemons]
        # A check of one host needs the daemon there; any other check does with one of several.
        hosts = [host for host in hosts if host in values or set(host.names) & set(map(str, values))] or hosts
        if hosts and all((unit, host.name) in item.config.stash[STOPPED] for host in hosts):
            pytest.skip(f"{unit} does not run on {hosts[0].name}")


@pytest.fixture(scope="session")
def customer(pytestconfig) -> Customer:
    return pytestconfig.stash[CUSTOMER]


@pytest.fixture(scope="session")
def stopped(pytestconfig) -> set[tuple[str, str]]:
    """Daemons that were found not to run, each with the name of its host."""
    return pytestconfig.stash[STOPPED]


@pytest.fixture(scope="session")
def moderator(customer) -> str:
    """The login of somebody who may open rooms."""
    if not customer.moderators:
        pytest.skip("no login is known: set jitsi_directory.test_login or, with jitsi_token_secret, jitsi_moderators")
    return next(iter(customer.moderators))


@pytest.fixture(scope="session")
def stand_in(customer) -> bool:
    """Is the page a lab's stand-in for Jitsi's own? Then the bridges are stand-ins, too, and answer anybody."""
    return 'content="STAND-IN' in outside.get(customer, "/").text


@pytest.fixture(scope="session")
def login(customer, tmp_path_factory):
    """login(server): the shell there, as root over SSH with what Ansible uses; one connection for the whole run."""
    sockets = tmp_path_factory.mktemp("ssh")
    known: dict[str, testinfra.host.Host] = {}

    def connect(host: Host) -> testinfra.host.Host:
        if host.name not in known:
            known[host.name] = testinfra.get_host(
                f"ssh://{host.ssh['user']}@{host.ssh['host']}:{host.ssh['port']}",
                ssh_identity_file=host.ssh["key"] or None,
                ssh_extra_args=host.ssh["args"] if host.public else f"{host.ssh['args']} {customer.jump}",
                controlpath=f"{sockets}/%%C",
                timeout=SSH_SECONDS,
                sudo=True,
            )
        return known[host.name]

    yield connect
    for server in known.values():
        command, arguments = server.backend._build_ssh_command("")
        server.backend.run_local(" ".join(["ssh -O exit", *command[1:]]), *arguments)


@pytest.fixture
def remark(record_property):
    """remark(text): a line for the operator below a check, also where it passes."""
    return lambda text: record_property("remark", text)


@pytest.fixture(scope="session")
def meet(customer, login):
    """The signalling server."""
    return login(customer.group("meet")[0])


# The report.


def describe(item, call) -> str:
    """A failed check for an operator: notice, where to look, what was seen."""
    found = isinstance(call.excinfo.value, AssertionError | pytest.fail.Exception)
    seen = str(call.excinfo.value).split("\nassert ")[0] if found else call.excinfo.exconly()
    mark = item.get_closest_marker("notice") or item.get_closest_marker("guard")
    if mark.name == "guard" and not (found and call.when == "call"):
        return f"could not be checked: {seen}"
    customer = item.config.stash[CUSTOMER]
    words = {"domain": customer.domain, "meet": customer.group("meet")[0].name}
    if hasattr(item, "callspec"):
        words |= {name: getattr(value, "name", value) for name, value in item.callspec.params.items()}
    what, look = (text.format(**words) for text in mark.args)
    return f"a customer would notice: {what}\nwhere to look: {look}\nseen: {seen}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.title = (item.function.__doc__ or item.name).splitlines()[0].rstrip(".")
    if report.failed and CUSTOMER in item.config.stash:
        note(item.config, f"{item.nodeid}\n{report.longreprtext}\n")
        report.longrepr = describe(item, call)
    return report


def pytest_terminal_summary(terminalreporter, config):
    """One line per check; below a failed one what an operator must know."""
    if CUSTOMER not in config.stash:
        return
    checks: dict[tuple[str, str], list] = {}
    for category in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(category, []):
            if report.when == "call" or not report.passed:
                checks.setdefault((report.location[0], report.title), []).append(report)
    for (_, title), reports in sorted(
        checks.items(), key=lambda check: (not check[0][0].endswith(SERVERS), check[0][0])
    ):
        unclear = {}  # the same explanation once, with all cases it holds for
        for report in reports:
            if not report.passed:
                case = report.nodeid.rstrip("]").partition("[")[2]
                text = report.longrepr[2] if report.skipped else report.longreprtext
                unclear.setdefault((report.outcome, text), []).append(case)
        worst = "FAILED" if any(outcome == "failed" for outcome, _ in unclear) else "skipped" if unclear else "ok"
        cases = f" ({len(reports)})" if len(reports) > 1 else ""
        terminalreporter.write_line(f"{worst:8}{title}{cases}", red=worst == "FAILED")
        remarks = [text for report in reports for _, text in report.user_properties]
        explanations = [(text, known) for (_, text), known in unclear.items()]
        for text, known in explanations + [(text, []) for text in dict.fromkeys(remarks)]:
            if any(known):
                # What is wrong with all cases is said in few words: whoever reads the first lines reads the reason.
                named = f"all {len(known)}" if len(known) == len(reports) > 3 else ", ".join(known)
                terminalreporter.write_line(f"  for {named}")
            terminalreporter.write_line(textwrap.indent(textwrap.dedent(text), "    "))
