"""How detections are judged, one idea a file; equal to the COCO evaluation. NumPy alone."""
