"""Exit codes of the commands that do not end with a run's own decision (those are in `core.run.EXIT_CODES`)."""

BLOCKED = 1
WRONG_USE = 2
UNKNOWN = 3
CONDITIONAL = 4
FAILED = 40
DAMAGED = 50
SIGNAL = 128
