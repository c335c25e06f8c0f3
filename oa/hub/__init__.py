"""What the hub can do, one transaction each. It asks the domain what holds and the store what is; it knows no HTTP."""
