"""The one error of the query language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the text: `line` from 1, `pos` the column from 0, and the text found there."""

    line: int
    pos: int
    token: str


def at(line: int, pos: int) -> str:
    """Where, as the service writes it behind its sentence."""
    return f" [line:position={line}:{pos}]"


class KqlError(Exception):
    """A query that cannot be run.

    `code` is SYN0002 (not understood) or SEM0100 and its like (understood, but without sense here).
    """

    def __init__(self, code: str, message: str, place: Place | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.place = place

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def unresolved(operator: str, name: str) -> KqlError:
    """A name that is neither column nor variable in `operator`."""
    return KqlError("SEM0100", f"'{operator}' operator: Failed to resolve scalar expression named '{name}'")


def unknown_table(operator: str, name: str) -> KqlError:
    """A name that is neither table nor tabular variable."""
    return KqlError("SEM0100", f"'{operator}' operator: Failed to resolve table or column expression named '{name}'")


def unknown_function(name: str, known: str) -> KqlError:
    """A function this subset does not have."""
    return KqlError("SEM0260", f"Unknown function: '{name}'. The lab knows {known}.")


def wrong_arguments(function: str, text: str) -> KqlError:
    """Arguments a function cannot take."""
    return KqlError("SEM0219", f"{function}(): {text}")


def wrong_types(operator: str, *types: str) -> KqlError:
    """Operand types an operator is not defined for."""
    return KqlError(
        "SEM0064", f"Operator '{operator}' is not defined for types {' and '.join(types)}. Try adding explicit casts"
    )


def unsupported(what: str) -> KqlError:
    """Something the real language has and this subset does not."""
    return KqlError("SEM0001", f"{what} is not supported by the lab's subset of the query language")


def refused(operator: str, text: str) -> KqlError:
    """Something an operator cannot take, in the subset as in the real language."""
    return KqlError("SEM0001", f"'{operator}' operator: {text}")


def misplaced_aggregate(operator: str, function: str) -> KqlError:
    """An aggregate function outside of `summarize`, or inside of another one."""
    return refused(operator, f"the aggregate function '{function}' is not allowed in this context")
