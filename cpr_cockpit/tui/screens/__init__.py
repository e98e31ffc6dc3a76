"""Screens of the cockpit: one module and one style sheet each."""
