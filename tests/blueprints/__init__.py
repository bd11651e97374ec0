"""The blueprints, run in Home Assistant as the automation editor sets them up."""
