"""Widgets of the cockpit: each is given its part of the View by ``show``."""
