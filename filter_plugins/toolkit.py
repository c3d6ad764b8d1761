"""Hands functions of the toolkit to Ansible as filters; NAME.yml beside this file documents filter NAME."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

# Package of the toolkit -> its filters, each a function in a module of the same name.
FILTERS = {
    "cloud": "cloud_errors",
    "firewall": "directory_rows nftables_rules planned_rows private_addresses recording_rows security_groups "
    "stream_targets trunk_rows",
    "folder": "access_errors folder_errors in_folder",
    "formats": "one_line program_archive secure_link to_db_text to_hocon to_kamailio to_ldif to_lua to_nginx "
    "to_nginx_key to_properties to_script to_shell to_ssh to_systemd",
    "page": "csp_hash markdown_page page_errors picture",
    "plan": "bridge_capacity deployment_plan dns_records drain_errors external_services java_heap machine_kind "
    "plan_text topology_errors topology_picture",
    "relations": "directory_errors moderation_errors recording_errors trunk_errors",
    "runs": "run_history",
    "sandbox": "sandboxed_units service_sandbox",
    "sbom": "sbom",
    "secrets": "account_purposes password_hashes secret_for secrets_for",
    "settings": "setting_errors",
    "trust": "ca_errors certificate_errors host_key_sources signing_key_errors",
}


class FilterModule:
    """Makes the filters known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by name."""
        return {
            name: getattr(import_module(f"toolkit.{package}.{name}"), name)
            for package, names in FILTERS.items()
            for name in names.split()
        }
