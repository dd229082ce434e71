"""The trusted checker of certificates."""
