"""Power series along curves of weights, and curves of descent."""
