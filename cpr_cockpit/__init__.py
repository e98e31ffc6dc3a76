"""CPR Cockpit: a terminal cockpit for production deployments to Azure App Service."""

__version__ = "0.1.0"
