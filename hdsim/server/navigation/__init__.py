"""The navigation mesh of the client's AI walkers."""
