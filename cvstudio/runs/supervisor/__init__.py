"""Sees one run through: claims it, starts the trainer, relays its events, passes requests on, records the end."""
