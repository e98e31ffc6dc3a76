"""Channels in which people are told what happens to a run."""
