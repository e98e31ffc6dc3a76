from __future__ import annotations

from tests.azure.conftest import certificate, wire

__all__ = ["certificate", "wire"]
