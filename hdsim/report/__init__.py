"""Recorded runs to tables and pictures; never a simulator."""
