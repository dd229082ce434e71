"""Cases and helpers that the tests share."""
