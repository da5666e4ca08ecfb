"""Shared frozen values: state, observation, percept, command, clock, seeds, errors.

Conventions, everywhere inside HDSim: SI units and radians; a right-handed frame with x as in
CARLA and y = -y(CARLA), so yaw is counter-clockwise positive and left is positive. Only ``world``
and the server's codec know CARLA's left-handed frame and degrees. Array shapes use these letters:

* ``n`` actors of the scenario (ego and NPCs; the row order is fixed for a scenario),
* ``D`` HDSim drivers (a subset of the actors), ``K`` object slots of one driver,
* ``P`` points of the path ahead, ``m`` traffic signals of the map.
"""
