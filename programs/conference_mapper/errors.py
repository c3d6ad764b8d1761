"""The error that becomes an HTTP answer."""


class RequestRefusedError(Exception):
    """A request that is refused with an HTTP status; the message is shown to the client."""

    def __init__(self, status: int, message: str, retry_after: float = 0) -> None:
        """status is the HTTP status, retry_after the seconds until a retry makes sense (0: not said)."""
        super().__init__(message)
        self.status, self.retry_after = status, retry_after
