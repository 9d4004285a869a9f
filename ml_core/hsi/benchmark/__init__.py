"""Every method on every scene, scored by masks that nothing else has seen."""
