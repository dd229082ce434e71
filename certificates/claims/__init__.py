"""Claims, one family of theorems a file: what is proved, and on what it rests."""
