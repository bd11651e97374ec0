"""Tests with real processes: Home Assistant, the simulator, a browser."""
