"""A real Home Assistant, the gateway simulator and a browser, for scripts/ and for the end-to-end tests."""
