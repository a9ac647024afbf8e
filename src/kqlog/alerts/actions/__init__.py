"""What is told to whom when an alert fires or resolves: action groups, and a module for each kind of receiver."""
