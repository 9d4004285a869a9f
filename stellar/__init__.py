"""Surveys of M stars: imported, looked through, classified."""
