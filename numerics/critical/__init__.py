"""The search for critical points, and the boxes that hold them."""
