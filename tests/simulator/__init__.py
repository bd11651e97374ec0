"""Tests of the gateway that is played on loopback."""
