"""Ages and lengths of time in few cells, and numbers as words that do not jump."""

from __future__ import annotations


def age_words(seconds: float) -> str:
    """``12 s``, ``4 min``, ``3 h``: how old something is. A clock a moment ahead of ours makes nothing negative."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


def countdown_words(seconds: float) -> str:
    """``09:41``, ``1:02:03``; past nought ``+03:00``: how long is left, or how long it is over."""
    # Rounded up before nought, so that 00:00 is shown at the deadline and not a second before it.
    whole = -int(seconds // -1) if seconds > 0 else -int(-seconds // 1)
    minutes, rest = divmod(abs(whole), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
    return f"+{text}" if whole < 0 else text
