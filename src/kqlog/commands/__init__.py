"""The commands of `kqlog`, by what they are for. Each module declares its commands in `declare`."""
