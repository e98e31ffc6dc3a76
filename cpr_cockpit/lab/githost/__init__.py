"""Rooms of the Git host: the git program, seeded repositories, pull requests, checks, and how they are told."""
