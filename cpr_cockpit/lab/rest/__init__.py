"""The REST surface of the lab: Resource Manager, token endpoint, logs, metrics and Kudu, as their clients see them."""
