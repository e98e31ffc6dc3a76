"""The pure core: facts, rules and decisions, without network, files, clock or screen."""
