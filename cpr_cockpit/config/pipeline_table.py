"""The table [pipeline]: which pipeline of the team's deploys, where ``deploy = "pipeline"`` is chosen."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

GITHUB, AZURE_DEVOPS = "github", "azure-devops"
PIPELINE_KINDS = (GITHUB, AZURE_DEVOPS)
ADDRESSES = {GITHUB: "https://api.github.com", AZURE_DEVOPS: "https://dev.azure.com"}
PIPELINE_TOKEN = "COCKPIT_PIPELINE_TOKEN"  # noqa: S105  # the variable's name


def _https(value: str) -> str:
    if value and (not value.startswith("https://") or not value.isprintable() or any(sign in value for sign in " ?#@")):
        raise ValueError("is no https address")
    return value.rstrip("/")


class Pipeline(BaseModel):
    """A workflow of GitHub or a pipeline of Azure DevOps. Its token comes from the variable `PIPELINE_TOKEN`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str = Field(pattern=f"^({'|'.join(PIPELINE_KINDS)})$", description=" or ".join(PIPELINE_KINDS))
    address: Annotated[str, AfterValidator(_https)] = Field(
        "", description="the https address of the service's API; without it the public one's"
    )
    project: str = Field(
        pattern=r"^[A-Za-z0-9][\w.-]*/[\w.-]+( [\w.-]+)*$",
        description='"owner/repository" (GitHub) or "organization/project" (Azure DevOps)',
    )
    workflow: str = Field(
        pattern=r"^[\w][\w.-]{0,99}$",
        description="the workflow's file, such as \"deploy.yml\", or the pipeline's number",
    )
    ref: str = Field(
        pattern=r"^[A-Za-z0-9][\w./+-]{0,199}$",
        description="the tag that it runs on, such as v1.3.0, or refs/heads/<branch>",
    )
    artifact: str = Field(
        pattern=r"^\S(.{0,98}\S)?$", description="name of the artifact whose SHA-256 is that of [artifacts] path"
    )

    @property
    def service(self) -> str:
        """The address that is asked."""
        return self.address or ADDRESSES[self.kind]
