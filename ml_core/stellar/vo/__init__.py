"""Images and spectra from services of the Virtual Observatory and of SDSS: polite, resumable, distrustful."""
