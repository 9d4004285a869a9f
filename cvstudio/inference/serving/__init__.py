"""The long-lived part: models stay loaded in the infer worker, requests travel over Redis and are batched."""
