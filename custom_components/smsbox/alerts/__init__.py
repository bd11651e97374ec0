"""Alerts that are passed on until somebody acknowledges them."""
