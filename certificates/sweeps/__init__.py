"""Sweeps over grids of networks: the job, its table and its picture."""
