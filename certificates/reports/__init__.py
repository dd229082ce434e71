"""Reports: record, outline, renderers."""
