"""The roles that the procedure names; a team's own words are as good."""

from __future__ import annotations

ROLES = ("deployment lead", "on-call engineer", "tech lead", "solution owner", "product owner", "operations", "support")
