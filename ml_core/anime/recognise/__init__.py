"""From descriptions to names: a metric, prototypes, calibrated confidence, and what is nobody known."""
