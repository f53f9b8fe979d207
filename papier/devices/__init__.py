"""Printer, scanner, watched folder: thin and replaceable. Knows files and programs, never forms or readings."""
