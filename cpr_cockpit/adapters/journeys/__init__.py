"""User journeys: HTTP steps with captures and clean-up, or a command; secrets by reference."""
