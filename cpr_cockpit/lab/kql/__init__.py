"""A subset of the Kusto Query Language, enough for the queries of a deployment; what it lacks it refuses by name."""

from cpr_cockpit.lab.kql.engine import Result, run
from cpr_cockpit.lab.kql.errors import KqlError

__all__ = ["KqlError", "Result", "run"]
