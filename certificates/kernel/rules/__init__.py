"""The rules of the kernel, one family of conclusions a file."""
