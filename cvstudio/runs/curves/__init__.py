"""Curves of metrics: kept in packed blocks beside the events, read and thinned for display."""
