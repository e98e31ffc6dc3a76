"""What a team's own machine reads of the checklists, as a run's folder keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cpr_cockpit.config import Check, Code, GitHub, Sentry


@dataclass(frozen=True, slots=True)
class Declared:
    """Checks and repositories that the team's machine reads before START; ``home``: the folder of ``cockpit.toml``.

    ``tag``: the release's, ``commit``: what its artifact was built from ("": nobody said). ``sentry``: where
    exceptions are tracked, too; None: nowhere.
    """

    checks: tuple[Check, ...] = ()
    code: tuple[Code, ...] = ()
    home: str = "."
    tag: str = ""
    commit: str = ""
    sentry: Sentry | None = None
    github: GitHub = field(default_factory=GitHub)

    def to_dict(self) -> dict[str, Any]:
        """For session.json."""
        # What a table does not say stays unsaid: a command has no status to expect.
        tables = {
            "checks": [one.model_dump(exclude_unset=True) for one in self.checks],
            "code": [one.model_dump(exclude_unset=True) for one in self.code],
        }
        tables["sentry"] = [self.sentry.model_dump()] if self.sentry else []
        github = self.github.model_dump(exclude_unset=True)
        return tables | {"home": self.home, "tag": self.tag, "commit": self.commit, "github": github}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Declared:
        """From session.json; one of an older program declares nothing."""
        return cls(
            tuple(Check.model_validate(one) for one in body.get("checks", ())),
            tuple(Code.model_validate(one) for one in body.get("code", ())),
            str(body.get("home", ".")),
            str(body.get("tag", "")),
            str(body.get("commit", "")),
            next((Sentry.model_validate(one) for one in body.get("sentry", ())), None),
            GitHub.model_validate(body.get("github", {})),
        )
