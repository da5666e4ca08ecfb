"""The only room that speaks to a CARLA server: session, snapshot to arrays, commands, egos.

Everything here works alike on the embedded server and on a real CARLA; nothing above this room
knows which one it has. CARLA's left-handed frame and degrees end here.
"""
