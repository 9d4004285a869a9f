"""The pages, the API and the tables of hyperspectral anomaly detection."""
