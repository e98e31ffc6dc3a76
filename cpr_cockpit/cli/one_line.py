"""Wrong use, told in one line; and values that argparse would take for options."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from cpr_cockpit.cli.codes import WRONG_USE


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line: whoever mistyped a word does not need all words of the command for it."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(WRONG_USE, f"{self.prog}: {message}. Nothing was changed. See: {self.prog} --help\n")


def with_negatives(words: Sequence[str]) -> list[str]:
    """The words with ``--name -5s`` as ``--name=-5s``: argparse takes a lone ``-5s`` for an option of its own."""
    joined: list[str] = []
    for word in words:
        if joined and re.match(r"-\d", word) and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
