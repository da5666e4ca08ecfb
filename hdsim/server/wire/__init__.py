"""CARLA's wire: remote calls and streams as bytes, and the sockets' ends."""
