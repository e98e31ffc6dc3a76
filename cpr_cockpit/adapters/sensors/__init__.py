"""Sensors: what of the checklists the machine reads outside Azure: certificates, git, commands, addresses."""
