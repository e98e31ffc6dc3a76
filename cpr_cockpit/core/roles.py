"""Roles that take part in a deployment, those that approve it included; a team's own words are as good."""

from __future__ import annotations

ROLES = ("deployment lead", "on-call engineer", "tech lead", "solution owner", "operations", "support")
