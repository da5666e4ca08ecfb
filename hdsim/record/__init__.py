"""The run directory: written whole or not at all, read with or without HDSim."""
