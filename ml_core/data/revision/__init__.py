"""A new version from an old one: corrections by hand, fixes of findings, and what differs between two versions."""
