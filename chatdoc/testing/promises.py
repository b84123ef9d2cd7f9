"""Assertion errors of the kit begin with the promise that broke; what was seen, and who noticed it, come after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType

LEDGER = "What deltas say of the rules is what a look at everything says."
TAKEN = "Every document takes what another one, or an honest peer, has written."
TORN = "An update that was torn on its way is refused, and changes nothing."
SETTLED = "Whoever asks for what it lacks has everything in the end."
CONVERGED = "Documents that exchanged everything hold the same, show the same and report the same."
JOINED = "Whoever joins now gets what is shown, and nothing else."
KEPT = "Every text, setting and deletion that was acknowledged is there."
INVENTED = "Nothing is there that nobody wrote."
REOPENED = "A document that is opened again says what it said before."
CARRIED_OUT = "A command is carried out, or refused with its reason."
ANSWERED = "The answer to a command shows what it asked for."
ONCE = "A command with an id is carried out once, and answered each time."
WITHSTOOD = "Whatever a hostile peer sends is refused, put right, or told."
LOADED = "The whole Y document can be loaded at any time."
SOUND = "A store holds, after every step, what it acknowledged and nothing else."
WHOLE = "A disk that fails in the midst of a change leaves nothing of it, and the retry is taken."
REBUILT = "The tables of the log can be thrown away and folded anew."
APART = "A copy of a file is a document with a store and a log of its own, and leaves the original alone."
FOLLOWED = "A snapshot with what is replayed on it is what is stored."
BACKED_UP = "The source of a migration is kept, byte for byte."
SAVED = "Who only reads the file sees what is stored."

LIBRARIES = ("chatdoc", "invariants", "migrate")


class PromiseBroken(AssertionError):
    """A promise that did not hold: its sentence, and then what was seen."""

    def __init__(self, promise: str, seen: str = "") -> None:
        self.promise, self.seen = promise, seen
        super().__init__("\n  ".join([promise, *seen.splitlines()]))

    def __reduce__(self) -> tuple[type[PromiseBroken], tuple[str, str]]:
        return type(self), (self.promise, self.seen)


@contextlib.contextmanager
def promised(promise: str) -> Iterator[None]:
    """Whatever goes wrong in this block breaks the promise, unless it names one of its own."""
    __tracebackhide__ = True
    try:
        yield
    except PromiseBroken:
        raise
    except Exception as error:
        # The error stays the context, by which hypothesis tells two failures apart; printed is the promise alone.
        raise PromiseBroken(promise, _seen(error)) from None


def require(holds: object, promise: str, seen: str = "") -> None:
    """Raise PromiseBroken unless it holds."""
    __tracebackhide__ = True
    if not holds:
        raise PromiseBroken(promise, seen)


def _seen(error: Exception) -> str:
    """What an error says, and where a library noticed it; an assertion outside of libraries says enough itself."""
    module, line = _innermost(error.__traceback__)
    if isinstance(error, AssertionError) and str(error) and not _is_library(module):
        return str(error)
    return f"{type(error).__name__}: {error}\nnoticed in {module}, line {line}"


def _is_library(module: str) -> bool:
    return module.split(".")[0] in LIBRARIES and not module.startswith("chatdoc.testing.")


def _innermost(trace: TracebackType | None) -> tuple[str, int]:
    module, line = "", 0
    while trace is not None:
        module, line = trace.tb_frame.f_globals.get("__name__", ""), trace.tb_lineno
        trace = trace.tb_next
    return module, line
