"""The face on a terminal: draws Views and sends commands; it decides nothing."""
