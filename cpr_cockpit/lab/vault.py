"""Key Vault references: what a setting names, and what the process gets in its place.

Source: Azure documentation, "Use Key Vault references as app settings"; the states of references as App Service's
`config/configreferences/appsettings` tells them. The lab's vault has one secret.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

VAULT, SECRET = "goals-lab", "partner-key"  # the secret's name
REFERENCE = f"@Microsoft.KeyVault(SecretUri=https://{VAULT}.vault.azure.net/secrets/{SECRET})"
_REFERENCE = re.compile(
    r"@Microsoft\.KeyVault\(SecretUri=https://([\w-]+)\.vault\.azure\.net/secrets/([\w-]+)/?\)", re.IGNORECASE
)


class Vault:
    """Its secrets by name; made anew for every lab."""

    def __init__(self) -> None:
        self._secrets = {SECRET: secrets.token_urlsafe(24)}

    def state(self, value: str) -> tuple[str, str, str] | None:
        """Vault, secret and state of the reference that a setting's value is; None where it is none."""
        if not value.lower().startswith("@microsoft.keyvault("):
            return None
        found = _REFERENCE.fullmatch(value)
        if found is None:
            return "", "", "InvalidSyntax"
        vault, name = found.groups()
        if vault.lower() != VAULT:
            return vault, name, "VaultNotFound"
        return vault, name, "Resolved" if name in self._secrets else "SecretNotFound"

    def resolved(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The settings as a process gets them: a reference that does not resolve comes as it is written."""
        found = dict(settings)
        for name, value in settings.items():
            told = self.state(value)
            if told is not None and told[2] == "Resolved":
                found[name] = self._secrets[told[1]]
        return found
