"""Kilometres of HDSim's drivers among each other, and every collision with what led to it."""
