"""Published experiments, run again with HDSim's drivers."""
