"""Commands: options, output, exit codes. One module a command."""
