"""The papers of a deployment, written from the journal."""
