"""`python -m papier`, which a service runs: it needs no program on the PATH."""

from papier.cli.main import main

main()
