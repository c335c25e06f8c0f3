"""The command line: one module per command. It parses and wires; what a command needs is imported when it runs."""
