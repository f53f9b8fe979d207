"""Cases, clocks and letters due."""
