"""What ``init`` is told; what is not told, it asks where somebody can answer."""

from __future__ import annotations

import argparse

from cpr_cockpit.cli.values import feature_folder, file


def add_init_options(parser: argparse.ArgumentParser) -> None:
    """Each answer is an option too."""
    parser.add_argument(
        "folder",
        nargs="?",
        default=".",
        type=feature_folder,
        metavar="FOLDER",
        help="where to write it (default: here)",
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON schema of cockpit.toml, and do nothing else"
    )
    parser.add_argument(
        "--lab", type=file, metavar="FILE", help="ready file of a running lab: ask that instead of Azure"
    )
    parser.add_argument("--tenant", default="", metavar="ID", help="to sign in to (default: AZURE_TENANT_ID, az's own)")
    parser.add_argument("--subscription", default="", metavar="ID", help="its id or name")
    parser.add_argument("--app", default="", metavar="NAME", help="the app")
    parser.add_argument("--slot", default="", metavar="NAME", help="the slot that is deployed to")
    parser.add_argument(
        "--environment", default="production", metavar="NAME", help="what it is called here (default: production)"
    )
    parser.add_argument("--yes", action="store_true", help="ask nothing: take the first of several, and write")
