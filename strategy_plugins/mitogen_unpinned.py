"""Strategy mitogen_unpinned: mitogen's linear strategy without its CPU pinning.

Mitogen binds every worker to one core; on a small controller that costs 1.4 to 1.6 times the wall time (measured on
two cores, docs/performance.md). Chosen by scripts/accelerate, never required: without mitogen the stock strategy runs.
"""

import ansible_mitogen.affinity
import ansible_mitogen.loaders
import ansible_mitogen.strategy
from ansible.plugins.loader import strategy_loader

DOCUMENTATION = r"""
name: mitogen_unpinned
short_description: Run tasks in lockstep through mitogen, on every core
description:
  - The linear strategy through mitogen, without mitogen's CPU pinning.
author: The maintainers
"""

ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, strategy_loader.get("linear", class_only=True)):
    """Linear through mitogen."""
