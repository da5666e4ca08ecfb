"""The embedded CARLA server: speaks CARLA 0.9.16's wire protocol to the unmodified client.

From the bytes inwards: ``msgrpc`` and ``streams`` are the protocol without sockets, ``shapes``
turns wire values into ours (and is where CARLA's left-handed frame and degrees end), ``calls``
is the table of remote calls, ``simulation`` the world they act on (``vehicles``, ``dynamics``,
``collisions``, ``lights``, ``surface``), ``frames`` packs a step into the snapshot message. Sockets
live in ``connections``, ``listening`` and ``server``; ``wakeup`` mends what a client's Traffic
Manager misses; ``wire`` and ``profile`` write down what is sent and where the time goes, when
asked to; ``serve`` is the way in. It simulates traffic and renders nothing.
"""
