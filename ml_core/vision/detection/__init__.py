"""Object detection: networks with any backbone, data with boxes, metrics and predictors."""
