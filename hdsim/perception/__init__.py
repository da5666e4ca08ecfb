"""Observation to percept: the catalogue of operations, attention, memory, occlusion."""
