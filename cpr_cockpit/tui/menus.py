"""What can be chosen before words are asked for, and what is asked for then."""

from __future__ import annotations

from cpr_cockpit.tui.messages import Question

_MORE = "more of one"
MENUS = {
    "issue": ("CRITICAL", "HIGH", "MEDIUM", "LOW", _MORE),
    "figure": ("tickets", "adoption", "feedback", "engagement", "conversion"),
}


def asked_after(menu: str, word: str) -> Question:
    """The question for the words after a choice."""
    if menu == "figure":
        how = (
            "what users say, or a number"
            if word == "feedback"
            else "number (12, or 12 % of 340), then where it was read"
        )
        return Question(f"{word}: {how}", "figure", "line", {"kind": word})
    if word == _MORE:
        return Question("Issue: number, then a status, impact: or what was done", "issue", "line")
    return Question(f"{word} issue", "issue", "title", {"severity": word})
