"""One outside system each, behind a port of the core."""
