"""The pen-and-scanner simulator: fills printed sheets with real handwriting, then prints and scans them.

Everything it makes is SIMULATED and must be told so wherever it is shown. Tests, benchmarks and the demonstration use
it; the installed program does not contain it and never imports it. All randomness comes in as a
`numpy.random.Generator`: the same seed gives the same scans, byte for byte, with the same versions of the libraries.
"""
