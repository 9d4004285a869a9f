"""Writes a data set version in the layout of another program: one format a module; what is lost is named."""
