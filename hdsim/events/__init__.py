"""Detectors: a stream of states to events, and to failures of the ego with a verdict."""
