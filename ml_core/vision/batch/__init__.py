"""Prediction of many images and videos by any predictor, and what is made of the answers."""
