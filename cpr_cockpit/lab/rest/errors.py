"""The errors of the REST surface in the words of Azure, so that a client's error parser meets what it will meet there.

The texts are those reported in public issues (azure-pipelines-tasks#11384 and #13003, kudu#2834 and others) or known
from Resource Manager.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest.wire import american_utc

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Operation


def missing_api_version() -> ApiError:
    """400: a Resource Manager request without `api-version`."""
    return ApiError(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def unknown_route(path: str) -> ApiError:
    """404: no resource type of the lab has this path."""
    return ApiError(404, "NotFound", f"No resource of the lab answers to the path '{path}'.")


def wrong_method(method: str, path: str) -> ApiError:
    """405: the path exists, the method does not."""
    return ApiError(405, "MethodNotAllowed", f"The method '{method}' is not supported on the path '{path}'.")


def unauthorized(client: str, action: str, scope: str) -> ApiError:
    """403: a right that nobody grants to this client."""
    return ApiError(
        403,
        "AuthorizationFailed",
        f"The client '{client}' with object id '{client}' does not have authorization to perform action '{action}' "
        f"over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials.",
    )


def unknown_subscription(subscription: str) -> ApiError:
    """404: a subscription the caller cannot see."""
    return ApiError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def unknown_group(group: str) -> ApiError:
    """404: a resource group that does not exist."""
    return ApiError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def unknown_resource(kind_and_name: str, group: str) -> ApiError:
    """404: a resource that does not exist; `kind_and_name` is for example `Microsoft.Web/sites/shop`."""
    return ApiError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind_and_name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def invalid_content(reason: str) -> ApiError:
    """400: a body that is no JSON object or lacks a member."""
    return ApiError(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{reason}'.",
    )


def bad_request(message: str) -> ApiError:
    """400 in App Service's own shape."""
    return ApiError(400, "BadRequest", message, wrapped=False)


def not_found(message: str) -> ApiError:
    """404 in App Service's own shape."""
    return ApiError(404, "NotFound", message, wrapped=False)


def operation_in_progress(id: str, name: str, created: str, site: str, slot: str) -> ApiError:
    """409: a change while another long-running operation runs; `created` is a printed UTC time."""
    return ApiError(
        409,
        "Conflict",
        "Cannot modify this site because another operation is in progress. Details: "
        f"Id: {id}, OperationName: {name}, CreatedTime: {created}, RequestId: {id}, EntityType: 3, "
        f"SiteName: {site}, SlotName: {slot}",
        wrapped=False,
    )


def prepared_for_swap() -> ApiError:
    """409: a change to a slot whose swap with preview is neither completed nor undone (azure-cli#27820)."""
    text = "The slot cannot be changed because its configuration settings have been prepared for swap."
    return ApiError(409, "Conflict", text, wrapped=False)


def not_started(app: str, slot: str) -> ApiError:
    """400: the process of `slot` does not run with the settings of the slot it is swapped with."""
    text = f"Cannot swap slots for site '{app}' because the worker process for '{slot}' slot could not be started."
    return bad_request(text)


def in_progress(app: str, running: Operation) -> ApiError:
    """409 for a change to `app` while `running` runs there."""
    created = american_utc(running.accepted_at)
    return operation_in_progress(running.id, running.name, created, app, running.source)
