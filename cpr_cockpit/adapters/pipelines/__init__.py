"""The team's own pipeline behind its port: a GitHub workflow, or an Azure DevOps pipeline."""
