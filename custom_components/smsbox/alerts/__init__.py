"""Alerts that are told on until somebody takes them."""
