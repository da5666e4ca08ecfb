"""OpenDRIVE text to a lane graph on arrays, and routes on it.

Shared by ``world`` (what drivers know of the road), ``server`` (spawn points, signal zones) and
``events``. Geometry comes from the map parser of the ``carla`` client library used without a
server, so lanes are exactly those that the Traffic Manager sees; no simulator is touched here.
"""
