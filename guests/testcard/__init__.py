"""The test card: a small guest whose picture is known to the pixel, its twin in Python, and how to start it."""
