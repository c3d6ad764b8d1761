"""The servers' clocks: credentials of relays, tokens and certificates are good for a time that all must agree on."""

import time

import pytest

AGREE = 5  # seconds; what is good for a time is so for minutes at least


@pytest.mark.notice(
    "participants behind strict firewalls, or with tokens, cannot join at times",
    "on the server named below: timedatectl timesync-status; outgoing 123/udp must be open (make plan)",
)
def test_clocks_agree(customer, login):
    """The clocks of all servers agree"""
    ahead, doubt = {}, 0.0
    for host in customer.hosts:
        shell = login(host)
        shell.check_output("true")  # there is a connection from now on
        asked = time.time()
        said = float(shell.check_output("date +%s.%N"))
        answered = time.time()
        ahead[host.name] = said - (asked + answered) / 2
        doubt = max(doubt, (answered - asked) / 2)
    middle = sorted(ahead.values())[len(ahead) // 2]
    wrong = [
        f"{name} is {abs(seconds - middle):.0f} s {'ahead' if seconds > middle else 'behind'}"
        for name, seconds in ahead.items()
        if abs(seconds - middle) > AGREE + doubt
    ]
    assert not wrong, f"{'; '.join(wrong)} of most"
