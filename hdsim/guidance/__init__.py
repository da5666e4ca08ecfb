"""Guidance: from a driver's style to the perception programs of a drive.

Style -> description -> policies p1, p2, p3 -> one program per layer, compiled into a ``Schedule``
before the drive, offline from tables or by a language model.
"""
