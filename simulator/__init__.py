"""The SMSBOX gateway, played on loopback for development and tests."""
