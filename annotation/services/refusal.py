from inspect import getdoc


class Refusal(Exception):
    """The request cannot be met as things stand."""

    # A subclass's docstring is the sentence that the person reads; a message given to it takes its place.
    def __init__(self, message: str = "") -> None:
        super().__init__(message or " ".join((getdoc(type(self)) or "").split()))
