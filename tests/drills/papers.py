"""What a run has left behind, read without the cockpit's own code: journal rows and the tables of the report."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

Told = tuple[str, list[tuple[str, str, str]]]


def journal(folder: Path) -> list[dict[str, Any]]:
    """The journal's events as the JSON lines show them."""
    with closing(sqlite3.connect(f"{(folder / 'journal.db').as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT seq, at, body, hash FROM events ORDER BY seq").fetchall()
    return [{"seq": seq, "at": at, **json.loads(body), "hash": digest} for seq, at, body, digest in rows]


def missing(printed: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Printed event lines that the journal does not hold, to the letter."""
    kept = {event["seq"]: event for event in journal(folder)}
    return [line for line in printed if kept.get(line["seq"]) != line]


def _table(report: Path, heading: str) -> list[dict[str, str]]:
    """The rows of the first table under a heading, by the names of its columns."""
    section = report.read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    header, *rows = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return [dict(zip(header, row, strict=True)) for row in rows if "---" not in row[0]]


def steps(report: str | Path) -> list[tuple[str, str, str]]:
    """Title, way and result of every step of the report."""
    return [(row["Step"], row["Way"], row["Result"]) for row in _table(Path(report), "Steps")]


def moments(report: str | Path) -> list[str]:
    """The event column of the report's timeline."""
    return [row["Event"] for row in _table(Path(report), "Deployment Timeline")]


def status_line(report: str | Path) -> str:
    """What the report says of the deployment's end."""
    lines = Path(report).read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith("**Deployment Status**"))


def told(report: str | Path) -> Told:
    """What the report of a run tells, beside its times."""
    return status_line(report), steps(report)


def everything(folder: Path) -> bytes:
    """All bytes of all files that the run has left behind, but for those of its lab."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("lab."))
    return b"".join(path.read_bytes() for path in files if "lab" not in path.relative_to(folder).parts)


def change_a_byte(path: Path, inside: bytes) -> None:
    """Change one byte in the middle of a text that the file holds."""
    data = bytearray(path.read_bytes())
    at = data.index(inside) + len(inside) // 2
    data[at] ^= 1
    path.write_bytes(data)
