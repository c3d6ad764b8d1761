"""Ansible's files read without Ansible, for tests about what stands in them."""

import yaml


class Lenient(yaml.SafeLoader):
    """YAML with Ansible's tags."""


Lenient.add_multi_constructor("!", lambda loader, tag, node: None)


class Anything(dict):
    """Filters and tests by any name: Ansible has more of them than Jinja, and only variables are judged."""

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return str

    def get(self, name, default=None):
        return str
