"""The SMSBOX gateway, simulated on loopback for development and tests."""
