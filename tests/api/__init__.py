"""Tests of the gateway's client, which needs no Home Assistant."""
