"""HDSim: human-like traffic for CARLA that finds out where an autopilot fails, and why."""

__version__ = "0.1.0"
