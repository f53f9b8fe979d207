"""papier: a paper-first workflow engine. One sheet of paper goes round a loop; each package is a station."""

__version__ = "0.1.0"
