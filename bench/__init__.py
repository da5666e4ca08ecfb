"""Benchmarks of HDSim: ``python -m bench`` from the top of the checkout."""
