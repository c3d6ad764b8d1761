"""The error that an operator is notified of."""


class DeliveryError(Exception):
    """Something an operator must know; the message names no room, no participant and no file."""
