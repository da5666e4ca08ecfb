"""Driver profiles: YAML to checked values, the three layers and how they evolve, traffic mixes."""
