"""Sensors that measure what the simulation knows: no picture is drawn for any of them.

``catalogue`` says what there is, ``rack`` holds the sensors of an episode and carries them along;
a module for each kind says what it measures, ``rays`` what a ray hits, ``messages`` how a
measurement looks on the wire. Inside everything is right-handed; the wire is CARLA's.
"""
