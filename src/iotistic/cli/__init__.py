"""The command line: one thin module a command, loaded only when it is run."""
