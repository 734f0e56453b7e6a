"""Errors meant for the people who use the platform."""


class PlatformError(Exception):
    """A failure that a user can act on.

    Args:
        message: what failed and where, in French, one or more sentences.
        advice: what to do next, in French.
        variable: the one of the environment that is at fault; empty when none is.
    """

    def __init__(self, message: str, advice: str, variable: str = "") -> None:
        """Keeps the parts, for those who show them apart, or go on without the variable."""
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.variable = variable

    def __str__(self) -> str:
        """The message, then the advice."""
        return f"{self.message}\nQue faire : {self.advice}"
