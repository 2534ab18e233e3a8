"""The one kind of error that is shown to a user without a traceback."""


class Explained(Exception):
    """An error whose message says what was got, what is allowed and what to type next.

    Command lines catch this class once. Each reason that a user can act on is a class of its own
    beside the code that raises it.
    """
