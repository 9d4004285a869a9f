"""The specification's network: `FusionModel` with its encoders and `SICLoss`."""
