"""Small worlds for tests: hand-made roads, scripted traffic, a scripted language model."""
