"""M stars from spectrum and image: catalogues, SDSS spectra, composites, and their surveys. Knows no Django."""
