# At runtime Home Assistant puts its own engine in the place of voluptuous; this says so to mypy.
from probatio import *
