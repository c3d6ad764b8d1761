"""Filter cloud_errors: why the cloud cannot serve a customer's plan, one sentence per error."""

from toolkit.cloud.addresses import address_errors
from toolkit.cloud.named import name_errors
from toolkit.cloud.quotas import quota_errors
from toolkit.cloud.shapes import Facts, Wanted
from toolkit.cloud.sizes import size_errors


def cloud_errors(facts: Facts, wanted: Wanted) -> list[str]:
    """Return all errors at once."""
    judges = (name_errors, size_errors, quota_errors, address_errors)
    return [error for judge in judges for error in judge(facts, wanted)]
