"""Exact learners: candidates, and boxes and balls that hold one."""
