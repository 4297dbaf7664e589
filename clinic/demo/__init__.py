"""The whole house on one machine with one command, to look at and to try."""
