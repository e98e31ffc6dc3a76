"""Release annotations of an Application Insights component, over Resource Manager.

``PUT {component}/Annotations?api-version=2015-05-01`` with Id, AnnotationName, EventTime, Category "Deployment" and
Properties, a JSON text (Azure REST, Application Insights, Annotations - Create; Microsoft Learn, "Release
annotations"). Under an Id that is there it writes the same one. The right that it needs is `RIGHT`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.rights import permissions_at
from cpr_cockpit.core.annotation import RIGHT, Annotation
from cpr_cockpit.core.ports import PlannedRequest, PortError
from cpr_cockpit.core.rights import allows

VERSION = "2015-05-01"
_WRITING, _READING = "Writing the release annotation", "Reading the release annotation"


class AzureAnnotations:
    """The Annotations port; ``component``: its resource id."""

    def __init__(self, manager: Manager, component: str) -> None:
        self._manager = manager
        self._component = component

    async def allowed(self) -> bool:
        """Whether the right is given at the component. PortError."""
        return allows(await permissions_at(self._manager, self._component), RIGHT)

    async def present(self, id: str) -> bool:
        """Whether a GET finds it. PortError."""
        url = self._manager.environment.manager_url(f"{self._component}/Annotations/{id}")
        try:
            await self._manager.get(_READING, url, {"api-version": VERSION})
        except PortError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def write(self, one: Annotation) -> None:
        """Send it, once. PortError; for a refusal with the right that is missing."""
        try:
            await self._manager.change(_WRITING, "PUT", f"{self._component}/Annotations", _body(one), VERSION)
        except PortError as error:
            if error.status == 403:
                raise PortError(
                    f"{_WRITING}: it was refused.",
                    next_step=f"It needs the right {RIGHT} on the component (role Monitoring Contributor).",
                    status=error.status,
                ) from error
            raise

    def planned(self) -> tuple[PlannedRequest, ...]:
        """Its one request, with what is known before T0."""
        url = self._manager.environment.manager_url(f"{self._component}/Annotations?api-version={VERSION}")
        return (PlannedRequest("PUT", url, '{"AnnotationName": "Release ...", "Category": "Deployment", ...}'),)


def _body(one: Annotation) -> dict[str, str]:
    return {
        "Id": one.id,
        "AnnotationName": one.name,
        "EventTime": datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "Category": "Deployment",
        "Properties": json.dumps(one.properties),
    }
