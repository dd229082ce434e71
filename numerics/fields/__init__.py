"""The number fields that a pass can run over, one a file."""
