"""What can go wrong, as one family. Rules return verdicts; actions raise these; the edge turns them into a page or JSON.

`code` is a stable snake_case name that finds its sentence in a feature's `sentences.py`; `facts` fill the sentence's
places and go into the JSON. Facts never hold an answer, a key, a ticket or a phone number.
"""

from typing import Any


class QuizError(Exception):
    """A refusal with a code, an HTTP status and facts for its sentence."""

    status = 500

    def __init__(self, code: str, *, status: int | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
        if status is not None:
            self.status = status


class NotFound(QuizError):
    """No such thing, or another's: the two look the same."""

    status = 404

    def __init__(self, code: str = "not_found", **facts: Any) -> None:
        super().__init__(code, **facts)


class Refused(QuizError):
    """The thing is there, but the rules or its state forbid the deed (409; 403 where the person lacks the right)."""

    status = 409


class Invalid(QuizError):
    """What was sent makes no sense; `field` in the facts names where."""

    status = 422


class Unavailable(QuizError):
    """A store is away. The edge adds Retry-After, and nothing was changed."""

    status = 503

    def __init__(self, code: str = "store_unavailable", *, retry_after_s: int = 2, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.retry_after_s = retry_after_s
