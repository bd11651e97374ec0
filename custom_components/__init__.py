"""Makes this folder win over the test harness's package of the same name."""
