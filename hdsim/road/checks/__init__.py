"""What is wrong with an OpenDRIVE file, each finding with its line.

Errors are what the builder or the map parser of the ``carla`` client cannot make sense of (the
parser reads a word for a number as 0 and may follow a wrong reference out of bounds); warnings are
what drives badly. Written against ASAM OpenDRIVE 1.4 to 1.8, for what HDSim and CARLA read.
"""

from hdsim.road.checks.findings import Finding, Severity
from hdsim.road.checks.map import check_map, check_xodr

__all__ = ["Finding", "Severity", "check_map", "check_xodr"]
