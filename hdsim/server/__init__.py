"""The embedded CARLA server: speaks CARLA 0.9.16's wire protocol to the unmodified client.

From the bytes inwards: ``wire`` is the protocol and the sockets' ends (CARLA's left-handed frame
and degrees end in ``wire.shapes``), ``calls`` the table of remote calls, ``simulation`` the world
they act on: ``actors`` says what can be spawned, ``physics`` how it moves and collides, ``lights``
which light concerns whom, ``give_way`` who waits at a sign, ``sensors`` what is measured,
``navigation`` where pedestrians walk, ``recorder`` what is kept for a replay. ``frames`` packs a
step into the snapshot message.
``server`` is the loop over sockets, ``wakeup`` mends what a client's Traffic Manager misses,
``profile`` tells where the time goes, ``serve`` is the way in. It simulates traffic and renders
nothing.
"""
