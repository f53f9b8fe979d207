"""Definition → layout → PDF."""
