"""Double precision with proved bounds."""
