"""The papers of a run, all of them from its journal: report, plan, and the framework's own file completed."""
